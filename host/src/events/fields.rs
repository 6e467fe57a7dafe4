//! The typed view of an event, which plugins see.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, EventOutcome, EventSource};

/// The typed view of an event: derived once, for all plugins, from what Ansible sent.
/// What enrichers replace does not change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The playbook's name as it was given.
    pub playbook: Option<String>,
    /// The play's name.
    pub play: Option<String>,
    /// Ansible's UUID of the play.
    pub play_uuid: Option<String>,
    /// The role the task belongs to.
    pub role: Option<String>,
    /// The task's name.
    pub task: Option<String>,
    /// Ansible's UUID of the task: the same on every host.
    pub task_uuid: Option<String>,
    /// `ansible.builtin.copy`; as written in the playbook where Ansible did not resolve it.
    pub action: Option<String>,
    /// `/srv/project/site.yml:17`
    pub path: Option<String>,
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
    /// Where in the record `event_data` stands.
    data: Option<Range<usize>>,
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
    /// `event_data`, one JSON object as text, as it now stands.
    pub fn data(&self) -> Option<&'event str> {
        let EventSource::Callback { record, replaced_data } = &self.event.source else {
            return None;
        };
        replaced_data.as_deref().or_else(|| record.get(self.fields.data.clone()?))
    }
}

#[derive(Deserialize, Default)]
struct Record<'a> {
    #[serde(borrow)]
    created: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_data: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
struct EventData<'a> {
    playbook: Option<String>,
    play: Option<String>,
    play_uuid: Option<String>,
    role: Option<String>,
    task: Option<String>,
    task_uuid: Option<String>,
    task_action: Option<String>,
    resolved_action: Option<String>,
    task_path: Option<String>,
    host: Option<String>,
    duration: Option<f64>,
    ignore_errors: Option<bool>,
    #[serde(borrow)]
    res: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Changed {
    #[serde(default)]
    changed: bool,
}

impl Event {
    /// The typed view. A record that is not the JSON we expect gives the outcome its
    /// name states and nothing else: no event is lost over it.
    pub fn fields(&self) -> Fields {
        let record_text = match &self.source {
            EventSource::Text { created } => {
                return Fields { created: micros(*created), ..Fields::default() };
            }
            EventSource::Callback { record, .. } => record,
        };
        let outcome = EventOutcome::of_event(&self.name);
        let record: Record = serde_json::from_str(record_text).unwrap_or_default();
        let text = record.event_data.map(RawValue::get);
        let data: EventData =
            text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let changed = outcome.is_some()
            && data
                .res
                .and_then(|res| serde_json::from_str::<Changed>(res.get()).ok())
                .is_some_and(|res| res.changed);
        Fields {
            playbook: data.playbook,
            play: data.play,
            play_uuid: data.play_uuid,
            role: data.role,
            task: data.task,
            task_uuid: data.task_uuid,
            action: data.resolved_action.or(data.task_action),
            path: data.task_path,
            host: data.host,
            outcome,
            changed,
            ignored: outcome == Some(EventOutcome::Failed) && data.ignore_errors == Some(true),
            duration: data.duration.map(micros_of_seconds),
            created: record
                .created
                .and_then(|created| created.parse::<Timestamp>().ok())
                .map_or(0, micros),
            data: text.map(|text| {
                let start = text.as_ptr() as usize - record_text.as_ptr() as usize;
                start..start + text.len()
            }),
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
