//! The loop that takes segments from the queue and sends them on their way.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::Observer;
use super::chain::{Chain, Fate};
use super::queue::{Popped, Queue, size};
use crate::artifacts::{ArtifactDir, ArtifactError, What};
use crate::events::{Event, HostStats, Segment};
use crate::exec::Cancel;
use crate::input::OutputForm;
use crate::secrets::Secrets;
use crate::visible::with_colours;

/// A batch for plugins leaves with this many segments or bytes, or this long after its
/// first: people do not see 20 ms.
const MOST_SEGMENTS: usize = 256;
const MOST_BYTES: usize = 4 << 20;
const LINGER: Duration = Duration::from_millis(20);

/// What sinks know of the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogState {
    /// The last entry that can be read.
    pub last: u64,
    /// Set when no more entries will come: until when sinks may go on.
    pub ended: Option<Instant>,
}

/// One run's events on their way from the queue to the disk.
pub struct Pipeline<'run> {
    /// Where they go.
    pub artifacts: &'run mut ArtifactDir,
    /// Whom they pass.
    pub chain: Chain,
    /// Who hears of them.
    pub observer: &'run mut dyn Observer,
    /// Whether it is shown text.
    pub shows: bool,
    /// Where text goes as well.
    pub stdout: Option<File>,
    /// What text is.
    pub form: OutputForm,
    /// Tells sinks how far the journal is.
    pub log: &'run watch::Sender<LogState>,
    /// Stops the run where a plugin asks for it by failing.
    pub cancel: &'run Cancel,
    /// What is hidden wherever it stands.
    pub secrets: Secrets,
}

/// What is known when the last event has passed.
pub struct PipelineEnd {
    /// The plugins, to be told that the run is over.
    pub chain: Chain,
    /// The play recap; none where Ansible did not come that far.
    pub stats: Option<BTreeMap<String, HostStats>>,
    /// Events in the run, dropped ones among them.
    pub events: u64,
    /// The first thing that could not be written. The run went on without it.
    pub artifact_error: Option<ArtifactError>,
    /// The plugin whose failure stopped the run.
    pub aborted_by: Option<String>,
}

/// The loop's own notes.
#[derive(Default)]
struct Progress {
    /// Waits for a plugin that may change text: with `-j`, for the filters.
    holds_text: bool,
    /// To be shown.
    text: String,
    /// What of it plugins wrote.
    of_plugins: Vec<Range<usize>>,
    pending: Vec<Segment>,
    pending_bytes: usize,
    due: Option<Instant>,
    next_line: u64,
    stats: Option<BTreeMap<String, HostStats>>,
    events: u64,
    artifact_error: Option<ArtifactError>,
    aborted_by: Option<String>,
}

impl Pipeline<'_> {
    /// Takes segments until the queue is closed.
    pub fn run(mut self, queue: &Queue) -> PipelineEnd {
        let batches = !self.chain.is_empty();
        let holds_text = self.chain.may_change_text() || self.form == OutputForm::JsonLines;
        let mut progress = Progress { holds_text, ..Progress::default() };
        loop {
            let popped = queue.pop(progress.due);
            let is_closed = matches!(popped, Popped::Closed);
            if let Popped::Segments(segments) = popped {
                for segment in segments {
                    self.take(segment, &mut progress);
                }
                if !batches {
                    self.process(&mut progress);
                }
            } else {
                self.process(&mut progress);
            }
            self.show(&mut progress);
            if is_closed {
                break;
            }
        }
        PipelineEnd {
            chain: self.chain,
            stats: progress.stats,
            events: progress.events,
            artifact_error: progress.artifact_error,
            aborted_by: progress.aborted_by,
        }
    }

    fn take(&mut self, segment: Segment, progress: &mut Progress) {
        match &segment {
            Segment::Event(event) => {
                if let Some(stats) = HostStats::of_event(event) {
                    progress.stats = Some(stats);
                }
                if !progress.holds_text {
                    push_text(event, &mut progress.text);
                }
            }
            Segment::Line { rest, .. } if !progress.holds_text => progress.text.push_str(rest),
            Segment::Line { .. } => {}
            Segment::Unfinished(text) => {
                // A prompt: shown at once, behind what came before it.
                self.process(progress);
                if self.form == OutputForm::Text {
                    progress.text.push_str(text);
                }
                return;
            }
        }
        progress.pending_bytes += size(&segment);
        progress.pending.push(segment);
        progress.due.get_or_insert_with(|| Instant::now() + LINGER);
        if progress.pending.len() >= MOST_SEGMENTS || progress.pending_bytes >= MOST_BYTES {
            self.process(progress);
        }
    }

    /// Sends on what is pending.
    fn process(&mut self, progress: &mut Progress) {
        progress.due = None;
        progress.pending_bytes = 0;
        let pending = std::mem::take(&mut progress.pending);
        if pending.is_empty() {
            return;
        }
        let (mut events, rests): (Vec<Event>, Vec<Option<String>>) = pending
            .into_iter()
            .filter_map(|segment| match segment {
                Segment::Event(event) => Some((event, None)),
                Segment::Line { event, rest } => Some((event, Some(rest))),
                Segment::Unfinished(_) => None,
            })
            .unzip();
        let fates = if self.chain.is_empty() {
            vec![Fate::default(); events.len()]
        } else {
            self.chain.apply(&mut events)
        };
        if self.secrets.are_in_ansibles_words() {
            for event in &mut events {
                event.hide(&self.secrets);
            }
        }
        for ((event, rest), fate) in events.iter_mut().zip(rests).zip(&fates) {
            event.start_line = progress.next_line;
            progress.next_line = event.end_line();
            progress.events += 1;
            if progress.holds_text && self.form == OutputForm::Text {
                let from = progress.text.len();
                match rest {
                    Some(rest) if !fate.has_new_text => progress.text.push_str(&rest),
                    _ => push_text(event, &mut progress.text),
                }
                if fate.has_new_text {
                    progress.of_plugins.push(from..progress.text.len());
                }
            }
            if let Some(plugin) = &fate.aborted_by
                && progress.aborted_by.is_none()
            {
                progress.aborted_by = Some(plugin.to_string());
                self.cancel.cancel();
            }
        }
        self.write(&events, fates, progress);
        match self.artifacts.journal.flush() {
            Ok(last) => self.log.send_modify(|state| state.last = last),
            Err(error) => note(progress, error),
        }
    }

    /// Writes what was not dropped and enters all of it, in its order.
    fn write(&mut self, events: &[Event], fates: Vec<Fate>, progress: &mut Progress) {
        let is_kept = |(_, fate): &(&Event, &Fate)| fate.dropped_by.is_none();
        let kept = events.iter().zip(&fates).filter(is_kept).map(|(event, _)| event);
        let mut results = self.artifacts.write_events(kept).into_iter();
        for (event, fate) in events.iter().zip(fates) {
            if let Some(plugin) = fate.dropped_by {
                let (dropped, by) = (event.counter, vec![plugin]);
                self.artifacts.journal.push(What::Dropped { dropped, by });
                continue;
            }
            match results.next() {
                Some(Ok(written)) => {
                    if self.form == OutputForm::JsonLines {
                        progress.text.push_str(self.artifacts.json(&written));
                        progress.text.push('\n');
                    }
                    self.artifacts.enter(event, &written, fate.hidden_from, fate.acts);
                    self.observer.event(event);
                }
                Some(Err(error)) => note(progress, error),
                None => {}
            }
        }
    }

    /// Shows the text that has come together, on the terminal and in `stdout`.
    fn show(&mut self, progress: &mut Progress) {
        if progress.text.is_empty() {
            return;
        }
        let mut text = std::mem::take(&mut progress.text);
        let mut of_plugins = std::mem::take(&mut progress.of_plugins);
        if self.secrets.are_in_ansibles_words() {
            hide(&mut text, &mut of_plugins, &self.secrets);
        }
        if self.shows {
            if of_plugins.is_empty() {
                self.observer.show(&text);
            } else {
                self.observer.show(&harmless(&text, &of_plugins));
            }
        }
        if let Some(file) = &mut self.stdout
            && let Err(source) = file.write_all(text.as_bytes())
        {
            let path = self.artifacts.path().join("stdout");
            note(progress, ArtifactError::Write { path, source });
        }
    }
}

/// Hides the secrets of plugins in a text, of which `parts` stay what they were.
fn hide(text: &mut String, parts: &mut [Range<usize>], secrets: &Secrets) {
    let mut hidden = String::with_capacity(text.len());
    let mut at = 0;
    for part in parts {
        hidden.push_str(&secrets.hide_in_ansibles_text(&text[at..part.start]));
        let start = hidden.len();
        hidden.push_str(&secrets.hide_in_ansibles_text(&text[part.clone()]));
        at = part.end;
        *part = start..hidden.len();
    }
    hidden.push_str(&secrets.hide_in_ansibles_text(&text[at..]));
    *text = hidden;
}

/// The text for a terminal: Ansible's as it is, and of what plugins wrote the colours.
fn harmless(text: &str, of_plugins: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for part in of_plugins {
        shown.push_str(&text[at..part.start]);
        shown.push_str(&with_colours(&text[part.clone()]));
        at = part.end;
    }
    shown.push_str(&text[at..]);
    shown
}

/// Keeps the first failure: the others follow from it, as a rule.
fn note(progress: &mut Progress, error: ArtifactError) {
    progress.artifact_error.get_or_insert(error);
}

/// As Ansible Runner shows it: lines end with CR LF inside the text and LF behind it.
fn push_text(event: &Event, text: &mut String) {
    if !event.stdout.is_empty() {
        text.push_str(&event.stdout);
        text.push('\n');
    }
}
