//! `cargo xtask bench`: Playhouse and Ansible Runner against bare ansible-playbook, as
//! ratios from one sitting. All take turns, each round begins with another of them, and a
//! ratio is taken within a round, so that a machine that slows down slows all of them. It
//! measures from outside and prints what it saw, targets or not; who does not finish a
//! workload is named in the table.

mod contender;
mod filter_call;
mod machine;
mod measure;
mod part;
mod rounds;
mod stand_in;
mod statistics;
mod table;
mod workload;

pub(crate) use part::Part;
pub(crate) use stand_in::act_as_ansible_playbook;

use std::fs;

use receiver::Receiver;

use crate::ansible::NEWEST;
use crate::cli::BenchOptions;
use crate::components;
use crate::failure::Failure;
use crate::screen;
use crate::step::step;
use crate::suite;
use crate::workspace::Workspace;

use contender::Stage;
use machine::Machine;
use table::Table;
use workload::Workload;

/// Rounds where the command line does not say how many, and with `--quick`.
const ROUNDS: u32 = 7;
const QUICK_ROUNDS: u32 = 3;

/// Measures what was chosen and writes the table.
pub(crate) fn bench(workspace: &Workspace, options: &BenchOptions) -> Result<(), Failure> {
    let parts = Part::chosen(&options.parts);
    let rounds = options.rounds.unwrap_or(if options.quick { QUICK_ROUNDS } else { ROUNDS });
    let ansible = NEWEST.ensure(workspace)?;
    components::build(workspace)?;
    step("building playhouse", || suite::build_playhouse(workspace))?;
    let machine = Machine::look();
    let receiver = Receiver::start();
    let stage = Stage::set(workspace, &ansible, receiver.url())?;

    let command = command_line(&options.parts, rounds, options.quick);
    let mut table = Table::new(command, options.quick, machine, stage.versions()?);
    for part in parts {
        if let Some(workload) = Workload::of(part, options.quick) {
            stage.install(&workload)?;
            if part == Part::StartUp {
                // A start takes milliseconds, so many of them cost little and say more.
                table.starts = step("starting each until ansible-playbook is executed", || {
                    stand_in::starts(&stage, &workload, rounds * 4)
                })?;
            }
            table.rows.push(rounds::run(&stage, workload, rounds)?);
        } else if part == Part::Filter {
            table.filter_call = filter_call::measure(workspace)?;
        }
    }
    let text = table.to_string();
    let path = workspace.target.join("bench.md");
    fs::write(&path, &text)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))?;
    screen::say(text);
    screen::talk(format!("written to {}", path.display()));
    table.check_that_playhouse_finished()
}

/// What was asked for, with all that was not said.
fn command_line(parts: &[Part], rounds: u32, quick: bool) -> String {
    let mut words = vec!["cargo xtask bench".to_owned()];
    words.extend(parts.iter().map(Part::to_string));
    words.push(format!("--rounds {rounds}"));
    if quick {
        words.push("--quick".to_owned());
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_how_it_can_be_made_again() {
        assert_eq!(command_line(&[], 7, false), "cargo xtask bench --rounds 7");
        assert_eq!(
            command_line(&[Part::StartUp, Part::Facts], 3, true),
            "cargo xtask bench start-up facts --rounds 3 --quick"
        );
    }
}
