//! The contract of everything behind `exec`: one [`Event`], whoever made it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::secrets::Secrets;

/// One thing that happened in a run: a callback of Ansible, or a line of text.
///
/// It keeps the callback's record as the JSON text it came as. Whoever needs a typed
/// view asks for [`Event::fields`]; what the disk gets is [`Event::to_json`], whose form
/// (keys, order, separators) is that of Ansible Runner 2.4.3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3, … in the order the terminal shows them; filters leave gaps.
    pub counter: u64,
    /// Ansible's own UUID for plays and tasks, random for everything else.
    pub uuid: String,
    /// `runner_on_ok`, `playbook_on_stats`, `verbose`, … An open set.
    pub name: String,
    /// What the terminal shows for it, colours included, lines ended by CR LF and the
    /// last line end taken off. Empty for an event without text.
    pub stdout: String,
    /// Line ends in that text, with those that were taken off.
    pub lines: u64,
    /// The line of the `stdout` file it starts at, counted from 0.
    pub start_line: u64,
    /// Where the event came from, with what only that source knows.
    pub source: EventSource,
    /// What enrichers left on it, in chain order.
    pub annotations: Vec<Annotation>,
    /// Plugins that should have seen it and could not.
    pub failed: Vec<String>,
}

/// Where an event came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// Our callback in Ansible. The record's other members as one JSON object:
    /// `{"event": "runner_on_ok", "pid": 7, "created": "…", …, "event_data": {…}}`.
    Callback {
        /// JSON text, as the callback wrote it.
        record: String,
        /// The bytes of it that are `event_data`; none where it has no such member.
        data: Option<Range<usize>>,
        /// In place of the record's `event_data`: an enricher's answer, one JSON object.
        replaced_data: Option<String>,
    },
    /// Text on the terminal that no callback wrote.
    Text {
        /// When it was read.
        created: Timestamp,
    },
}

/// A note that an enricher left on an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The plugin's name in this run.
    pub plugin: Arc<str>,
    /// Letters, digits, `-`, `_` and `.`; at most 64 bytes.
    pub key: String,
    /// One JSON value as text.
    pub value: String,
}

/// How a task or loop item ended on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It did what it should.
    Ok,
    /// It failed; [`Fields::ignored`] says whether the task ignores that.
    Failed,
    /// A condition kept it from running.
    Skipped,
    /// The host could not be reached.
    Unreachable,
}

impl EventSource {
    /// A record whose `event_data` is looked for.
    #[cfg(test)]
    pub(crate) fn of_record(record: &str) -> Self {
        use super::records::DATA_KEY;

        let data = record.find(DATA_KEY).map(|at| at + DATA_KEY.len()..record.len() - 1);
        Self::Callback { record: record.to_owned(), data, replaced_data: None }
    }
}

impl EventOutcome {
    /// The outcome that an event's name states; none where nothing ended.
    pub fn of_event(name: &str) -> Option<Self> {
        Some(match name {
            "runner_on_ok" | "runner_item_on_ok" | "runner_on_async_ok" => Self::Ok,
            "runner_on_failed" | "runner_item_on_failed" | "runner_on_async_failed" => Self::Failed,
            "runner_on_skipped" | "runner_item_on_skipped" => Self::Skipped,
            "runner_on_unreachable" => Self::Unreachable,
            _ => return None,
        })
    }

    /// `ok`, `failed`, `skipped`, `unreachable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unreachable => "unreachable",
        }
    }
}

impl Event {
    /// `event_data`, one JSON object as text, as it now stands.
    pub fn data(&self) -> Option<&str> {
        let EventSource::Callback { record, data, replaced_data } = &self.source else {
            return None;
        };
        replaced_data.as_deref().or_else(|| record.get(data.clone()?))
    }

    /// Hides the secrets of plugins in everything that it says.
    pub fn hide(&mut self, secrets: &Secrets) {
        hide_text(&mut self.stdout, |text| secrets.hide_in_ansibles_text(text));
        let hide_json = |json: &mut String| {
            hide_text(json, |json| secrets.hide_in_ansibles_json(json));
        };
        for annotation in &mut self.annotations {
            hide_json(&mut annotation.value);
        }
        let EventSource::Callback { record, data, replaced_data } = &mut self.source else {
            return;
        };
        if let Some(data) = replaced_data {
            hide_json(data);
        }
        let inside = data.clone().unwrap_or(record.len()..record.len());
        let parts = [&record[..inside.start], &record[inside.clone()], &record[inside.end..]];
        let hidden = parts.map(|part| secrets.hide_in_ansibles_json(part));
        if hidden.iter().any(|part| matches!(part, Cow::Owned(_))) {
            let start = hidden[0].len();
            *data = data.is_some().then_some(start..start + hidden[1].len());
            *record = hidden.concat();
        }
    }

    /// The line of the `stdout` file behind it, counted from 0.
    pub fn end_line(&self) -> u64 {
        self.start_line + self.lines
    }
}

fn hide_text(text: &mut String, hide: impl Fn(&str) -> Cow<'_, str>) {
    if let Cow::Owned(hidden) = hide(text) {
        *text = hidden;
    }
}
