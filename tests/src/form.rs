//! What two runs of one playbook share: texts and events without ids, times and
//! temporary names.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use crate::ran::text;

/// An event without what differs from one run to the next: ids, times, processes,
/// temporary names.
pub type EventForm = Value;

/// Facts that change while one looks at them.
const UNSTEADY_FACTS: [&str; 8] = [
    "date_time",
    "devices",
    "loadavg",
    "memfree_mb",
    "memory_mb",
    "mounts",
    "swapfree_mb",
    "uptime_seconds",
];

/// Gives the ids of a run the numbers of their first appearance, so that what belongs
/// together in one run must belong together in another.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    seen: HashMap<String, usize>,
}

impl Ids {
    /// The text with each id's number in its place.
    pub(crate) fn numbered(&mut self, text: &str) -> String {
        ID.replace_all(text, |found: &Captures<'_>| {
            let next = self.seen.len() + 1;
            let number = *self.seen.entry(found[0].to_owned()).or_insert(next);
            format!("[id {number}]")
        })
        .into_owned()
    }

    /// The form of an event, with ids as numbers.
    pub(crate) fn event_form(&mut self, event: &Value) -> EventForm {
        let timeless = timeless(event).to_string();
        serde_json::from_str(&self.numbered(&timeless)).expect("JSON")
    }
}

static ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").expect("a pattern"));

/// The form of an event that two runs of one playbook share, whatever its neighbours.
pub fn event_form(event: &Value) -> EventForm {
    let form = timeless(event).to_string();
    serde_json::from_str(&ID.replace_all(&form, "[id]")).expect("JSON")
}

/// JSON that Python wrote: `Infinity`, `NaN` and half surrogate pairs become texts.
pub(crate) fn python_json(json: &str) -> Value {
    static WORDS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*"|-?Infinity|NaN"#).expect("a pattern"));
    static ESCAPES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\\(?:ud[89ab]..\\ud[c-f]..|(?P<half>ud[89a-f]..)|.)").expect("a pattern")
    });
    serde_json::from_str(json).unwrap_or_else(|_| {
        let strict = WORDS.replace_all(json, |word: &Captures<'_>| {
            if !word[0].starts_with('"') {
                return format!("\"{}\"", &word[0]);
            }
            let escape = |escape: &Captures<'_>| match escape.name("half") {
                Some(half) => format!("\\\\{}", half.as_str()),
                None => escape[0].to_owned(),
            };
            ESCAPES.replace_all(&word[0], escape).into_owned()
        });
        serde_json::from_str(&strict).expect("JSON")
    })
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
/// holds, the ids of asynchronous jobs, temporary folders, and each runner's callback.
pub fn without_times(text: &str) -> String {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?P<key>\\?"(?:start|end|delta)\\?":\s*\\?"|\b(?:start|end|delta): ')[^"\\']*"#,
        )
        .expect("a pattern")
    });
    static NAMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"j\d{6,}\.\d+|ansible-tmp-[\d.]+-\d+-\d+|ansible-local-\w+(?:/tmp\w+)?|(?:awx|playhouse)_display",
        )
        .expect("a pattern")
    });
    NAMES.replace_all(&TIMES.replace_all(text, "$key"), "[name]").into_owned()
}

/// Facts without those that change while one looks, and without what tells the two
/// runners apart in their environment.
pub(crate) fn facts_form(facts: &mut Map<String, Value>) {
    for (name, value) in facts.iter_mut() {
        let name = name.strip_prefix("ansible_").unwrap_or(name);
        if UNSTEADY_FACTS.contains(&name) {
            *value = Value::String(format!("[{name}]"));
        } else if let Value::Array(words) = value
            && words.iter().all(Value::is_string)
        {
            // Ansible has them from sets.
            words.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
        } else if name == "env"
            && let Value::Object(variables) = value
        {
            for name in ["ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_STDOUT_CALLBACK"] {
                variables.shift_remove(name);
            }
            variables.sort_keys();
        }
    }
    facts.sort_keys();
}

fn timeless(event: &Value) -> Value {
    let mut form = event.clone();
    let Value::Object(members) = &mut form else { return form };
    for key in ["pid", "created"] {
        blank(members, key);
    }
    if let Some(Value::Object(data)) = members.get_mut("event_data") {
        for key in ["start", "end", "duration"] {
            blank(data, key);
        }
        if let Some(Value::Object(res)) = data.get_mut("res") {
            if let Some(Value::Object(facts)) = res.get_mut("ansible_facts") {
                facts_form(facts);
            }
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
