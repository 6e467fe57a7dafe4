//! What a guest says in words: nothing of it leaves an instance with a secret in it.

use std::borrow::Cow;

use super::bindings::exports::playhouse::plugin::{event_enricher, event_sink, lifecycle, pre_run};
use super::bindings::playhouse::plugin::delivery::DeliveryError;
use super::log::PluginLog;

/// An answer of a guest. Each kind of answer says which of it are words for a person.
pub(super) trait Said: Sized {
    /// Hides secrets in its words.
    fn conceal(&mut self, log: &PluginLog);

    /// The same, in passing.
    fn concealed(mut self, log: &PluginLog) -> Self {
        self.conceal(log);
        self
    }
}

impl Said for String {
    fn conceal(&mut self, log: &PluginLog) {
        if let Cow::Owned(hidden) = log.without_secrets(self) {
            *self = hidden;
        }
    }
}

impl<T: Said, E: Said> Said for Result<T, E> {
    fn conceal(&mut self, log: &PluginLog) {
        match self {
            Ok(answer) => answer.conceal(log),
            Err(error) => error.conceal(log),
        }
    }
}

impl Said for () {
    fn conceal(&mut self, _: &PluginLog) {}
}

/// A filter's answers.
impl Said for Vec<bool> {
    fn conceal(&mut self, _: &PluginLog) {}
}

/// What an enricher gives becomes part of the events, which are gone through as they are,
/// but for the names of notes: with `********` in it a name is none, and the note is dropped.
impl Said for Vec<event_enricher::Change> {
    fn conceal(&mut self, log: &PluginLog) {
        for note in self.iter_mut().flat_map(|change| &mut change.notes) {
            note.key.conceal(log);
        }
    }
}

/// When a timer wants to be called again.
impl Said for Option<u32> {
    fn conceal(&mut self, _: &PluginLog) {}
}

impl Said for Vec<pre_run::Edit> {
    fn conceal(&mut self, log: &PluginLog) {
        for edit in self {
            match edit {
                pre_run::Edit::Set(assignment) | pre_run::Edit::Append(assignment) => {
                    assignment.reason.conceal(log);
                }
                pre_run::Edit::Unset(_) => {}
            }
        }
    }
}

impl Said for pre_run::PrepareError {
    fn conceal(&mut self, log: &PluginLog) {
        match self {
            Self::Refused(refusal) => refusal.reason.conceal(log),
            Self::Failed(reason) => reason.conceal(log),
        }
    }
}

impl Said for lifecycle::InitError {
    fn conceal(&mut self, log: &PluginLog) {
        match self {
            Self::Config(error) => {
                error.setting.conceal(log);
                error.message.conceal(log);
            }
            Self::Failed(reason) => reason.conceal(log),
        }
    }
}

impl Said for DeliveryError {
    fn conceal(&mut self, log: &PluginLog) {
        match self {
            Self::Retry(retry) => retry.reason.conceal(log),
            Self::Rejected(reason) | Self::Stopped(reason) => reason.conceal(log),
        }
    }
}

impl Said for event_sink::DeliveryFailure {
    fn conceal(&mut self, log: &PluginLog) {
        self.error.conceal(log);
    }
}
