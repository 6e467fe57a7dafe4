//! The only place that prints. Results go to standard output, progress and failures to
//! standard error.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks, and does it here only"
)]

use std::fmt::Display;

/// One line, or several, of what was asked for.
pub(crate) fn say(text: impl Display) {
    println!("{text}");
}

/// A heading of a tour, with room above it.
pub(crate) fn say_heading(text: impl Display) {
    println!("\n── {text} ──\n");
}

/// One line about what is going on.
pub(crate) fn talk(text: impl Display) {
    eprintln!("{text}");
}
