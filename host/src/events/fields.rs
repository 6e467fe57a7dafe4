//! The typed view of an event, which plugins see.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Event, EventOutcome, EventSource};

/// The typed view of an event: derived once, for all plugins, from what Ansible sent.
/// What enrichers replace does not change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// Shared by events that follow each other and have the same.
    pub scope: Arc<Scope>,
    /// The host it happened on.
    pub host: Option<String>,
    /// How the task or item ended, where something ended.
    pub outcome: Option<EventOutcome>,
    /// The result says `changed`.
    pub changed: bool,
    /// Failed, and the task says `ignore_errors`.
    pub ignored: bool,
    /// Microseconds the task took on this host.
    pub duration: Option<u64>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created: u64,
}

/// What the events of one task have in common. What differs first stands first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Ansible's UUID of the task: the same on every host.
    pub task_uuid: Option<String>,
    /// The task's name.
    pub task: Option<String>,
    /// Ansible's UUID of the play.
    pub play_uuid: Option<String>,
    /// The play's name.
    pub play: Option<String>,
    /// The role the task belongs to.
    pub role: Option<String>,
    /// The playbook's name as it was given.
    pub playbook: Option<String>,
    /// `ansible.builtin.copy`; as written in the playbook where Ansible did not resolve it.
    pub action: Option<String>,
    /// `/srv/project/site.yml:17`
    pub path: Option<String>,
}

/// An event with its typed view, as a batch of them goes to a plugin.
#[derive(Debug, Clone, Copy)]
pub struct SeenEvent<'event> {
    /// The event itself.
    pub event: &'event Event,
    /// Its typed view.
    pub fields: &'event Fields,
    /// The bytes of its file in `job_events/`; for sinks only.
    pub json: Option<&'event str>,
}

impl<'event> SeenEvent<'event> {
    /// A batch as a hook on the path is shown it; `fields` are those of the events.
    pub fn of_events(events: &'event [Event], fields: &'event [Fields]) -> Vec<Self> {
        let pairs = events.iter().zip(fields);
        pairs.map(|(event, fields)| Self { event, fields, json: None }).collect()
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    created: Member<'a>,
    #[serde(borrow)]
    event_data: EventData<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EventData<'a> {
    #[serde(borrow)]
    playbook: Member<'a>,
    #[serde(borrow)]
    play: Member<'a>,
    #[serde(borrow)]
    play_uuid: Member<'a>,
    #[serde(borrow)]
    role: Member<'a>,
    #[serde(borrow)]
    task: Member<'a>,
    #[serde(borrow)]
    task_uuid: Member<'a>,
    #[serde(borrow)]
    task_action: Member<'a>,
    #[serde(borrow)]
    resolved_action: Member<'a>,
    #[serde(borrow)]
    task_path: Member<'a>,
    #[serde(borrow)]
    host: Member<'a>,
    #[serde(borrow)]
    duration: Member<'a>,
    #[serde(borrow)]
    ignore_errors: Member<'a>,
    #[serde(borrow)]
    res: Member<'a>,
}

/// A JSON value as far as the view needs it. A member of another kind than expected is as
/// good as none, and costs no other member its place.
#[derive(Default)]
enum Member<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Flag(bool),
    /// A module's result, or some other object.
    Object {
        changed: bool,
    },
    #[default]
    Other,
}

impl Member<'_> {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    fn is_true(&self) -> bool {
        matches!(self, Self::Flag(true))
    }

    fn has_changed(&self) -> bool {
        matches!(self, Self::Object { changed: true })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Member<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

#[derive(Deserialize)]
struct Changed<'a> {
    #[serde(borrow, default)]
    changed: Member<'a>,
}

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Member::Flag(flag))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Member::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "a duration of whole seconds")]
        self.visit_f64(number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        #[expect(clippy::cast_precision_loss, reason = "no number of ours is negative")]
        self.visit_f64(number as f64)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Member::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(items)?;
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let Changed { changed } = Changed::deserialize(MapAccessDeserializer::new(members))?;
        Ok(Member::Object { changed: changed.is_true() })
    }
}

impl Event {
    /// The typed view. A record that is not the JSON we expect gives the outcome its
    /// name states and nothing else: no event is lost over it.
    pub fn fields(&self) -> Fields {
        self.fields_within(&mut Arc::default())
    }

    /// The typed view of an event that comes after others: where it has their scope, it
    /// shares that, and else it puts its own in place.
    pub fn fields_within(&self, scope: &mut Arc<Scope>) -> Fields {
        let record = match &self.source {
            EventSource::Text { created } => {
                return Fields { created: micros(*created), ..Fields::default() };
            }
            EventSource::Callback { record, .. } => record,
        };
        let outcome = EventOutcome::of_event(&self.name);
        let Record { created, event_data: data } = serde_json::from_str(record).unwrap_or_default();
        let has_failed = outcome == Some(EventOutcome::Failed);
        if !data.is_within(scope) {
            *scope = Arc::new(data.scope());
        }
        Fields {
            scope: Arc::clone(scope),
            host: data.host.text().map(str::to_owned),
            outcome,
            changed: outcome.is_some() && data.res.has_changed(),
            ignored: has_failed && data.ignore_errors.is_true(),
            duration: data.duration.number().map(micros_of_seconds),
            created: created.text().and_then(|time| time.parse().ok()).map_or(0, micros),
        }
    }
}

impl Fields {
    /// The typed views of events in their order.
    pub fn of_events(events: &[Event]) -> Vec<Self> {
        let mut scope = Arc::default();
        events.iter().map(|event| event.fields_within(&mut scope)).collect()
    }
}

impl EventData<'_> {
    fn action(&self) -> Option<&str> {
        self.resolved_action.text().or_else(|| self.task_action.text())
    }

    fn is_within(&self, scope: &Scope) -> bool {
        self.task_uuid.text() == scope.task_uuid.as_deref()
            && self.task.text() == scope.task.as_deref()
            && self.play_uuid.text() == scope.play_uuid.as_deref()
            && self.play.text() == scope.play.as_deref()
            && self.role.text() == scope.role.as_deref()
            && self.action() == scope.action.as_deref()
            && self.task_path.text() == scope.path.as_deref()
            && self.playbook.text() == scope.playbook.as_deref()
    }

    fn scope(&self) -> Scope {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Scope {
            playbook: owned(self.playbook.text()),
            play: owned(self.play.text()),
            play_uuid: owned(self.play_uuid.text()),
            role: owned(self.role.text()),
            task: owned(self.task.text()),
            task_uuid: owned(self.task_uuid.text()),
            action: owned(self.action()),
            path: owned(self.task_path.text()),
        }
    }
}

fn micros(time: Timestamp) -> u64 {
    u64::try_from(time.as_microsecond()).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates, which is what a nonsensical duration deserves"
)]
fn micros_of_seconds(seconds: f64) -> u64 {
    (seconds * 1_000_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(record: &str) -> Event {
        Event {
            counter: 1,
            uuid: "u".into(),
            name: "runner_on_failed".into(),
            stdout: String::new(),
            lines: 0,
            start_line: 0,
            source: EventSource::of_record(record),
            annotations: Vec::new(),
            failed: Vec::new(),
        }
    }

    #[test]
    fn a_member_of_another_kind_costs_no_other_its_place() {
        let fields = event(
            r#"{"created": 5, "event_data": {"task": ["a"], "role": null, "host": "web1", "duration": 2, "ignore_errors": true, "res": {"changed": "yes", "rc": -1}}}"#,
        )
        .fields();
        assert_eq!((fields.scope.task.as_deref(), fields.created), (None, 0));
        assert_eq!((fields.host.as_deref(), fields.duration), (Some("web1"), Some(2_000_000)));
        assert!(fields.ignored && !fields.changed);
        for result in ["null", "7", r#"["changed"]"#, r#"{"changed": {"changed": true}}"#] {
            let record = format!(r#"{{"event_data": {{"res": {result}, "host": "web1"}}}}"#);
            let fields = event(&record).fields();
            assert_eq!(fields.host.as_deref(), Some("web1"), "{result}");
            assert!(!fields.changed, "{result}");
        }
    }

    #[test]
    fn a_scope_is_shared_by_those_that_have_it() {
        let record = |task: &str, host: &str| {
            event(&format!(
                r#"{{"event_data": {{"play": "p", "task": "{task}", "host": "{host}"}}}}"#
            ))
        };
        let events = [record("a", "web1"), record("a", "web2"), record("b", "web1")];
        let fields = Fields::of_events(&events);
        assert!(Arc::ptr_eq(&fields[0].scope, &fields[1].scope));
        assert_eq!(fields[1].host.as_deref(), Some("web2"));
        assert_eq!(fields[2], events[2].fields());
    }
}
