//! What a run left: exit code, streams, artifacts.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::RunTest;
use serde_json::Value;

use crate::form::python_json;
use crate::tree::tree;

/// A run that has ended.
pub struct Ran {
    test: RunTest,
    /// The exit code; none where a signal ended the program.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error, with the room's path as `[room]`.
    pub stderr: String,
}

#[expect(clippy::return_self_not_must_use, reason = "an expectation may be a test's last word")]
impl Ran {
    pub(crate) fn new(test: RunTest, output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let stderr = stderr.replace(&test.room().display().to_string(), "[room]");
        let ran = Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
            test,
        };
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!output.contains("panicked"), "the program panicked:\n{output}");
        }
        ran
    }

    /// Runs again with the same command line.
    pub fn again(self) -> Self {
        self.test.run()
    }

    /// Ends the test unless the program exited with `code`; shows what it said.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "standard output:\n{}\nstandard error:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Ends the test unless standard error has this text.
    pub fn expect_stderr(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "expected {text:?} in\n{}", self.stderr);
        self
    }

    /// A path in the private data directory.
    pub fn path(&self, path: &str) -> PathBuf {
        self.test.private_data_dir().join(path)
    }

    /// `artifacts/job/` and a file in it.
    pub fn artifact_path(&self, name: &str) -> PathBuf {
        self.path("artifacts/job").join(name)
    }

    /// The text of an artifact.
    pub fn artifact(&self, name: &str) -> String {
        let path = self.artifact_path(name);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("`{}`: {error}\n{}", path.display(), self.stderr))
    }

    /// An artifact as JSON.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.artifact(name)).expect("JSON")
    }

    /// The events of `job_events/`, by counter.
    pub fn events(&self) -> Vec<Value> {
        events_in(&self.artifact_path("job_events"))
    }

    /// The names of all events.
    pub fn event_names(&self) -> Vec<String> {
        self.events().iter().map(|event| text(event, "event")).collect()
    }

    /// The entries of the journal.
    pub fn journal(&self) -> Vec<Value> {
        let lines = self.artifact("journal");
        lines.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect()
    }

    /// The permissions of an artifact: `0o600`.
    pub fn mode(&self, name: &str) -> u32 {
        let metadata = fs::metadata(self.artifact_path(name)).expect("an artifact");
        metadata.permissions().mode() & 0o7777
    }

    /// The files in the private data directory that have this text in them.
    pub fn files_with(&self, text: &str) -> Vec<String> {
        let found = tree(&self.path(""), None).into_iter();
        found.filter(|(_, entry)| entry.has(text)).map(|(path, _)| path).collect()
    }

    /// The line of the summary that speaks of a plugin.
    pub fn plugin_line(&self, name: &str) -> &str {
        let start = format!("plugin {name} ");
        self.stderr
            .lines()
            .find(|line| line.starts_with(&start))
            .unwrap_or_else(|| panic!("no line of `{name}` in\n{}", self.stderr))
    }
}

/// The events in a `job_events` folder, by counter. What is in it beside them, but for
/// what Ansible Runner's callback wrote and nobody fetched, ends the test.
pub(crate) fn events_in(folder: &Path) -> Vec<Value> {
    let mut events: Vec<(u64, Value)> = fs::read_dir(folder)
        .expect("job_events")
        .map(|file| file.expect("a file").path())
        .filter(|path| !path.to_string_lossy().ends_with("-partial.json"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let event = python_json(&fs::read_to_string(&path).expect("an event"));
            let counter = event["counter"].as_u64().expect("a counter");
            assert_eq!(name, format!("{counter}-{}.json", text(&event, "uuid")));
            (counter, event)
        })
        .collect();
    events.sort_by_key(|(counter, _)| *counter);
    events.into_iter().map(|(_, event)| event).collect()
}

pub(crate) fn text(event: &Value, key: &str) -> String {
    event[key].as_str().unwrap_or_default().to_owned()
}
