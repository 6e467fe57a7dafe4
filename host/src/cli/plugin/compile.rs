//! `playhouse plugin compile`: the process in which a run has a plugin compiled. Nobody
//! types this.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use crate::plugins;

/// Compiles standard input to standard output; the exit code.
pub(super) fn compile() -> i32 {
    let compiled = io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| error.to_string())
        .and_then(|output| plugins::compile(&mut io::stdin().lock(), &mut File::from(output)));
    match compiled {
        Ok(()) => 0,
        Err(reason) => {
            // Whoever started this reads it as it is; if nobody does nothing is lost.
            let _ = writeln!(io::stderr().lock(), "{reason}");
            1
        }
    }
}
