//! `playhouse explain`: what plugins did to one event.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::printer;
use crate::artifacts::{Act, EventReader, JournalReader, RunRecord, What, read_cursor};
use crate::input::PrivateDataDir;
use crate::{RunError, exit_code};

/// Says what each plugin did to one event of a run: who dropped it, hid it, changed it or
/// failed on it, and which sinks took it. Sizes are bytes before and after; texts are not
/// kept.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// The run
    ident: String,

    /// The event's counter, as `playhouse events` shows it
    counter: u64,

    /// Where run folders are [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// One JSON object
    #[arg(short, long)]
    json: bool,
}

/// The exit code.
pub(super) fn explain(args: &ExplainArgs) -> i32 {
    match find(args) {
        Ok(Some(found)) => {
            if args.json {
                printer::print_json(&found.to_json().to_string());
            } else {
                found.lines().iter().for_each(|line| printer::print(line));
            }
            0
        }
        Ok(None) => {
            printer::error(&format!(
                "the run `{}` has no event {}; `playhouse events` shows which there are",
                args.ident, args.counter
            ));
            exit_code::INPUT
        }
        Err(error) => {
            printer::error(&error.to_string());
            exit_code::INPUT
        }
    }
}

/// An event and its way.
struct Explained {
    counter: u64,
    /// None where a filter dropped it: then there is no file of it.
    event: Option<Value>,
    dropped_by: Vec<Arc<str>>,
    acts: Vec<Arc<Act>>,
    /// By sink, what became of it there.
    sinks: Vec<(String, String)>,
}

fn find(args: &ExplainArgs) -> Result<Option<Explained>, RunError> {
    let directory = PrivateDataDir::open(&args.private_data_dir)?;
    let root = args.artifact_dir.clone().unwrap_or_else(|| directory.path().join("artifacts"));
    let record = RunRecord::find(&root, &args.ident)?;
    let artifact_dir = &record.artifact_dir;
    let mut journal = JournalReader::open(artifact_dir)?;
    while let Some(entry) = journal.next_entry()? {
        match entry.what {
            What::Dropped { dropped, by } if dropped == args.counter => {
                return Ok(Some(Explained {
                    counter: dropped,
                    event: None,
                    dropped_by: by,
                    acts: Vec::new(),
                    sinks: Vec::new(),
                }));
            }
            What::Event { event, uuid, at, not_for, acts } if event == args.counter => {
                let json = EventReader::new(artifact_dir).read(event, &uuid, at)?;
                return Ok(Some(Explained {
                    counter: event,
                    event: Some(serde_json::from_str(&json).unwrap_or_default()),
                    dropped_by: Vec::new(),
                    acts,
                    sinks: sinks(artifact_dir, entry.n, event, &not_for),
                }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// What became of the event of an entry at each sink of the run.
fn sinks(
    artifact_dir: &Path,
    entry: u64,
    counter: u64,
    not_for: &[Arc<str>],
) -> Vec<(String, String)> {
    let Ok(folders) = fs::read_dir(artifact_dir.join("plugins")) else { return Vec::new() };
    let mut sinks: Vec<(String, String)> = folders
        .flatten()
        .filter_map(|folder| {
            let path = folder.path();
            let cursor = read_cursor(&path)?;
            let name = folder.file_name().to_string_lossy().into_owned();
            let fate = if not_for.iter().any(|hidden| **hidden == *name) {
                "was not shown it".to_owned()
            } else if let Some(reason) = set_aside(&path, counter) {
                format!("set it aside: {reason}")
            } else if cursor.n >= entry {
                "is past it: took it, or had not asked for it".to_owned()
            } else {
                "has not taken it yet".to_owned()
            };
            Some((name, fate))
        })
        .collect();
    sinks.sort();
    sinks
}

/// Why a sink will never take the event, if it said so.
fn set_aside(folder: &Path, counter: u64) -> Option<String> {
    let lines = fs::read_to_string(folder.join("set-aside.jsonl")).ok()?;
    let what = format!("event {counter}");
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["what"] == what.as_str())
        .map(|line| line["reason"].as_str().unwrap_or_default().to_owned())
}

impl Explained {
    fn lines(&self) -> Vec<String> {
        let mut head = format!("event {}", self.counter);
        if let Some(event) = &self.event {
            let data = &event["event_data"];
            for value in [&event["event"], &data["host"], &data["task"]] {
                if let Some(text) = value.as_str() {
                    head.push_str("  ");
                    head.push_str(text);
                }
            }
        }
        let mut lines = vec![head];
        lines.extend(self.dropped_by.iter().map(|plugin| format!("  {plugin}: dropped it")));
        lines.extend(self.acts.iter().map(|act| format!("  {}: {}", act.plugin, in_words(act))));
        lines.extend(self.sinks.iter().map(|(sink, fate)| format!("  {sink}: {fate}")));
        if lines.len() == 1 {
            lines.push("  no plugin had anything to do with it".to_owned());
        }
        lines
    }

    fn to_json(&self) -> Value {
        let sinks: serde_json::Map<String, Value> =
            self.sinks.iter().map(|(sink, fate)| (sink.clone(), json!(fate))).collect();
        json!({
            "counter": self.counter,
            "event": self.event.as_ref().map(|event| &event["event"]),
            "dropped_by": self.dropped_by,
            "acts": self.acts,
            "sinks": sinks,
        })
    }
}

fn in_words(act: &Act) -> String {
    let mut words = Vec::new();
    if act.failed {
        words.push("failed on it".to_owned());
    }
    if !act.hid_from.is_empty() {
        words.push(format!("hid it from {}", act.hid_from.join(", ")));
    }
    if !act.notes.is_empty() {
        words.push(format!("left the notes {}", act.notes.join(", ")));
    }
    for (what, sizes) in [("event_data", act.data), ("its text", act.stdout)] {
        if let Some((before, after)) = sizes {
            words.push(format!("replaced {what}, {before} bytes by {after}"));
        }
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_told_without_its_text() {
        let act = Act {
            plugin: "redact".into(),
            notes: vec!["a".into(), "b".into()],
            stdout: Some((120, 9)),
            ..Act::default()
        };
        assert_eq!(in_words(&act), "left the notes a, b; replaced its text, 120 bytes by 9");
    }
}
