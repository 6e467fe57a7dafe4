//! Ansible Runner 2.4.3 on the same input, in the same place.

use std::path::PathBuf;
use std::process::Output;

use crate::{Ran, RunTest};

/// What one of the two left of a private data directory.
#[derive(Debug)]
pub(crate) struct Left {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// What was printed.
    pub(crate) stdout: String,
    /// The private data directory, wherever it lies now.
    pub(crate) data: PathBuf,
    /// The run's artifacts in it.
    pub(crate) artifacts: PathBuf,
}

/// What both left of one private data directory.
pub(crate) struct Both {
    /// Playhouse's run.
    pub(crate) ran: Ran,
    /// What it left.
    pub(crate) ours: Left,
    /// What Ansible Runner left.
    pub(crate) theirs: Left,
    /// Whether only the order of one host's events is settled.
    pub(crate) any_order: bool,
}

/// Runs Ansible Runner and then Playhouse, each on the private data directory as it was
/// set up, at the same path and with the same words.
pub(crate) fn run_both(test: RunTest) -> Both {
    let last = |run: &mut dyn FnMut() -> Output| {
        for _ in 1..test.times {
            run();
        }
        run()
    };
    test.keep_copy();
    let output = last(&mut || test.peers_command().output().expect("Ansible Runner starts"));
    let data = test.begin_again("peer");
    let theirs = Left::new(&output, data, &test.artifacts);

    let output = last(&mut || test.command().output().expect("the program under test starts"));
    let ours = Left::new(&output, test.private_data_dir(), &test.artifacts);
    let any_order = test.any_order;
    Both { ran: test.ended(&output), ours, theirs, any_order }
}

impl Left {
    fn new(output: &Output, data: PathBuf, artifacts: &str) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            artifacts: data.join(artifacts),
            data,
        }
    }
}
