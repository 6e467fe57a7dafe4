//! The command line: the only place that prints, exits, hears signals and reads the
//! home directory.

mod args;
mod keeper;
mod order;
mod printer;
mod run;
mod signals;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};

use crate::exit_code;
use args::{Args, Subcommand};

/// Reads the arguments, does what they say and gives the exit code.
pub fn main() -> ExitCode {
    if keeper::is_asked_for() {
        return keeper::main();
    }
    let words = order::subcommand_first(&Args::command(), std::env::args_os().collect());
    let args = match Args::try_parse_from(words) {
        Ok(args) => args,
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
                _ => exit_code::USAGE,
            };
            // A closed terminal is no reason for another exit code.
            let _ = error.print();
            return exit(code);
        }
    };
    let code = match args.subcommand {
        Subcommand::Run(args) => run::run(&args),
    };
    exit(code)
}

/// What a process can say of a code: its low byte.
fn exit(code: i32) -> ExitCode {
    ExitCode::from(code.to_le_bytes()[0])
}
