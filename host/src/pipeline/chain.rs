//! The plugins on the event path: all filters in the operator's order, then all
//! enrichers. An event that one filter drops is not shown to the next plugin.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::artifacts::Act;
use crate::events::{Annotation, Event, EventSource, Fields, SeenEvent};
use crate::plugins::{Change, Hook, OnError, Plugin, PluginLane};

/// The plugins of a run that have a filter or an enricher, started.
pub struct Chain {
    links: Vec<Link>,
    runtime: Handle,
}

/// One of them.
struct Link {
    plugin: Arc<Plugin>,
    name: Arc<str>,
    /// What is entered where its filter hides an event from the sinks it is for.
    hides: Arc<Act>,
    /// What is entered where its enricher left the notes that it last left: mostly all its
    /// notes have the same keys.
    notes: Arc<Act>,
    lane: PluginLane,
}

/// What filters decided about one event.
#[derive(Debug, Default, Clone)]
pub(super) struct Fate {
    /// The filter that dropped it.
    pub(super) dropped_by: Option<Arc<str>>,
    /// The sinks it is hidden from.
    pub(super) hidden_from: Vec<Arc<str>>,
    /// Its text is not Ansible's any more.
    pub(super) has_new_text: bool,
    /// A plugin that must not fail has failed on it.
    pub(super) aborted_by: Option<Arc<str>>,
    /// What plugins did to it.
    pub(super) acts: Vec<Arc<Act>>,
}

impl Chain {
    /// `lanes` in the operator's order; plugin calls are driven on `runtime`.
    pub fn new(lanes: Vec<(Arc<Plugin>, PluginLane)>, runtime: Handle) -> Self {
        let links = lanes.into_iter().map(|(plugin, lane)| Link::new(plugin, lane)).collect();
        Self { links, runtime }
    }

    /// Whether events pass by unseen.
    pub(super) fn is_empty(&self) -> bool {
        self.links
            .iter()
            .all(|link| !link.plugin.hooks().event_filter && !link.plugin.hooks().event_enricher)
    }

    /// Whether an enricher may change what the terminal shows, so that it has to wait.
    pub(super) fn may_change_text(&self) -> bool {
        self.links.iter().any(|link| link.plugin.wants_stdout_on_path())
    }

    /// Shows a batch to every plugin and applies what they say.
    pub(super) fn apply(&mut self, events: &mut [Event]) -> Vec<Fate> {
        let fields = Fields::of_events(events);
        let mut fates = vec![Fate::default(); events.len()];
        let mut kept: Vec<usize> = (0..events.len()).collect();
        for link in &mut self.links {
            if link.plugin.hooks().event_filter {
                link.filter(&self.runtime, events, &fields, &mut fates, &mut kept);
            }
        }
        for link in &mut self.links {
            if link.plugin.hooks().event_enricher && !kept.is_empty() {
                link.enrich(&self.runtime, events, &fields, &mut fates, &kept);
            }
        }
        fates
    }

    /// Tells every plugin that the run is over.
    pub fn into_lanes(self) -> Vec<(Arc<Plugin>, PluginLane)> {
        self.links.into_iter().map(|link| (link.plugin, link.lane)).collect()
    }
}

impl Link {
    fn new(plugin: Arc<Plugin>, lane: PluginLane) -> Self {
        let name = Arc::<str>::from(plugin.name().as_str());
        let hid_from = plugin.only_for().iter().map(|sink| sink.as_str().into()).collect();
        let hides = Act { plugin: Arc::clone(&name), hid_from, ..Act::default() };
        let notes = Act { plugin: Arc::clone(&name), ..Act::default() };
        Self { plugin, name, hides: Arc::new(hides), notes: Arc::new(notes), lane }
    }

    fn filter(
        &mut self,
        runtime: &Handle,
        events: &mut [Event],
        fields: &[Fields],
        fates: &mut [Fate],
        kept: &mut Vec<usize>,
    ) {
        let verdicts = runtime.block_on(self.lane.keep(&seen(events, fields, kept)));
        for &place in &verdicts.failed {
            self.mark_failed(&mut events[kept[place]], &mut fates[kept[place]], Hook::EventFilter);
        }
        let mut place = 0;
        kept.retain(|&index| {
            let keep = verdicts.keep[place];
            place += 1;
            if keep {
                return true;
            }
            let fate = &mut fates[index];
            if self.hides.hid_from.is_empty() {
                fate.dropped_by = Some(Arc::clone(&self.name));
                return false;
            }
            fate.acts.push(Arc::clone(&self.hides));
            for sink in &self.hides.hid_from {
                if !fate.hidden_from.contains(sink) {
                    fate.hidden_from.push(Arc::clone(sink));
                }
            }
            true
        });
    }

    fn enrich(
        &mut self,
        runtime: &Handle,
        events: &mut [Event],
        fields: &[Fields],
        fates: &mut [Fate],
        kept: &[usize],
    ) {
        let enriched = runtime.block_on(self.lane.enrich(&seen(events, fields, kept)));
        for (place, change) in enriched.changes {
            let index = kept[place];
            self.apply_change(&mut events[index], &mut fates[index], change);
        }
        for place in enriched.failed {
            self.mark_failed(
                &mut events[kept[place]],
                &mut fates[kept[place]],
                Hook::EventEnricher,
            );
        }
    }

    fn apply_change(&mut self, event: &mut Event, fate: &mut Fate, change: Change) {
        if !self.notes.notes.iter().eq(change.notes.iter().map(|(key, _)| key)) {
            let notes = change.notes.iter().map(|(key, _)| key.clone()).collect();
            let plugin = Arc::clone(&self.name);
            self.notes = Arc::new(Act { plugin, notes, ..Act::default() });
        }
        let mut act = Arc::clone(&self.notes);
        event.annotations.extend(change.notes.into_iter().map(|(key, value)| Annotation {
            plugin: Arc::clone(&self.name),
            key,
            value,
        }));
        if let Some(data) = change.data {
            let before = event.data().map_or(0, str::len);
            if let EventSource::Callback { replaced_data, .. } = &mut event.source {
                Arc::make_mut(&mut act).data = Some((before, data.len()));
                *replaced_data = Some(data);
            }
        }
        if let Some(text) = change.stdout {
            let before = event.stdout.len();
            replace_text(event, fate, &text);
            Arc::make_mut(&mut act).stdout = Some((before, event.stdout.len()));
        }
        fate.acts.push(act);
    }

    /// The event goes on with a mark; without its content where the plugin was there to
    /// hide something.
    fn mark_failed(&self, event: &mut Event, fate: &mut Fate, hook: Hook) {
        let name = &self.name;
        match self.plugin.on_error(hook) {
            OnError::Continue => {}
            OnError::Abort => fate.aborted_by = Some(Arc::clone(name)),
            OnError::Withhold => {
                if let EventSource::Callback { replaced_data, .. } = &mut event.source {
                    *replaced_data = Some("{}".to_owned());
                }
                if !event.stdout.is_empty() {
                    let text = format!("[withheld: {name} failed, see plugins/{name}/log]");
                    replace_text(event, fate, &text);
                }
            }
        }
        let act = Act { plugin: Arc::clone(name), failed: true, ..Act::default() };
        fate.acts.push(Arc::new(act));
        if !event.failed.iter().any(|failed| **failed == **name) {
            event.failed.push(name.to_string());
        }
    }
}

fn seen<'a>(events: &'a [Event], fields: &'a [Fields], kept: &[usize]) -> Vec<SeenEvent<'a>> {
    kept.iter()
        .map(|&index| SeenEvent { event: &events[index], fields: &fields[index], json: None })
        .collect()
}

fn replace_text(event: &mut Event, fate: &mut Fate, text: &str) {
    text.trim_end_matches(['\r', '\n']).clone_into(&mut event.stdout);
    event.lines =
        if event.stdout.is_empty() { 0 } else { event.stdout.matches('\n').count() as u64 + 1 };
    fate.has_new_text = true;
}
