//! Events as they cross: borrowed from ours, with what they share once a batch.

use std::sync::Arc;

use super::bindings::playhouse::plugin::types::{Annotation, Batch, Event, Outcome, Scope};
use super::metadata::EventText;
use crate::events::{EventOutcome, Scope as EventScope, SeenEvent};

/// Which of the costly texts a hook gets, and how large they may be.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EventTexts {
    pub(super) stdout: bool,
    pub(super) data: bool,
    pub(super) json: bool,
    /// Bytes of all three of one event.
    pub(super) limit: usize,
}

impl EventTexts {
    /// `json` is for sinks only: on the path there is none yet.
    pub(super) fn new(asked: &[EventText], is_sink: bool, limit: usize) -> Self {
        Self {
            stdout: asked.contains(&EventText::Stdout),
            data: asked.contains(&EventText::Data),
            json: is_sink && asked.contains(&EventText::Json),
            limit,
        }
    }
}

/// The parts of a batch that its own form borrows.
pub(super) struct BatchParts<'a> {
    scopes: Vec<Scope<'a>>,
    events: Vec<Event<'a>>,
}

/// The annotations of each event; [`BatchParts`] borrow them.
pub(super) fn annotations<'a>(batch: &[SeenEvent<'a>]) -> Vec<Vec<Annotation<'a>>> {
    batch
        .iter()
        .map(|seen| {
            seen.event
                .annotations
                .iter()
                .map(|note| Annotation { plugin: &note.plugin, key: &note.key, value: &note.value })
                .collect()
        })
        .collect()
}

impl<'a> BatchParts<'a> {
    pub(super) fn new(
        batch: &[SeenEvent<'a>],
        annotations: &'a [Vec<Annotation<'a>>],
        texts: EventTexts,
    ) -> Self {
        let mut scopes = Scopes::default();
        let events = batch
            .iter()
            .zip(annotations)
            .map(|(seen, annotations)| {
                event(seen, scopes.index(&seen.fields.scope), annotations, texts)
            })
            .collect();
        Self { scopes: scopes.list.into_iter().map(|shared| scope(shared)).collect(), events }
    }

    pub(super) fn batch(&self) -> Batch<'_> {
        Batch { scopes: &self.scopes, events: &self.events }
    }
}

/// The scopes of a batch, each once.
#[derive(Default)]
struct Scopes<'a> {
    list: Vec<&'a Arc<EventScope>>,
}

impl<'a> Scopes<'a> {
    /// Events of one task mostly stand together, so the last ones are looked at first.
    fn index(&mut self, scope: &'a Arc<EventScope>) -> u32 {
        let known = self.list.iter().rposition(|&known| known == scope);
        let index = known.unwrap_or_else(|| {
            self.list.push(scope);
            self.list.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }
}

fn scope(scope: &EventScope) -> Scope<'_> {
    Scope {
        playbook: scope.playbook.as_deref(),
        play: scope.play.as_deref(),
        play_uuid: scope.play_uuid.as_deref(),
        role: scope.role.as_deref(),
        task: scope.task.as_deref(),
        task_uuid: scope.task_uuid.as_deref(),
        action: scope.action.as_deref(),
        path: scope.path.as_deref(),
        ext: &[],
    }
}

fn event<'a>(
    seen: &SeenEvent<'a>,
    scope: u32,
    annotations: &'a [Annotation<'a>],
    texts: EventTexts,
) -> Event<'a> {
    let stdout = texts.stdout.then_some(seen.event.stdout.as_str());
    let data = texts.data.then(|| seen.event.data()).flatten();
    let json = texts.json.then_some(seen.json).flatten();
    let bytes = [stdout, data, json].into_iter().flatten().map(str::len).sum::<usize>();
    let oversize = (bytes > texts.limit).then_some(bytes as u64);
    let fits = |text: Option<&'a str>| text.filter(|_| oversize.is_none());
    Event {
        counter: seen.event.counter,
        uuid: &seen.event.uuid,
        name: &seen.event.name,
        created: seen.fields.created,
        scope,
        host: seen.fields.host.as_deref(),
        outcome: seen.fields.outcome.map(Outcome::from),
        changed: seen.fields.changed,
        ignored: seen.fields.ignored,
        duration: seen.fields.duration,
        stdout: fits(stdout),
        data: fits(data),
        json: fits(json),
        oversize,
        annotations,
        ext: &[],
    }
}

impl From<EventOutcome> for Outcome {
    fn from(outcome: EventOutcome) -> Self {
        match outcome {
            EventOutcome::Ok => Self::Ok,
            EventOutcome::Failed => Self::Failed,
            EventOutcome::Skipped => Self::Skipped,
            EventOutcome::Unreachable => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Event as OurEvent, EventSource, Fields};

    fn our_event(counter: u64, task: &str) -> OurEvent {
        let record = format!(
            r#"{{"event": "runner_on_ok", "created": "2026-11-23T19:08:51+00:00", "event_data": {{"task": "{task}", "host": "web{counter}"}}}}"#
        );
        OurEvent {
            counter,
            uuid: format!("u-{counter}"),
            name: "runner_on_ok".into(),
            stdout: "ok".into(),
            lines: 1,
            start_line: 0,
            source: EventSource::of_record(&record),
            annotations: Vec::new(),
            failed: Vec::new(),
        }
    }

    #[test]
    fn events_of_one_task_share_a_scope() {
        let events = [our_event(1, "a"), our_event(2, "a"), our_event(3, "b"), our_event(4, "a")];
        let fields = Fields::of_events(&events);
        let seen = SeenEvent::of_events(&events, &fields);
        let annotations = annotations(&seen);
        let parts = BatchParts::new(&seen, &annotations, EventTexts::default());
        let scopes: Vec<u32> = parts.events.iter().map(|event| event.scope).collect();
        assert_eq!(scopes, [0, 0, 1, 0]);
        assert_eq!(parts.scopes.len(), 2);
        assert_eq!(parts.scopes[1].task, Some("b"));
        assert!(parts.events.iter().all(|event| event.stdout.is_none() && event.data.is_none()));
    }

    #[test]
    fn texts_cross_when_asked_for_and_together_within_the_limit() {
        let event_ = our_event(1, "a");
        let fields = event_.fields();
        let seen = SeenEvent { event: &event_, fields: &fields, json: Some("{}") };
        let asked = [EventText::Stdout, EventText::Data, EventText::Json];
        let texts = EventTexts::new(&asked, true, 1000);
        let crossing = event(&seen, 0, &[], texts);
        assert_eq!((crossing.stdout, crossing.json), (Some("ok"), Some("{}")));
        let size = 4 + crossing.data.unwrap().len();
        let crossing = event(&seen, 0, &[], EventTexts { limit: size - 1, ..texts });
        assert_eq!((crossing.stdout, crossing.data, crossing.json), (None, None, None));
        assert_eq!(crossing.oversize, Some(size as u64));
        let on_path = event(&seen, 0, &[], EventTexts::new(&asked, false, 1000));
        assert_eq!(on_path.json, None);
    }
}
