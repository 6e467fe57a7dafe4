//! Why a command about plugins does not do its work.

use std::error::Error;

use crate::plugins::{InstallError, PluginError};
use crate::{RunError, exit_code};

/// What to say, and the exit code.
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) code: i32,
}

impl Failure {
    /// Something of the operator's cannot be used as it is.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: exit_code::CONFIGURATION }
    }

    fn of(error: &dyn Error, code: i32) -> Self {
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self { message, code }
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        Self::of(&error, error.exit_code())
    }
}

impl From<PluginError> for Failure {
    fn from(error: PluginError) -> Self {
        Self::of(&error, exit_code::CONFIGURATION)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::of(&error, error.exit_code())
    }
}
