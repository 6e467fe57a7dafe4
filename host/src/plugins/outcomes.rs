//! What goes into a plugin beside events, and what comes out, in our own types.

use std::time::Duration;

use serde_json::Value;

/// The run, as every plugin is told of it at `init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFacts {
    /// Unique to this execution.
    pub id: String,
    /// The artifact directory's name.
    pub ident: String,
    /// As given, relative to the project directory.
    pub playbook: Option<String>,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub started: u64,
    /// `limit`, `controller`, `user`, …; the keys are listed in `wit/types.wit`.
    pub ext: Vec<(String, String)>,
}

/// A change of the run's status, for a status sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusChange<'change> {
    /// 1, 2, 3, …: with the run's id it names this change for ever.
    pub number: u32,
    /// `starting`, `running`, `successful`, …
    pub status: &'change str,
    /// No further status will come.
    pub is_final: bool,
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub created: u64,
    /// The exit code, once there is one.
    pub rc: Option<i32>,
    /// What Ansible Runner gives its plugins: one JSON object.
    pub json: &'change str,
}

/// One try to deliver a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `<run id>/<first>-<last>`; the same for each try.
    pub id: String,
    /// 1 at first.
    pub number: u32,
}

/// How the run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// The last status.
    pub status: String,
    /// The exit code, if Ansible got as far as that.
    pub rc: Option<i32>,
    /// Whether everything was delivered to this plugin.
    pub complete: bool,
}

/// A change that a pre-run hook asks for, at a JSON Pointer into the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Set a member, whether or not it is there.
    Set {
        /// Where.
        path: String,
        /// What it becomes.
        value: Value,
        /// The plugin's words, for the record.
        reason: String,
    },
    /// Add at the end of a list, made if it is not there.
    Append {
        /// The list.
        path: String,
        /// The new element.
        value: Value,
        /// The plugin's words, for the record.
        reason: String,
    },
    /// Remove a member if it is there.
    Unset {
        /// Where.
        path: String,
    },
}

/// What a filter said of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// One answer an event, in order. Kept without being asked: what the plugin does not
    /// subscribe to, and what it failed on.
    pub keep: Vec<bool>,
    /// Indices into the batch: events the plugin should have seen and gave no answer to.
    pub failed: Vec<usize>,
}

/// What an enricher said of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Key and JSON text of each note, no key twice.
    pub notes: Vec<(String, String)>,
    /// In place of `event_data`: one JSON object as text.
    pub data: Option<String>,
    /// In place of the event's text.
    pub stdout: Option<String>,
}

/// What an enricher said of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enriched {
    /// Index into the batch and what changes, in the batch's order, at most one an event.
    pub changes: Vec<(usize, Change)>,
    /// Indices into the batch: events the plugin should have seen and could not.
    pub failed: Vec<usize>,
}

/// How a delivery went. `accepted` counts events from the first of the batch that need
/// not be given again; for a status it is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivered {
    /// All of it arrived, or the plugin does not subscribe to it.
    All,
    /// Not now: give the rest again.
    Retry {
        /// Events that did arrive.
        accepted: usize,
        /// Not before this much time; the caller backs off by itself if there is none.
        after: Option<Duration>,
        /// The plugin's words.
        reason: String,
    },
    /// Something in the rest will never be accepted: narrow it down and set it aside.
    Rejected {
        /// Events that did arrive.
        accepted: usize,
        /// The plugin's words.
        reason: String,
    },
    /// Nothing will be accepted: stop calling, keep the cursor.
    Stopped {
        /// Events that did arrive.
        accepted: usize,
        /// The plugin's words.
        reason: String,
    },
    /// The instance was lost to a trap or an overrun. Give it again.
    Failed {
        /// What happened.
        reason: String,
    },
    /// The instance was lost once too often: the plugin takes no further part.
    Ended {
        /// What happened last.
        reason: String,
    },
}
