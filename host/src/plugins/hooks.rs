//! The hooks there are, and which of them a plugin has.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::OnError;

/// A place in a run where plugins take part: one interface of `wit/hooks.wit` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    /// Looks at a run before it starts, changes or refuses it.
    PreRun,
    /// Says which events go on.
    EventFilter,
    /// Adds to events or replaces what they say.
    EventEnricher,
    /// Takes status changes.
    StatusSink,
    /// Takes events.
    EventSink,
    /// Is called when it asked to be.
    Timer,
}

/// Which of two instances a hook is called on. They share nothing, so that a slow
/// endpoint never holds an event up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Before the event is written: pre-run, filter, enricher.
    Path,
    /// After: sinks and timer.
    Delivery,
}

impl Hook {
    /// All of them, in the order a run meets them.
    pub const ALL: [Self; 6] = [
        Self::PreRun,
        Self::EventFilter,
        Self::EventEnricher,
        Self::StatusSink,
        Self::EventSink,
        Self::Timer,
    ];

    /// As WIT, metadata and messages write it: `event-filter`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreRun => "pre-run",
            Self::EventFilter => "event-filter",
            Self::EventEnricher => "event-enricher",
            Self::StatusSink => "status-sink",
            Self::EventSink => "event-sink",
            Self::Timer => "timer",
        }
    }

    /// Where it is called.
    pub fn lane(self) -> Lane {
        match self {
            Self::PreRun | Self::EventFilter | Self::EventEnricher => Lane::Path,
            Self::StatusSink | Self::EventSink | Self::Timer => Lane::Delivery,
        }
    }

    /// What its failure does unless the operator says otherwise.
    pub(super) fn default_on_error(self, redacts: bool) -> OnError {
        match self {
            Self::PreRun => OnError::Abort,
            Self::EventEnricher if redacts => OnError::Withhold,
            _ => OnError::Continue,
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Lane {
    /// `path` or `delivery`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Delivery => "delivery",
        }
    }
}

/// The hooks of one plugin, as its exports have them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "six independent facts, one a hook")]
pub struct Hooks {
    /// It looks at a run before it starts.
    pub pre_run: bool,
    /// It says which events go on.
    pub event_filter: bool,
    /// It changes events.
    pub event_enricher: bool,
    /// It takes status changes.
    pub status_sink: bool,
    /// It takes events.
    pub event_sink: bool,
    /// It wants to be called when nothing happens.
    pub timer: bool,
}

impl Hooks {
    /// Whether the plugin has this one.
    pub fn has(&self, hook: Hook) -> bool {
        match hook {
            Hook::PreRun => self.pre_run,
            Hook::EventFilter => self.event_filter,
            Hook::EventEnricher => self.event_enricher,
            Hook::StatusSink => self.status_sink,
            Hook::EventSink => self.event_sink,
            Hook::Timer => self.timer,
        }
    }

    /// Whether the plugin has a hook in this lane. A timer alone makes no sink.
    pub fn has_lane(&self, lane: Lane) -> bool {
        Hook::ALL
            .into_iter()
            .any(|hook| hook != Hook::Timer && hook.lane() == lane && self.has(hook))
    }

    /// Those it has.
    pub fn iter(&self) -> impl Iterator<Item = Hook> {
        Hook::ALL.into_iter().filter(|&hook| self.has(hook))
    }
}

impl FromIterator<Hook> for Hooks {
    fn from_iter<I: IntoIterator<Item = Hook>>(hooks: I) -> Self {
        let mut found = Self::default();
        for hook in hooks {
            match hook {
                Hook::PreRun => found.pre_run = true,
                Hook::EventFilter => found.event_filter = true,
                Hook::EventEnricher => found.event_enricher = true,
                Hook::StatusSink => found.status_sink = true,
                Hook::EventSink => found.event_sink = true,
                Hook::Timer => found.timer = true,
            }
        }
        found
    }
}
