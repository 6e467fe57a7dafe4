//! The calls on the event path: `prepare`, `keep` and `enrich`. Whatever a plugin does,
//! each event of a batch comes out with an answer or with none, and the run goes on.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::batch::{BatchParts, annotations};
use super::bindings::exports::playhouse::plugin::{event_enricher, pre_run};
use super::bindings::playhouse::plugin::types::Batch;
use super::edits::our_edits;
use super::growth::Growth;
use super::instance::{Budget, Instance, Lost};
use super::limits::Work;
use super::log::LogLevel;
use super::{Change, Edit, Enriched, Hook, PluginLane, PrepareError, Verdicts};
use crate::events::SeenEvent;
use crate::own_file::open_own;

/// Bytes of a note's key.
const LONGEST_KEY: usize = 64;

/// A hook that is asked about batches of events.
trait BatchHook {
    const HOOK: Hook;

    /// What the guest gives for a batch.
    type Given;

    /// What it says of one event.
    type Answer: Clone;

    /// Of an event that it is not asked about.
    const UNASKED: Self::Answer;

    async fn call(
        instance: &mut Instance,
        budget: Budget,
        batch: Batch<'_>,
    ) -> Result<Self::Given, Lost>;

    /// Puts what was given in the order of the events; none for an event whose answer
    /// cannot be taken. A part that is malformed is dropped and said; an error is the whole
    /// of it.
    fn answers(
        given: Self::Given,
        seen: &[SeenEvent<'_>],
        growth: &mut Growth,
        malformed: &mut Vec<String>,
    ) -> Result<Vec<Option<Self::Answer>>, String>;
}

/// Whether the event goes on.
struct Filter;

impl BatchHook for Filter {
    const HOOK: Hook = Hook::EventFilter;
    type Given = Vec<bool>;
    type Answer = bool;
    const UNASKED: bool = true;

    async fn call(
        instance: &mut Instance,
        budget: Budget,
        batch: Batch<'_>,
    ) -> Result<Vec<bool>, Lost> {
        instance.keep(budget, batch).await
    }

    fn answers(
        keep: Vec<bool>,
        seen: &[SeenEvent<'_>],
        _growth: &mut Growth,
        _malformed: &mut Vec<String>,
    ) -> Result<Vec<Option<bool>>, String> {
        if keep.len() != seen.len() {
            return Err(format!("gave {} answers about {} events in keep", keep.len(), seen.len()));
        }
        Ok(keep.into_iter().map(Some).collect())
    }
}

/// What becomes of the event, if anything.
struct Enricher;

impl BatchHook for Enricher {
    const HOOK: Hook = Hook::EventEnricher;
    type Given = Vec<event_enricher::Change>;
    type Answer = Option<Change>;
    const UNASKED: Option<Change> = None;

    async fn call(
        instance: &mut Instance,
        budget: Budget,
        batch: Batch<'_>,
    ) -> Result<Vec<event_enricher::Change>, Lost> {
        instance.enrich(budget, batch).await
    }

    fn answers(
        changes: Vec<event_enricher::Change>,
        seen: &[SeenEvent<'_>],
        growth: &mut Growth,
        malformed: &mut Vec<String>,
    ) -> Result<Vec<Option<Self::Answer>>, String> {
        let mut answers = vec![Some(None); seen.len()];
        let mut is_changed = vec![false; seen.len()];
        // Changes mostly come in the order of the events.
        let mut next = 0;
        for change in changes {
            let counter = change.counter;
            let mut places = (next..seen.len()).chain(0..next);
            let Some(place) = places.find(|&place| seen[place].event.counter == counter) else {
                return Err(format!("changed event {counter} in enrich, which it was not shown"));
            };
            next = place + 1;
            if std::mem::replace(&mut is_changed[place], true) {
                return Err(format!("changed event {counter} twice in one enrich"));
            }
            answers[place] = if growth.takes(&change, &seen[place])? {
                Some(Some(our_change(change, malformed)))
            } else {
                None
            };
        }
        Ok(answers)
    }
}

/// Why a batch has no answers.
enum Trouble {
    /// The instance is gone.
    Lost(Lost),
    /// It answered, and the answer makes no sense.
    Nonsense(String),
    /// There is no instance and will be none.
    Ended,
}

impl PluginLane {
    /// Shows the run to the pre-run hook. `view` is JSON text.
    pub async fn prepare(&mut self, view: &str) -> Result<Vec<Edit>, PrepareError> {
        let plugin = self.plugin.name().to_string();
        let failed = |reason: String| PrepareError::Failed { plugin: plugin.clone(), reason };
        let Some(mut instance) = self.take_instance().await else {
            return Err(failed(self.trouble().unwrap_or_default().to_owned()));
        };
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Once, limits.prepare);
        let started = Instant::now();
        let result = instance.prepare(budget, view).await;
        match self.after_call(instance, started, result) {
            Ok(Ok(edits)) => our_edits(edits).map_err(failed),
            Ok(Err(pre_run::PrepareError::Refused(refusal))) => {
                Err(PrepareError::Refused { plugin, reason: refusal.reason })
            }
            Ok(Err(pre_run::PrepareError::Failed(reason))) => Err(failed(reason)),
            Err(lost) => {
                self.count_failure(lost.reason());
                Err(failed(lost.reason().to_owned()))
            }
        }
    }

    /// Asks the filter which events go on.
    pub async fn keep(&mut self, batch: &[SeenEvent<'_>]) -> Verdicts {
        let answers = self.answers::<Filter>(batch).await;
        let keep: Vec<bool> = answers.iter().map(|answer| answer.unwrap_or(true)).collect();
        self.stats.dropped += keep.iter().filter(|&&keep| !keep).count() as u64;
        Verdicts { keep, failed: unanswered(&answers) }
    }

    /// Asks the enricher for its changes.
    pub async fn enrich(&mut self, batch: &[SeenEvent<'_>]) -> Enriched {
        let answers = self.answers::<Enricher>(batch).await;
        let failed = unanswered(&answers);
        let changes: Vec<(usize, Change)> = answers
            .into_iter()
            .enumerate()
            .filter_map(|(index, answer)| Some((index, answer??)))
            .collect();
        self.stats.changed += changes.len() as u64;
        Enriched { changes, failed }
    }

    /// One answer an event; none where the plugin should have given one and did not.
    async fn answers<H: BatchHook>(&mut self, batch: &[SeenEvent<'_>]) -> Vec<Option<H::Answer>> {
        let mut answers = vec![Some(H::UNASKED); batch.len()];
        let asked: Vec<usize> = (0..batch.len())
            .filter(|&index| self.plugin.subscribes(H::HOOK, &batch[index]))
            .collect();
        let mut rest = &asked[..];
        while !rest.is_empty() {
            if self.is_over_path_budget() {
                break;
            }
            match self.ask::<H>(batch, rest).await {
                Ok(given) => {
                    for (&index, answer) in rest.iter().zip(given) {
                        answers[index] = answer;
                    }
                    return answers;
                }
                Err(Trouble::Lost(lost @ Lost::Trap(_))) => {
                    self.count_failure(lost.reason());
                    let done = self.ask_one_by_one::<H>(batch, rest, &mut answers).await;
                    rest = &rest[done..];
                }
                Err(Trouble::Lost(Lost::Overrun(reason)) | Trouble::Nonsense(reason)) => {
                    self.count_failure(&reason);
                    break;
                }
                Err(Trouble::Ended) => break,
            }
        }
        for &index in rest {
            answers[index] = None;
        }
        answers
    }

    /// After a trap: finds the event that a new instance dies on too, and sets that aside.
    /// Gives how many events are done with; all if none kills alone. The second death is
    /// part of the first failure.
    async fn ask_one_by_one<H: BatchHook>(
        &mut self,
        batch: &[SeenEvent<'_>],
        asked: &[usize],
        answers: &mut [Option<H::Answer>],
    ) -> usize {
        for (done, &index) in asked.iter().enumerate() {
            if self.is_over_path_budget() {
                return done;
            }
            match self.ask::<H>(batch, &[index]).await {
                Ok(given) => answers[index] = given.into_iter().next().flatten(),
                Err(Trouble::Lost(Lost::Trap(reason))) => {
                    answers[index] = None;
                    self.set_aside(batch[index].event.counter, H::HOOK, &reason);
                    return done + 1;
                }
                Err(Trouble::Lost(Lost::Overrun(reason)) | Trouble::Nonsense(reason)) => {
                    self.count_failure(&reason);
                    answers[index] = None;
                    return done + 1;
                }
                Err(Trouble::Ended) => return done,
            }
        }
        asked.len()
    }

    /// Asks once about the events of `batch` that `asked` names.
    async fn ask<H: BatchHook>(
        &mut self,
        batch: &[SeenEvent<'_>],
        asked: &[usize],
    ) -> Result<Vec<Option<H::Answer>>, Trouble> {
        let seen: Vec<SeenEvent<'_>> = asked.iter().map(|&index| batch[index]).collect();
        let mut instance = self.take_instance().await.ok_or(Trouble::Ended)?;
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Path(seen.len()), limits.call);
        let started = Instant::now();
        let notes = annotations(&seen);
        let parts = BatchParts::new(&seen, &notes, self.plugin.texts(H::HOOK));
        self.stats.events_in += seen.len() as u64;
        let result = H::call(&mut instance, budget, parts.batch()).await;
        let given = self.after_call(instance, started, result).map_err(Trouble::Lost)?;
        let mut malformed = Vec::new();
        let mut growth = self.growth;
        let answers = H::answers(given, &seen, &mut growth, &mut malformed);
        self.stats.malformed += malformed.len() as u64;
        for reason in malformed {
            self.log.write(LogLevel::Warn, &format!("{reason}; that part was dropped"), &[]);
        }
        let answers = answers.map_err(Trouble::Nonsense)?;
        self.growth = growth;
        let refused = unanswered(&answers).len();
        if refused > 0 {
            self.stats.malformed += refused as u64;
            if let Some(complaint) = self.growth.complaint() {
                self.log.write_ours(LogLevel::Warn, &complaint);
            }
        }
        Ok(answers)
    }

    /// Records an event that no instance survives.
    fn set_aside(&mut self, counter: u64, hook: Hook, reason: &str) {
        self.stats.set_aside += 1;
        let record = serde_json::json!({
            "what": format!("event {counter}"),
            "hook": hook.as_str(),
            "reason": reason,
        });
        let path = self.context.folder.join("set-aside.jsonl");
        let mut options = OpenOptions::new();
        let written = open_own(options.append(true).create(true).mode(0o600), &path)
            .and_then(|mut file| file.write_all(format!("{record}\n").as_bytes()));
        let said = match written {
            Ok(()) => format!("event {counter} is set aside: {reason}"),
            Err(error) => format!(
                "event {counter} is set aside and `{}` cannot be written ({error}): {reason}",
                path.display()
            ),
        };
        self.log.write_ours(LogLevel::Error, &said);
    }
}

fn unanswered<A>(answers: &[Option<A>]) -> Vec<usize> {
    (0..answers.len()).filter(|&index| answers[index].is_none()).collect()
}

fn our_change(change: event_enricher::Change, malformed: &mut Vec<String>) -> Change {
    let counter = change.counter;
    let mut notes = change.notes;
    let mut good = 0;
    for index in 0..notes.len() {
        match check_note(&notes[index], &notes[..good]) {
            Ok(()) => {
                notes.swap(good, index);
                good += 1;
            }
            Err(reason) => malformed.push(format!("event {counter}: {reason}")),
        }
    }
    notes.truncate(good);
    let data =
        change.data.and_then(|data| match serde_json::from_str::<Map<String, Value>>(&data) {
            Ok(_) => Some(trimmed(data)),
            Err(error) => {
                let what = "the new data is not one JSON object";
                malformed.push(format!("event {counter}: {what}: {error}"));
                None
            }
        });
    // In the same memory: there are as many notes as events, and more.
    let notes = notes.into_iter().map(|note| (note.key, trimmed(note.value))).collect();
    Change { notes, data, stdout: change.stdout }
}

/// Says why a note cannot stand beside the ones before it.
fn check_note(note: &event_enricher::Note, before: &[event_enricher::Note]) -> Result<(), String> {
    let key = &note.key;
    if !is_note_key(key) {
        let key = key.escape_debug();
        return Err(format!(
            "the note's key `{key}` is not 1 to 64 letters, digits, `.`, `_` and `-`"
        ));
    }
    if before.iter().any(|known| known.key == *key) {
        return Err(format!("the note `{key}` is there twice"));
    }
    check_json(&note.value)
        .map_err(|error| format!("the note `{key}` is not one JSON value: {error}"))
}

/// Whether a text is one JSON value. A `Value` has a limit to how deep it is, and whoever
/// reads the event later too; of a string, which most notes are, it would make a copy.
fn check_json(text: &str) -> serde_json::Result<()> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    if text.starts_with('"') {
        serde_json::from_str::<Text<'_>>(text).map(|Text(text)| drop(text))
    } else {
        serde_json::from_str::<Value>(text).map(drop)
    }
}

fn trimmed(text: String) -> String {
    let trimmed = text.trim();
    if trimmed.len() == text.len() { text } else { trimmed.to_owned() }
}

fn is_note_key(key: &str) -> bool {
    (1..=LONGEST_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Event, EventSource, Fields};

    #[test]
    fn malformed_parts_of_a_change_are_dropped_one_by_one() {
        let note =
            |key: &str, value: &str| event_enricher::Note { key: key.into(), value: value.into() };
        let change = event_enricher::Change {
            counter: 1,
            notes: vec![
                note("good", " {\"a\": 1} "),
                note("bad key", "1"),
                note(&"k".repeat(65), "1"),
                note("half", "{"),
                note("two", "1 2"),
                note("good", "2"),
                note("text", "\"caf\\u00e9\" "),
                note("half-character", "\"\\ud800\""),
                note("two-texts", "\"a\" \"b\""),
                note("deep", &"[".repeat(500)),
                note("large", "1e999"),
            ],
            data: Some("[1]".into()),
            stdout: Some("text".into()),
            ext: Vec::new(),
        };
        let mut malformed = Vec::new();
        let change = our_change(change, &mut malformed);
        let notes: Vec<(&str, &str)> =
            change.notes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(notes, [("good", "{\"a\": 1}"), ("text", "\"caf\\u00e9\"")]);
        assert_eq!((change.data, change.stdout.as_deref()), (None, Some("text")));
        assert_eq!(malformed.len(), 10, "{malformed:#?}");
    }

    fn two_events() -> [Event; 2] {
        [1, 2].map(|counter| Event {
            counter,
            uuid: "u".into(),
            name: "verbose".into(),
            stdout: String::new(),
            lines: 0,
            start_line: 0,
            source: EventSource::of_record("{}"),
            annotations: Vec::new(),
            failed: Vec::new(),
        })
    }

    #[test]
    fn as_many_verdicts_as_events() {
        let events = two_events();
        let fields = Fields::of_events(&events);
        let seen = SeenEvent::of_events(&events, &fields);
        let answers = |keep: &[bool]| {
            Filter::answers(keep.to_vec(), &seen, &mut Growth::new(0), &mut Vec::new())
        };
        assert_eq!(answers(&[true, false]), Ok(vec![Some(true), Some(false)]));
        assert!(answers(&[true]).unwrap_err().contains("1 answers about 2 events"));
    }
}
