//! What a run left on disk, read as a user would: the result, the events by counter,
//! and the tree in short.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::failure::Failure;

/// How many entries of a large folder the tree shows.
const SHOWN_FILES: usize = 3;

/// The artifacts of one run.
#[derive(Debug)]
pub(crate) struct Artifacts {
    /// `successful`
    pub(crate) status: String,
    /// `0`
    pub(crate) rc: String,
    /// The files of `job_events/`, in order of their counters.
    pub(crate) events: Vec<Value>,
    /// The folder as a drawing.
    pub(crate) tree: String,
}

impl Artifacts {
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let text = |name: &str| {
            let path = folder.join(name);
            fs::read_to_string(&path).map_err(|error| {
                Failure::new(format!("the run left no readable `{}`: {error}", path.display()))
            })
        };
        let mut events = Vec::new();
        for name in names(&folder.join("job_events")) {
            let path = format!("job_events/{name}");
            events.push(serde_json::from_str(&text(&path)?).map_err(|error| {
                Failure::new(format!("the event `{path}` is not JSON: {error}"))
            })?);
        }
        events.sort_by_key(counter);
        let mut tree = String::new();
        draw(folder, "", &mut tree);
        Ok(Self { status: text("status")?, rc: text("rc")?, events, tree })
    }

    /// What is wrong with them, if anything is.
    pub(crate) fn complaint(&self) -> Option<String> {
        if (self.status.as_str(), self.rc.as_str()) != ("successful", "0") {
            return Some(format!("`status` says {} and `rc` says {}", self.status, self.rc));
        }
        let gap = (1..).zip(&self.events).find(|(number, event)| counter(event) != *number);
        if let Some((number, _)) = gap {
            return Some(format!("`job_events` has no event {number}"));
        }
        let last = self.events.last().map(name).unwrap_or_default();
        (last != "playbook_on_stats")
            .then(|| format!("the last event is `{last}`, not `playbook_on_stats`"))
    }
}

/// Its number, counted from 1; 0 if it has none.
pub(crate) fn counter(event: &Value) -> u64 {
    event["counter"].as_u64().unwrap_or(0)
}

/// `runner_on_ok`
pub(crate) fn name(event: &Value) -> &str {
    event["event"].as_str().unwrap_or_default()
}

/// Names in a folder; those that begin with a number in its order.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_by_cached_key(|name| {
        let number = name.split('-').next().and_then(|number| number.parse::<u64>().ok());
        (number.unwrap_or(0), name.clone())
    });
    names
}

fn draw(folder: &Path, indent: &str, tree: &mut String) {
    let all = names(folder);
    let numbered = all.iter().all(|name| name.starts_with(|first: char| first.is_ascii_digit()));
    let shown = if numbered { all.len().min(SHOWN_FILES) } else { all.len() };
    for (index, name) in all.iter().take(shown).enumerate() {
        let last = index + 1 == all.len();
        let (branch, below) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
        let path = folder.join(name);
        if path.is_dir() {
            let _ = writeln!(tree, "{indent}{branch}{name}/");
            draw(&path, &format!("{indent}{below}"), tree);
        } else {
            let size = path.metadata().map_or(0, |metadata| metadata.len());
            let _ = writeln!(tree, "{indent}{branch}{name}  {size} B");
        }
    }
    if shown < all.len() {
        let _ = writeln!(tree, "{indent}└── … {} more, {} in all", all.len() - shown, all.len());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifacts(counters: &[u64], last: &str) -> Artifacts {
        let mut events: Vec<_> =
            counters.iter().map(|n| json!({"counter": n, "event": "verbose"})).collect();
        if let Some(event) = events.last_mut() {
            event["event"] = json!(last);
        }
        Artifacts { status: "successful".into(), rc: "0".into(), events, tree: String::new() }
    }

    #[test]
    fn a_gap_a_cut_and_a_bad_end_are_complaints() {
        assert_eq!(artifacts(&[1, 2, 3], "playbook_on_stats").complaint(), None);
        assert_eq!(
            artifacts(&[1, 3], "playbook_on_stats").complaint().as_deref(),
            Some("`job_events` has no event 2")
        );
        assert_eq!(
            artifacts(&[1, 2], "verbose").complaint().as_deref(),
            Some("the last event is `verbose`, not `playbook_on_stats`")
        );
        let failed = Artifacts { rc: "2".into(), ..artifacts(&[1], "playbook_on_stats") };
        assert!(failed.complaint().is_some());
    }
}
