//! The calls on the event path: `prepare`, `keep` and `enrich`. Whatever a plugin does,
//! each event of a batch comes out with an answer or with none, and the run goes on.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::batch::{BatchParts, annotations};
use super::bindings::exports::playhouse::plugin::{event_enricher, pre_run};
use super::instance::{Budget, Lost};
use super::limits::Work;
use super::log::LogLevel;
use super::{Change, Edit, Enriched, Hook, PluginLane, PrepareError, Verdicts};
use crate::events::SeenEvent;

/// Bytes of a note's key.
const LONGEST_KEY: usize = 64;

/// What a plugin said of one event: of a filter `keep`, of an enricher `change`.
#[derive(Debug, Clone)]
struct Answer {
    keep: bool,
    change: Option<Box<Change>>,
}

/// An event that the plugin is not asked about.
const UNASKED: Answer = Answer { keep: true, change: None };

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
            Ok(Ok(edits)) => {
                edits.into_iter().map(our_edit).collect::<Result<_, _>>().map_err(failed)
            }
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
        let answers = self.answers(Hook::EventFilter, batch).await;
        let keep: Vec<bool> =
            answers.iter().map(|answer| answer.as_ref().is_none_or(|answer| answer.keep)).collect();
        self.stats.dropped += keep.iter().filter(|&&keep| !keep).count() as u64;
        Verdicts { keep, failed: unanswered(&answers) }
    }

    /// Asks the enricher for its changes.
    pub async fn enrich(&mut self, batch: &[SeenEvent<'_>]) -> Enriched {
        let answers = self.answers(Hook::EventEnricher, batch).await;
        let failed = unanswered(&answers);
        let changes: Vec<(usize, Change)> = answers
            .into_iter()
            .enumerate()
            .filter_map(|(index, answer)| Some((index, *answer?.change?)))
            .collect();
        self.stats.changed += changes.len() as u64;
        Enriched { changes, failed }
    }

    /// One answer an event; none where the plugin should have given one and did not.
    async fn answers(&mut self, hook: Hook, batch: &[SeenEvent<'_>]) -> Vec<Option<Answer>> {
        let mut answers = vec![Some(UNASKED); batch.len()];
        let asked: Vec<usize> =
            (0..batch.len()).filter(|&index| self.plugin.subscribes(hook, &batch[index])).collect();
        let mut rest = &asked[..];
        while !rest.is_empty() {
            if self.is_over_path_budget() {
                break;
            }
            match self.ask(hook, batch, rest).await {
                Ok(given) => {
                    for (&index, answer) in rest.iter().zip(given) {
                        answers[index] = Some(answer);
                    }
                    return answers;
                }
                Err(Trouble::Lost(lost @ Lost::Trap(_))) => {
                    self.count_failure(lost.reason());
                    let done = self.ask_one_by_one(hook, batch, rest, &mut answers).await;
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
    async fn ask_one_by_one(
        &mut self,
        hook: Hook,
        batch: &[SeenEvent<'_>],
        asked: &[usize],
        answers: &mut [Option<Answer>],
    ) -> usize {
        for (done, &index) in asked.iter().enumerate() {
            if self.is_over_path_budget() {
                return done;
            }
            match self.ask(hook, batch, &[index]).await {
                Ok(given) => answers[index] = given.into_iter().next(),
                Err(Trouble::Lost(Lost::Trap(reason))) => {
                    answers[index] = None;
                    self.set_aside(batch[index].event.counter, hook, &reason);
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
    async fn ask(
        &mut self,
        hook: Hook,
        batch: &[SeenEvent<'_>],
        asked: &[usize],
    ) -> Result<Vec<Answer>, Trouble> {
        let seen: Vec<SeenEvent<'_>> = asked.iter().map(|&index| batch[index]).collect();
        let mut instance = self.take_instance().await.ok_or(Trouble::Ended)?;
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Path(seen.len()), limits.call);
        let started = Instant::now();
        let notes = annotations(&seen);
        let parts = BatchParts::new(&seen, &notes, self.plugin.texts(hook));
        self.stats.events_in += seen.len() as u64;
        if hook == Hook::EventFilter {
            let result = instance.keep(budget, parts.batch()).await;
            let keep = self.after_call(instance, started, result).map_err(Trouble::Lost)?;
            return verdicts(&keep, seen.len()).map_err(Trouble::Nonsense);
        }
        let result = instance.enrich(budget, parts.batch()).await;
        let changes = self.after_call(instance, started, result).map_err(Trouble::Lost)?;
        self.changes(changes, &seen).map_err(Trouble::Nonsense)
    }

    /// Puts an enricher's changes in the order of the events. A part that is malformed is
    /// dropped and said; the rest of the change holds.
    fn changes(
        &mut self,
        changes: Vec<event_enricher::Change>,
        seen: &[SeenEvent<'_>],
    ) -> Result<Vec<Answer>, String> {
        let mut answers = vec![UNASKED; seen.len()];
        // Changes mostly come in the order of the events.
        let mut next = 0;
        for change in changes {
            let counter = change.counter;
            let mut places = (next..seen.len()).chain(0..next);
            let Some(place) = places.find(|&place| seen[place].event.counter == counter) else {
                return Err(format!("changed event {counter} in enrich, which it was not shown"));
            };
            next = place + 1;
            if answers[place].change.is_some() {
                return Err(format!("changed event {counter} twice in one enrich"));
            }
            let mut malformed = Vec::new();
            answers[place].change = Some(Box::new(our_change(change, &mut malformed)));
            self.stats.malformed += malformed.len() as u64;
            for reason in malformed {
                let message = format!("event {counter}: {reason}; that part was dropped");
                self.log.write(LogLevel::Warn, &message, &[]);
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
        let written = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
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

fn unanswered(answers: &[Option<Answer>]) -> Vec<usize> {
    (0..answers.len()).filter(|&index| answers[index].is_none()).collect()
}

fn verdicts(keep: &[bool], asked: usize) -> Result<Vec<Answer>, String> {
    if keep.len() != asked {
        return Err(format!("gave {} answers about {asked} events in keep", keep.len()));
    }
    Ok(keep.iter().map(|&keep| Answer { keep, change: None }).collect())
}

fn our_edit(edit: pre_run::Edit) -> Result<Edit, String> {
    let parsed = |assignment: &pre_run::Assignment| -> Result<Value, String> {
        serde_json::from_str(&assignment.value).map_err(|error| {
            format!("its value for `{}` is not one JSON value: {error}", assignment.path)
        })
    };
    Ok(match edit {
        pre_run::Edit::Set(assignment) => Edit::Set {
            value: parsed(&assignment)?,
            path: assignment.path,
            reason: assignment.reason,
        },
        pre_run::Edit::Append(assignment) => Edit::Append {
            value: parsed(&assignment)?,
            path: assignment.path,
            reason: assignment.reason,
        },
        pre_run::Edit::Unset(path) => Edit::Unset { path },
    })
}

fn our_change(change: event_enricher::Change, malformed: &mut Vec<String>) -> Change {
    let mut notes: Vec<(String, String)> = Vec::new();
    for event_enricher::Note { key, value } in change.notes {
        if !is_note_key(&key) {
            malformed.push(format!(
                "the note's key `{}` is not 1 to 64 letters, digits, `.`, `_` and `-`",
                key.escape_debug()
            ));
        } else if notes.iter().any(|(known, _)| *known == key) {
            malformed.push(format!("the note `{key}` is there twice"));
        } else if let Err(error) = check_json(&value) {
            malformed.push(format!("the note `{key}` is not one JSON value: {error}"));
        } else {
            notes.push((key, trimmed(value)));
        }
    }
    let data =
        change.data.and_then(|data| match serde_json::from_str::<Map<String, Value>>(&data) {
            Ok(_) => Some(trimmed(data)),
            Err(error) => {
                malformed.push(format!("the new data is not one JSON object: {error}"));
                None
            }
        });
    Change { notes, data, stdout: change.stdout }
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

    #[test]
    fn as_many_verdicts_as_events() {
        assert!(verdicts(&[true, false], 2).is_ok());
        assert!(verdicts(&[true], 2).unwrap_err().contains("1 answers about 2 events"));
    }

    #[test]
    fn an_edit_carries_one_json_value() {
        let assignment = |value: &str| pre_run::Assignment {
            path: "/limit".into(),
            value: value.into(),
            reason: "r".into(),
        };
        let edit = our_edit(pre_run::Edit::Set(assignment("\"web*\""))).unwrap();
        let expected =
            Edit::Set { path: "/limit".into(), value: "web*".into(), reason: "r".into() };
        assert_eq!(edit, expected);
        assert!(
            our_edit(pre_run::Edit::Append(assignment("web*"))).unwrap_err().contains("`/limit`")
        );
    }
}
