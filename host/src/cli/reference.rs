//! `playhouse completions` and `playhouse man`: the command line for shells and `man`.

use std::io::{self, Write as _};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use super::printer;
use crate::exit_code;

/// The name that pages and shells know, whatever the file is called.
const NAME: &str = "playhouse";

/// Prints what `shell` needs to complete our words; the exit code.
pub(super) fn completions(mut command: Command, shell: Shell) -> i32 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut text);
    show(&text)
}

/// Prints the manual page of the program or of one subcommand, in roff; the exit code.
pub(super) fn man(command: Command, subcommand: Option<&str>) -> i32 {
    let mut command = command.name(NAME);
    command.build();
    let page = match subcommand {
        None => Some(command),
        Some(name) => command.find_subcommand(name).cloned(),
    };
    let Some(page) = page else {
        let name = subcommand.unwrap_or_default();
        printer::error(&format!("there is no `playhouse {name}`; see `playhouse --help`"));
        return exit_code::USAGE;
    };
    let mut text = Vec::new();
    match Man::new(page).render(&mut text) {
        Ok(()) => show(&text),
        Err(error) => {
            printer::error(&error.to_string());
            exit_code::INPUT
        }
    }
}

fn show(text: &[u8]) -> i32 {
    // Whoever closes the pipe has seen enough.
    let _ = io::stdout().lock().write_all(text);
    0
}
