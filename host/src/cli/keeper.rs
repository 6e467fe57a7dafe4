//! `playhouse keeper`: the process between a run and Ansible. Nobody types this.

use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::exec::{KeeperProgram, keep};

const WORD: &str = "keeper";

/// This program as the keeper of its own runs.
pub(super) fn this_program() -> KeeperProgram {
    // The link, where there is one, holds even if the file has been replaced meanwhile.
    let link = PathBuf::from("/proc/self/exe");
    let program = if link.exists() { link } else { std::env::current_exe().unwrap_or_default() };
    KeeperProgram { program, arguments: vec![WORD.to_owned()] }
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
