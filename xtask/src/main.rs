//! `cargo xtask`: what it takes to build, test, show and measure Playhouse on a bare
//! machine. Each command prepares what it needs, says what it does and how long it
//! took, and ends with one sentence and the failing step's exit code when it cannot go
//! on. It knows Playhouse as a user does, by its command line and its files, and must
//! not depend on the host crate: it has to compile in seconds.

mod ansible;
mod bench;
mod cli;
mod components;
mod debian;
mod demo;
mod elsewhere;
mod failure;
mod instructions;
mod python;
mod python_plugins;
mod screen;
mod step;
mod suite;
mod toolchain;
mod virtual_env;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Command, Xtask};
use failure::Failure;
use workspace::Workspace;

fn main() -> ExitCode {
    if let Some(code) = bench::act_as_ansible_playbook().or_else(elsewhere::act_as_c_compiler) {
        return code;
    }
    match run(Xtask::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen::talk(format!("xtask: {failure}"));
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let workspace = Workspace::read()?;
    match command {
        Command::Plugins => {
            components::build(&workspace)?;
            python_plugins::build(&workspace)
        }
        Command::Test { cargo_test_args } => suite::test(&workspace, &cargo_test_args),
        Command::Conformance { cases } => suite::conformance(&workspace, &cases),
        Command::Demo => demo::show(&workspace),
        Command::Instructions { accept } => {
            debian::ensure_programs(debian::FOR_INSTRUCTIONS)?;
            components::build(&workspace)?;
            if accept { instructions::accept(&workspace) } else { instructions::check(&workspace) }
        }
        Command::Bench(options) => bench::bench(&workspace, &options),
    }
}
