//! Why a command stopped: one sentence for people, one exit code for machines.

use std::fmt;
use std::process::ExitCode;

/// The end of a command that could not go on.
#[derive(Debug)]
pub(crate) struct Failure {
    sentence: String,
    code: u8,
}

impl Failure {
    /// Something is missing or wrong; exit code 1.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), code: 1 }
    }

    /// A program we started ended with `code`; none if a signal ended it. So do we.
    pub(crate) fn of_program(sentence: impl Into<String>, code: Option<i32>) -> Self {
        let code = code.and_then(|code| u8::try_from(code).ok()).filter(|&code| code != 0);
        Self { sentence: sentence.into(), code: code.unwrap_or(1) }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}
