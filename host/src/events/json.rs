//! The JSON form of an event: that of Ansible Runner 2.4.3, key by key, and what plugins
//! left behind it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Annotation, Event, EventSource};

/// A file of `job_events/`.
#[derive(Deserialize)]
struct EventFile<'a> {
    uuid: String,
    counter: u64,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    start_line: u64,
    #[serde(default)]
    end_line: u64,
    #[serde(borrow)]
    runner_ident: &'a RawValue,
    #[serde(default)]
    event: String,
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_data: Option<&'a RawValue>,
    #[serde(borrow)]
    playhouse: Option<&'a RawValue>,
}

/// Its member `playhouse`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct PluginMarks {
    annotations: serde_json::Map<String, Value>,
    failed: Vec<String>,
}

impl Event {
    /// Reads an event from the text of a `job_events` file, ours or Ansible Runner's.
    /// None where it is not one.
    pub fn from_json(json: &str) -> Option<Self> {
        let file: EventFile = serde_json::from_str(json).ok()?;
        let offset = |text: &str| text.as_ptr() as usize - json.as_ptr() as usize;
        let ident = file.runner_ident.get();
        let after_ident = &json[offset(ident) + ident.len()..];
        let end = match file.playhouse.as_ref() {
            Some(member) => json[..offset(member.get())].rfind(',')?,
            None => json.trim_end().len() - 1,
        };
        let members = json.get(json.len() - after_ident.len()..end)?.trim_start_matches([',', ' ']);
        let marks: PluginMarks = file
            .playhouse
            .and_then(|marks| serde_json::from_str(marks.get()).ok())
            .unwrap_or_default();
        let source = if let Some(data) = file.event_data {
            // The record has a brace in front of its members.
            let start = (offset(data.get()) + 1).checked_sub(offset(members));
            EventSource::Callback {
                record: format!("{{{members}}}"),
                data: start.map(|start| start..start + data.get().len()),
                replaced_data: None,
            }
        } else {
            EventSource::Text {
                created: file.created.and_then(|at| at.parse().ok()).unwrap_or_default(),
            }
        };
        Some(Self {
            counter: file.counter,
            uuid: file.uuid,
            name: file.event,
            stdout: file.stdout,
            lines: file.end_line.saturating_sub(file.start_line),
            start_line: file.start_line,
            source,
            annotations: annotations_of(marks.annotations),
            failed: marks.failed,
        })
    }

    /// The event as `job_events/` has it: one line of JSON, ASCII only, keys in
    /// Ansible Runner's order. What plugins left stands last, under `playhouse`, so
    /// that an event nobody touched is the same as the peer's.
    pub fn to_json(&self, ident: &str) -> String {
        let mut json = String::new();
        self.push_json(&mut json, ident);
        json
    }

    /// Adds [that](Event::to_json) to a text.
    pub fn push_json(&self, json: &mut String, ident: &str) {
        let record_size = match &self.source {
            EventSource::Callback { record, replaced_data, .. } => {
                record.len() + replaced_data.as_ref().map_or(0, String::len)
            }
            EventSource::Text { .. } => 64,
        };
        json.reserve(record_size + self.stdout.len() * 5 / 4 + 256);
        json.push('{');
        if let EventSource::Text { .. } = self.source {
            json.push_str("\"event\": ");
            push_json_string(json, &self.name);
            json.push_str(", ");
        }
        json.push_str("\"uuid\": ");
        push_json_string(json, &self.uuid);
        let _ = write!(json, ", \"counter\": {}, \"stdout\": ", self.counter);
        push_json_string(json, &self.stdout);
        let _ = write!(
            json,
            ", \"start_line\": {}, \"end_line\": {}, \"runner_ident\": ",
            self.start_line,
            self.end_line()
        );
        push_json_string(json, ident);
        json.push_str(", ");
        match &self.source {
            EventSource::Callback { record, data: Some(data), replaced_data: Some(text) } => {
                json.push_str(record.get(1..data.start).unwrap_or_default());
                push_ascii(json, text);
                json.push_str(record.get(data.end..).unwrap_or_default());
                json.pop();
            }
            EventSource::Callback { record, .. } => {
                json.push_str(record.strip_prefix('{').unwrap_or(record));
                json.pop();
            }
            EventSource::Text { created } => {
                let _ = write!(json, "\"created\": \"{}\"", format_created(*created));
            }
        }
        self.push_plugin_member(json);
        json.push('}');
    }

    fn push_plugin_member(&self, json: &mut String) {
        if self.annotations.is_empty() && self.failed.is_empty() {
            return;
        }
        json.push_str(", \"playhouse\": {");
        let mut separator = "";
        if !self.annotations.is_empty() {
            json.push_str("\"annotations\": {");
            let mut last_plugin = None;
            for annotation in &self.annotations {
                if last_plugin == Some(&annotation.plugin) {
                    json.push_str(", ");
                } else {
                    if last_plugin.is_some() {
                        json.push_str("}, ");
                    }
                    push_json_string(json, &annotation.plugin);
                    json.push_str(": {");
                    last_plugin = Some(&annotation.plugin);
                }
                push_json_string(json, &annotation.key);
                json.push_str(": ");
                push_ascii(json, &annotation.value);
            }
            json.push_str("}}");
            separator = ", ";
        }
        if !self.failed.is_empty() {
            json.push_str(separator);
            json.push_str("\"failed\": [");
            for (index, plugin) in self.failed.iter().enumerate() {
                if index > 0 {
                    json.push_str(", ");
                }
                push_json_string(json, plugin);
            }
            json.push(']');
        }
        json.push('}');
    }
}

/// The notes under each plugin's name; what is not of that form is not ours.
fn annotations_of(plugins: serde_json::Map<String, Value>) -> Vec<Annotation> {
    let mut annotations = Vec::new();
    for (plugin, notes) in plugins {
        let plugin = Arc::<str>::from(plugin);
        if let Value::Object(notes) = notes {
            annotations.extend(notes.into_iter().map(|(key, value)| Annotation {
                plugin: Arc::clone(&plugin),
                key,
                value: value.to_string(),
            }));
        }
    }
    annotations
}

/// A time as Python's `datetime.isoformat()` writes it in UTC, microseconds included.
pub fn format_created(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

/// Adds `text` as a JSON string in ASCII, as Python's `json.dumps` writes it.
pub fn push_json_string(json: &mut String, text: &str) {
    json.push('"');
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            ' '..='~' => continue,
            _ => "",
        };
        json.push_str(&text[plain..at]);
        plain = at + character.len_utf8();
        if escape.is_empty() {
            push_unicode_escape(json, character);
        } else {
            json.push_str(escape);
        }
    }
    json.push_str(&text[plain..]);
    json.push('"');
}

/// Adds JSON text with everything outside ASCII escaped; there it can stand in strings only.
fn push_ascii(json: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_ascii() {
            json.push(character);
        } else {
            push_unicode_escape(json, character);
        }
    }
}

fn push_unicode_escape(json: &mut String, character: char) {
    for unit in character.encode_utf16(&mut [0; 2]) {
        let _ = write!(json, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventOutcome;

    fn event(record: &str) -> Event {
        Event {
            counter: 5,
            uuid: "u-5".into(),
            name: "runner_on_ok".into(),
            stdout: "ok: [wéb]".into(),
            lines: 1,
            start_line: 4,
            source: EventSource::of_record(record),
            annotations: Vec::new(),
            failed: Vec::new(),
        }
    }

    const RECORD: &str = r#"{"event": "runner_on_ok", "pid": 7, "created": "2026-11-23T19:08:51.284341+00:00", "event_data": {"task": "caf\u00e9", "task_action": "copy", "resolved_action": "ansible.builtin.copy", "host": "web1", "duration": 0.5, "res": {"changed": true}}}"#;

    #[test]
    fn json_has_the_keys_in_ansible_runners_order() {
        assert_eq!(
            event(RECORD).to_json("job"),
            format!(
                r#"{{"uuid": "u-5", "counter": 5, "stdout": "ok: [w\u00e9b]", "start_line": 4, "end_line": 5, "runner_ident": "job", {}"#,
                &RECORD[1..]
            )
        );
    }

    #[test]
    fn text_events_have_no_data_and_start_with_their_name() {
        let created: Timestamp = "2026-11-23T19:08:51Z".parse().unwrap();
        let mut event = event("");
        event.name = "verbose".into();
        event.source = EventSource::Text { created };
        assert_eq!(
            event.to_json("job"),
            r#"{"event": "verbose", "uuid": "u-5", "counter": 5, "stdout": "ok: [w\u00e9b]", "start_line": 4, "end_line": 5, "runner_ident": "job", "created": "2026-11-23T19:08:51.000000+00:00"}"#
        );
        assert_eq!(event.fields().created, 1_795_460_931_000_000);
    }

    #[test]
    fn fields_are_read_from_the_record() {
        let event = event(RECORD);
        let fields = event.fields();
        assert_eq!(fields.scope.task.as_deref(), Some("café"));
        assert_eq!(fields.scope.action.as_deref(), Some("ansible.builtin.copy"));
        assert_eq!(fields.duration, Some(500_000));
        assert_eq!(fields.created, 1_795_460_931_284_341);
        assert!(fields.changed && !fields.ignored);
        assert!(event.data().is_some_and(|data| data.starts_with(r#"{"task": "caf"#)));
    }

    #[test]
    fn plugins_leave_their_marks_at_the_end_and_data_is_replaced_in_place() {
        let mut event = event(RECORD);
        let EventSource::Callback { replaced_data, .. } = &mut event.source else { unreachable!() };
        *replaced_data = Some(r#"{"host": "x"}"#.into());
        for key in ["a", "b"] {
            event.annotations.push(Annotation {
                plugin: "annotate".into(),
                key: key.into(),
                value: "\"é\"".into(),
            });
        }
        event.failed.push("redact".into());
        let json = event.to_json("job");
        assert_eq!(Event::from_json(&json).expect("an event").to_json("job"), json);
        let expected = r#""event_data": {"host": "x"}, "playhouse": {"annotations": {"annotate": {"a": "\u00e9", "b": "\u00e9"}}, "failed": ["redact"]}}"#;
        assert!(json.ends_with(expected), "{json}");
        serde_json::from_str::<serde_json::Value>(&json).expect("one JSON value");
    }

    #[test]
    fn a_record_that_is_not_json_still_gives_an_event() {
        assert_eq!(event("{broken").fields().outcome, Some(EventOutcome::Ok));
    }
}
