//! `playhouse plugin test`: a component over a recorded run, held against a snapshot of what
//! it did and what it asked of the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::subject::SubjectArgs;
use crate::artifacts::{ArtifactError, event_texts};
use crate::cli::{printer, run};
use crate::exit_code;
use crate::input::RunSpec;
use crate::pipeline::Observer;
use crate::plugins::{HostCall, Rehearsal};
use crate::{PluginSummary, RunError};

/// Lines of a difference that are shown.
const SHOWN: usize = 12;

/// Runs a component over the events and statuses of a recorded run, and compares what it
/// did with a snapshot: which events it dropped, what it changed, what it asked of the host.
/// The host answers from the snapshot; clock and random numbers are always the same. With
/// `--update` the world answers, and the snapshot is written. There are no secrets in it,
/// and none are needed: a text that stands for it is given to the plugin in place of each.
#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// The component, a `.wasm` file
    component: PathBuf,

    /// A run's artifacts
    #[arg(long, value_name = "DIR")]
    events: PathBuf,

    /// What it should do, a JSON file
    #[arg(long, value_name = "FILE")]
    snapshot: PathBuf,

    /// Write the snapshot in place of comparing
    #[arg(long)]
    update: bool,

    #[command(flatten)]
    subject: SubjectArgs,
}

/// What a plugin did.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Snapshot {
    /// Counters of events that it dropped.
    dropped: Vec<u64>,
    /// By counter, the members of events that are not what they were.
    changed: BTreeMap<u64, Map<String, Value>>,
    /// Statuses and events that its sinks took.
    delivered: (u64, u64),
    /// The secrets that it was given; older snapshots do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secrets: Option<BTreeSet<String>>,
    /// What it asked of the host, with the answers.
    calls: Vec<HostCall>,
}

#[derive(Debug, thiserror::Error)]
enum TestError {
    #[error("`{0}` is not the folder of a run's artifacts; name one with `job_events/` in it")]
    NoArtifacts(PathBuf),
    #[error("there is no snapshot `{0}`; `--update` writes it")]
    NoSnapshot(PathBuf),
    #[error("the snapshot `{path}` cannot be read: {reason}", path = .0.display(), reason = .1)]
    BadSnapshot(PathBuf, String),
    #[error("the snapshot `{path}` cannot be written: {reason}", path = .0.display(), reason = .1)]
    Write(PathBuf, io::Error),
    #[error("the plugin failed: {0}")]
    Failed(String),
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Does it; the exit code.
pub(super) fn test(args: &TestArgs) -> i32 {
    match compare(args) {
        Ok(None) => 0,
        Ok(Some(difference)) => {
            for line in &difference {
                printer::print(line);
            }
            printer::error(&format!(
                "the plugin does not do what `{}` says; if it is right, write that with `--update`",
                args.snapshot.display()
            ));
            exit_code::INPUT
        }
        Err(error) => {
            printer::error(&error.to_string());
            match error {
                TestError::Run(error) => error.exit_code(),
                _ => exit_code::INPUT,
            }
        }
    }
}

/// The lines that differ; none where there are none.
fn compare(args: &TestArgs) -> Result<Option<Vec<String>>, TestError> {
    let path = &args.snapshot;
    let expected: Option<Snapshot> = if args.update {
        None
    } else {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(TestError::NoSnapshot(path.clone()));
            }
            read => {
                read.map_err(|error| TestError::BadSnapshot(path.clone(), error.to_string()))?
            }
        };
        let parsed = serde_json::from_slice(&bytes);
        Some(parsed.map_err(|error| TestError::BadSnapshot(path.clone(), error.to_string()))?)
    };
    let rehearsal = Arc::new(match &expected {
        Some(Snapshot { calls, secrets, .. }) => {
            Rehearsal::replaying(calls.clone(), secrets.clone().unwrap_or_default())
        }
        None => Rehearsal::recording(),
    });
    let now = rehearse(args, &rehearsal)?;
    let shown = pretty(&now);
    // One from before may have secrets in it.
    let expected = expected.map(|mut expected| {
        expected.secrets = expected.secrets.or_else(|| now.secrets.clone());
        expected.masked(&rehearsal)
    });
    match expected {
        None => {
            fs::write(path, shown + "\n").map_err(|error| TestError::Write(path.clone(), error))?;
            printer::say(&format!("`{}` is written: {}", path.display(), summary(&now)));
            Ok(None)
        }
        Some(expected) if expected == now => {
            printer::say(&format!("as `{}` says: {}", path.display(), summary(&now)));
            Ok(None)
        }
        Some(expected) => Ok(Some(difference(&pretty(&expected), &shown))),
    }
}

fn rehearse(args: &TestArgs, rehearsal: &Arc<Rehearsal>) -> Result<Snapshot, TestError> {
    let no_artifacts = || TestError::NoArtifacts(args.events.clone());
    let folder = args.events.canonicalize().map_err(|_| no_artifacts())?;
    let recorded = recorded(&folder)?;
    let (Some(root), Some(ident)) = (folder.parent(), folder.file_name()) else {
        return Err(no_artifacts());
    };
    if recorded.is_empty() {
        return Err(no_artifacts());
    }
    let spec = RunSpec {
        private_data_dir: PathBuf::from("."),
        artifact_dir: Some(root.to_owned()),
        plugins: args.subject.flags(&args.component, "tested"),
        ..RunSpec::default()
    };
    let mut kept = Kept(BTreeMap::new());
    let ident = ident.to_string_lossy();
    let outcome = run::with_playhouse(|playhouse| {
        playhouse.rehearse(&spec, &ident, Arc::clone(rehearsal), &mut kept)
    })?;
    if let Some(error) = outcome.error {
        return Err(error.into());
    }
    let plugin = outcome.plugins.first();
    if let Some(trouble) = plugin.and_then(failure) {
        return Err(TestError::Failed(trouble));
    }
    let delivery = plugin.and_then(|plugin| plugin.delivery.as_ref());
    let snapshot = Snapshot {
        dropped: recorded.keys().filter(|counter| !kept.0.contains_key(counter)).copied().collect(),
        changed: kept
            .0
            .iter()
            .filter_map(|(counter, event)| {
                let changed = changed_members(recorded.get(counter)?, event);
                (!changed.is_empty()).then_some((*counter, changed))
            })
            .collect(),
        delivered: delivery.map_or((0, 0), |delivery| (delivery.statuses, delivery.events)),
        secrets: Some(rehearsal.given()),
        calls: rehearsal.heard(),
    };
    Ok(snapshot.masked(rehearsal))
}

impl Snapshot {
    /// The same without what is secret in it.
    fn masked(mut self, rehearsal: &Rehearsal) -> Self {
        for value in self.changed.values_mut().flat_map(Map::values_mut) {
            rehearsal.hide_in_value(value);
        }
        self.calls = rehearsal.masked(self.calls);
        self
    }
}

/// Traps and overruns. That a sink has something left is what the snapshot is about.
fn failure(plugin: &PluginSummary) -> Option<String> {
    (plugin.stats.failures > 0).then(|| plugin.trouble.clone().unwrap_or_default())
}

fn recorded(folder: &Path) -> Result<BTreeMap<u64, Value>, ArtifactError> {
    let mut events = BTreeMap::new();
    for text in event_texts(folder)? {
        let event: Value = serde_json::from_str(&text?).unwrap_or_default();
        if let Some(counter) = event["counter"].as_u64() {
            events.insert(counter, event);
        }
    }
    Ok(events)
}

/// What of an event is new. Lines are counted anew in a replay.
fn changed_members(before: &Value, after: &Value) -> Map<String, Value> {
    let Value::Object(after) = after else { return Map::new() };
    after
        .iter()
        .filter(|(key, value)| {
            !matches!(key.as_str(), "start_line" | "end_line") && before.get(key) != Some(value)
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn pretty(snapshot: &Snapshot) -> String {
    serde_json::to_string_pretty(snapshot).expect("a snapshot has text keys")
}

fn summary(snapshot: &Snapshot) -> String {
    format!(
        "{} events dropped, {} changed, {} statuses and {} events delivered, {} calls of the host",
        snapshot.dropped.len(),
        snapshot.changed.len(),
        snapshot.delivered.0,
        snapshot.delivered.1,
        snapshot.calls.len()
    )
}

/// What lies between the lines that both begin and end with.
fn difference(expected: &str, now: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), now.lines().collect());
    let same_head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same_head;
    let pairs = old.iter().rev().zip(new.iter().rev());
    let same_tail = pairs.take(rest).take_while(|(old, new)| old == new).count();
    let cut = |sign: char, lines: &[&str]| -> Vec<String> {
        let lines = &lines[same_head..lines.len() - same_tail];
        let mut shown: Vec<String> =
            lines.iter().take(SHOWN).map(|line| format!("{sign} {line}")).collect();
        if lines.len() > SHOWN {
            shown.push(format!("{sign} … and {} lines more", lines.len() - SHOWN));
        }
        shown
    };
    [cut('-', &old), cut('+', &new)].concat()
}

/// The events that come out, by counter.
struct Kept(BTreeMap<u64, Value>);

impl Observer for Kept {
    fn show(&mut self, text: &str) {
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).unwrap_or_default();
            if let Some(counter) = event["counter"].as_u64() {
                self.0.insert(counter, event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_lies_between() {
        assert_eq!(difference("a\nb\nc", "a\nx\ny\nc"), ["- b", "+ x", "+ y"]);
        assert_eq!(difference("a", "a\na"), ["+ a"]);
        assert_eq!(difference("a\nb", "a\nb"), Vec::<String>::new());
    }
}
