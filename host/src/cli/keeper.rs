//! `playhouse keeper`: the process between a run and Ansible. Nobody types this.

use std::os::fd::AsFd as _;
use std::process::ExitCode;

use crate::exec::{KeeperProgram, keep};

const WORD: &str = "keeper";

/// This program as the keeper of its own runs.
pub(super) fn program() -> KeeperProgram {
    KeeperProgram { program: super::this_program(), arguments: vec![WORD.to_owned()] }
}

/// Whether this process is to be a keeper. Looked at before anything else, since a run
/// waits for it.
pub(super) fn is_asked_for() -> bool {
    std::env::args_os().nth(1).is_some_and(|word| word == WORD)
}

/// Keeps the run whose socket is the standard input.
pub(super) fn main() -> ExitCode {
    let kept = std::io::stdin().as_fd().try_clone_to_owned().and_then(keep);
    if kept.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
