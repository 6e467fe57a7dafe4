//! Ansible Runner 2.4.3 on the same input, and what of its events must be equal.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::ran::{events_in, text};
use crate::{Core, RunTest};

/// What Ansible Runner made of a private data directory.
pub struct Peer {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// Its events, by counter.
    pub events: Vec<Value>,
    /// Its `status`, `rc` and `command`.
    pub status: String,
    /// Its `rc`.
    pub rc: String,
    /// Its `command`.
    pub command: Value,
}

/// An event without what differs from one run to the next: ids, times, processes, paths
/// of the artifact directory.
pub type EventForm = Value;

/// Runs Ansible Runner on `test`'s private data directory, with `-i peer` and `arguments`.
pub fn run_peer(test: &RunTest, arguments: &[&str]) -> Peer {
    let mut command = Command::new(Core::V2_19.bin().join("ansible-runner"));
    command.arg("run").arg(test.private_data_dir()).args(["-i", "peer"]).args(arguments);
    test.seal(&mut command);
    let output = command.output().expect("ansible-runner starts");
    let artifacts = test.private_data_dir().join("artifacts/peer");
    let read =
        |name: &str| fs::read_to_string(artifacts.join(name)).expect("an artifact of the peer");
    Peer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        events: events_in(&artifacts.join("job_events")),
        status: read("status"),
        rc: read("rc"),
        command: serde_json::from_str(&read("command")).expect("JSON"),
    }
}

/// What a terminal shows of these events: the text of each and a line end; a line that
/// belongs to no callback as it came.
pub fn shown_by(events: &[Value]) -> String {
    events
        .iter()
        .map(|event| {
            let text = text(event, "stdout");
            match event.get("event_data") {
                None if event["start_line"] != event["end_line"] => format!("{text}\r\n"),
                None => text,
                Some(_) if text.is_empty() => text,
                Some(_) => format!("{text}\n"),
            }
        })
        .collect()
}

/// Takes out of a text what differs from one run to the next: times that a result
/// holds, the ids of asynchronous jobs, temporary folders.
pub fn without_times(text: &str) -> String {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?P<key>\\?"(?:start|end|delta)\\?":\s*\\?")[^"\\]*"#).expect("a pattern")
    });
    static JOBS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"j\d{6,}\.\d+|ansible-tmp-[\d.]+-\d+-\d+").expect("a pattern")
    });
    JOBS.replace_all(&TIMES.replace_all(text, "$key"), "[job]").into_owned()
}

/// The form of an event that two runs of one playbook share.
pub fn event_form(event: &Value) -> EventForm {
    let mut form = event.clone();
    let Value::Object(members) = &mut form else { return form };
    for key in ["uuid", "parent_uuid", "pid", "created", "runner_ident"] {
        blank(members, key);
    }
    if let Some(Value::Object(data)) = members.get_mut("event_data") {
        for key in ["uuid", "playbook_uuid", "play_uuid", "task_uuid", "start", "end", "duration"] {
            blank(data, key);
        }
        if let Some(Value::Object(res)) = data.get_mut("res") {
            blank(res, "ansible_facts");
            if let Some(Value::Object(arguments)) =
                res.get_mut("invocation").and_then(|call| call.get_mut("module_args"))
            {
                // A temporary file that `copy` made of its `content`.
                blank(arguments, "_original_basename");
            }
        }
    }
    serde_json::from_str(&without_times(&form.to_string())).expect("JSON")
}

/// Keeps the key, and that there is something.
fn blank(members: &mut Map<String, Value>, key: &str) {
    if let Some(value) = members.get_mut(key)
        && !value.is_null()
    {
        *value = Value::String(format!("[{key}]"));
    }
}
