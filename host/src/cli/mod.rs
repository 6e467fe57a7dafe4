//! The command line: the only place that prints, exits, hears signals and reads the
//! home directory.

mod args;
mod debug_log;
mod explain;
mod history;
mod isolation_args;
mod keeper;
mod later;
mod order;
mod pid_file;
mod places;
mod plugin;
mod plugin_args;
mod printer;
mod progress;
mod reference;
mod run;
mod signals;
mod start;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::FromArgMatches as _;
use clap::error::ErrorKind;

use crate::exit_code;
use args::{Args, Subcommand};

/// Reads the arguments, does what they say and gives the exit code.
pub fn main() -> ExitCode {
    if keeper::is_asked_for() {
        return keeper::main();
    }
    let mut command = args::command();
    let words = order::subcommand_first(&command, std::env::args_os().collect());
    let matches = command.try_get_matches_from_mut(&words);
    let args = match matches.and_then(|mut matches| Args::from_arg_matches_mut(&mut matches)) {
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
        Subcommand::Start(args) => start::start(&args, &words),
        Subcommand::Background(args) => start::run_in_background(&args),
        Subcommand::Stop(args) => start::stop(&args),
        Subcommand::IsAlive(args) => start::is_alive(&args),
        Subcommand::Plugin(args) => plugin::plugin(&args),
        Subcommand::Status(args) => history::status(&args),
        Subcommand::Events(args) => history::events(&args),
        Subcommand::Explain(args) => explain::explain(&args),
        Subcommand::Deliver(args) => later::deliver(&args),
        Subcommand::Replay(args) => later::replay(&args),
        Subcommand::Completions { shell } => reference::completions(command, shell),
        Subcommand::Man { subcommand } => reference::man(command, subcommand.as_deref()),
    };
    exit(code)
}

/// This program's file. The link, where there is one, holds even if the file has been
/// replaced meanwhile.
fn this_program() -> PathBuf {
    let link = PathBuf::from("/proc/self/exe");
    if link.exists() { link } else { std::env::current_exe().unwrap_or_default() }
}

/// What a process can say of a code: its low byte.
fn exit(code: i32) -> ExitCode {
    ExitCode::from(code.to_le_bytes()[0])
}
