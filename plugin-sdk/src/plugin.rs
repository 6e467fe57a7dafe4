//! What an author writes: [`Plugin`] and a trait for each hook the plugin has.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::event::{Batch, Event};
use crate::run::Run;

/// What every plugin has: settings, a beginning and an end.
///
/// An instance lives for the run. A trap or an overrun ends it: its memory is lost, and a
/// new one starts with [`Setup::restart`] raised. Events of the batch that was lost come
/// again, earlier ones do not: counters, caches and sets must survive being empty.
pub trait Plugin: Sized + 'static {
    /// The settings. A key the type does not know should be refused: derive with
    /// `#[serde(deny_unknown_fields)]`.
    type Settings: DeserializeOwned;

    /// Called once an instance, first; on the event path always before Ansible starts.
    ///
    /// # Errors
    ///
    /// [`InitError::config`] where the operator has to change a setting: the run does
    /// not start. [`InitError::failed`] for all else.
    fn init(settings: Self::Settings, setup: &Setup) -> Result<Self, InitError>;

    /// Called once, last, when everything was delivered or the deadline is over. Not
    /// called after a trap: durable work belongs elsewhere.
    ///
    /// # Errors
    ///
    /// A text for the run's summary.
    fn finish(&mut self, ending: &Ending) -> Result<(), String> {
        let _ = ending;
        Ok(())
    }
}

/// Looks at a run before it starts, changes or refuses it. Metadata: `pre-run`.
pub trait PreRun: Plugin {
    /// What `run` is left with when this returns becomes of the run, all of it or, on an
    /// error, none.
    ///
    /// # Errors
    ///
    /// [`PrepareError::refused`] where by rule the run must not start, and
    /// [`PrepareError::failed`] where the plugin could not do its work.
    fn prepare(&mut self, run: &mut Run) -> Result<(), PrepareError>;
}

/// Says which events go on. Metadata: `event-filter`.
pub trait Filter: Plugin {
    /// Whether the event goes on: to the plugins after this one, `job_events/` and sinks.
    /// Terminal, `stdout` and the run's result are not touched.
    fn keep(&mut self, event: &Event<'_>) -> bool;
}

/// Adds to events, or replaces what they say. Metadata: `event-enricher`.
pub trait Enricher: Plugin {
    /// Leaves what is to change in `change`; an untouched one changes nothing.
    fn enrich(&mut self, event: &Event<'_>, change: &mut Change);
}

/// Takes status changes. Metadata: `status-sink`.
pub trait StatusSink: Plugin {
    /// In order: `running` comes before the first event, the final status after the last.
    ///
    /// # Errors
    ///
    /// See [`DeliveryError`].
    fn deliver_status(&mut self, change: &StatusChange<'_>) -> Result<(), DeliveryError>;
}

/// Takes events, in order, each at least once. Metadata: `event-sink`.
pub trait EventSink: Plugin {
    /// Takes one event.
    ///
    /// # Errors
    ///
    /// See [`DeliveryError`].
    fn deliver(&mut self, event: &Event<'_>) -> Result<(), DeliveryError>;

    /// Takes a batch; by default its events one by one. Implement it where one request
    /// can carry many.
    ///
    /// # Errors
    ///
    /// How many events, from the first, did arrive, and why not more.
    fn deliver_batch(
        &mut self,
        attempt: &Attempt<'_>,
        batch: &Batch<'_>,
    ) -> Result<(), DeliveryFailure> {
        let _ = attempt;
        for (accepted, event) in batch.events().enumerate() {
            self.deliver(&event).map_err(|error| DeliveryFailure { accepted, error })?;
        }
        Ok(())
    }
}

/// For sinks that must do something while nothing happens. Metadata: `timer`.
pub trait Timer: Plugin {
    /// How long until the next call; none: never again.
    fn tick(&mut self) -> Option<Duration>;
}

/// What a plugin is told at its beginning.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Setup {
    /// The name the operator gave this plugin in this run.
    pub name: String,
    /// Playhouse's own version.
    pub host_version: String,
    /// Which of a plugin's two instances this is.
    pub lane: Lane,
    /// `run`, `deliver`, `replay`, `test`, `check`. An open set.
    pub purpose: String,
    /// 0 at first, one more for each instance that was lost.
    pub restart: u32,
    /// The run.
    pub run: RunFacts,
}

/// A plugin with hooks on both sides has two instances, which share nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Pre-run, filter, enricher.
    Path,
    /// Sinks and timer.
    Delivery,
}

/// The run as it was asked for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RunFacts {
    /// Unique to this execution.
    pub id: String,
    /// The artifact directory's name; a second run may use it again.
    pub ident: String,
    /// The playbook's name as it was given.
    pub playbook: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub started: u64,
    /// More facts by key: `limit`, `inventory`, `controller`, `user`, …
    pub facts: Vec<(String, String)>,
}

impl RunFacts {
    /// One of the facts.
    pub fn fact(&self, key: &str) -> Option<&str> {
        self.facts.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// How the run ended, as far as the host knows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Ending {
    /// As the last status change has it.
    pub status: String,
    /// The run's exit code.
    pub rc: Option<i32>,
    /// Everything was delivered to this plugin.
    pub complete: bool,
}

/// Why a plugin does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitError {
    /// The operator has to change a setting.
    Config {
        /// JSON Pointer into the settings: `/headers/0`.
        setting: String,
        /// What is wrong and what belongs there.
        message: String,
    },
    /// Something else; in delivery the host tries again later.
    Failed(String),
}

impl InitError {
    /// The operator has to change the setting at a JSON Pointer.
    pub fn config(setting: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { setting: setting.into(), message: message.into() }
    }

    /// The plugin cannot start now.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// Why a pre-run hook changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrepareError {
    /// By rule, this run must not start.
    Refused(String),
    /// The plugin could not do its work.
    Failed(String),
}

impl PrepareError {
    /// The reason is shown to the operator as it is.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// The operator's `on_error` decides what becomes of the run.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// What an enricher wants of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub(crate) notes: Vec<(String, String)>,
    pub(crate) data: Option<String>,
    pub(crate) stdout: Option<String>,
}

impl Change {
    /// Leaves a note under this plugin's name. A key is letters, digits, `-`, `_` and `.`,
    /// at most 64 of them. A value that has no JSON form leaves nothing.
    pub fn note(&mut self, key: impl Into<String>, value: impl Serialize) {
        if let Ok(value) = serde_json::to_string(&value) {
            if self.notes.is_empty() {
                // Most changes are one note.
                self.notes.reserve_exact(1);
            }
            self.notes.push((key.into(), value));
        }
    }

    /// Replaces `event_data` by one JSON object, as text.
    pub fn replace_data(&mut self, data: impl Into<String>) {
        self.data = Some(data.into());
    }

    /// Replaces the event's text, in the event, on the terminal and in `stdout`.
    pub fn replace_stdout(&mut self, text: impl Into<String>) {
        self.stdout = Some(text.into());
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A change of the run's status.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StatusChange<'call> {
    /// 1, 2, 3, …: with the run's id it names this change for ever.
    pub number: u32,
    /// `starting`, `running`, `successful`, `failed`, `timeout`, `canceled`. An open set.
    pub status: &'call str,
    /// No further status will come.
    pub is_final: bool,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created: u64,
    /// The exit code, once there is one.
    pub rc: Option<i32>,
    /// What Ansible Runner gives its plugins: one JSON object as text.
    pub json: &'call str,
}

/// One try to deliver a batch.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Attempt<'call> {
    /// `<run id>/<first>-<last>`; the same for each try. A receiver that must not see an
    /// event twice keys on run id and counter instead: after a crash batches are cut anew.
    pub id: &'call str,
    /// 1 at first.
    pub number: u32,
}

/// What a sink says other than "delivered".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryError {
    /// Not now. The same comes again, not before `after` if that is said.
    Retry {
        /// How long to wait; the host backs off by itself if there is none.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// This will never be accepted: the host sets it aside and goes on.
    Rejected(String),
    /// Nothing will be accepted: the host stops calling and keeps the place.
    Stopped(String),
}

impl DeliveryError {
    /// Not now.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { after: None, reason: reason.into() }
    }

    /// This event, never.
    pub fn rejected(reason: impl Into<String>) -> Self {
        Self::Rejected(reason.into())
    }

    /// Nobody's events.
    pub fn stopped(reason: impl Into<String>) -> Self {
        Self::Stopped(reason.into())
    }
}

/// A batch that did not arrive whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFailure {
    /// How many events, from the first, did arrive. They do not come again.
    pub accepted: usize,
    /// Why not more.
    pub error: DeliveryError,
}
