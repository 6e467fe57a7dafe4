//! `cargo xtask bench`: Playhouse and Ansible Runner against bare ansible-playbook, as
//! ratios from one sitting. All take turns, each round begins with another of them, and a
//! ratio is taken within a round, so that a machine that slows down slows all of them. It
//! measures from outside and prints what it saw, targets or not; who does not finish a
//! workload is named in the table.

mod contender;
mod crossing;
mod growth;
mod host_bench;
mod machine;
mod measure;
mod part;
mod readme;
mod rounds;
mod scale;
mod stand_in;
mod statistics;
mod svg;
mod table;
mod workload;

pub(crate) use part::Part;
pub(crate) use stand_in::act_as_ansible_playbook;

use std::fs;
use std::path::Path;

use receiver::Receiver;

use crate::ansible::NEWEST;
use crate::cli::BenchOptions;
use crate::components;
use crate::failure::Failure;
use crate::screen;
use crate::step::step;
use crate::suite;
use crate::workspace::Workspace;

use contender::{Stage, cannot_write};
use machine::Machine;
use scale::Scale;
use table::Table;
use workload::Workload;

/// Rounds where the command line does not say how many, and with `--quick`.
const ROUNDS: u32 = 7;
const QUICK_ROUNDS: u32 = 3;

/// The picture that the README shows, below the repository.
const PICTURE: &str = "tests/scale.svg";

/// Measures what was chosen and writes the table.
pub(crate) fn bench(workspace: &Workspace, options: &BenchOptions) -> Result<(), Failure> {
    let ansible = NEWEST.ensure(workspace)?;
    components::build(workspace)?;
    step("building playhouse", || suite::build_playhouse(workspace))?;
    let machine = Machine::look();
    let receiver = Receiver::start();
    let stage = Stage::set(workspace, &ansible, receiver.url())?;
    if options.scale {
        scale(workspace, &stage, options, &machine)?;
    } else {
        compare(workspace, &stage, options, machine)?;
    }
    stage.sweep()
}

fn compare(
    workspace: &Workspace,
    stage: &Stage,
    options: &BenchOptions,
    machine: Machine,
) -> Result<(), Failure> {
    let rounds = options.rounds.unwrap_or(if options.quick { QUICK_ROUNDS } else { ROUNDS });
    let command = command_line(&options.parts, rounds, options.quick);
    let mut table = Table::new(command, options.quick, machine, stage.versions()?);
    for part in Part::chosen(&options.parts) {
        match Workload::of(part, options.quick) {
            Some(workload) => {
                stage.install(&workload)?;
                if part == Part::StartUp {
                    // A start takes milliseconds, so many of them cost little and say more.
                    let title = "starting each until ansible-playbook is executed";
                    table.starts = step(title, || stand_in::starts(stage, &workload, rounds * 4))?;
                }
                table.rows.push(rounds::run(stage, workload, rounds)?);
            }
            None if part == Part::Crossing => {
                table.crossings = crossing::measure(workspace)?;
            }
            None => {
                let events = if options.quick { 10_000 } else { 100_000 };
                table.stream = Some(step("a recorded run without Ansible", || {
                    host_bench::stages(workspace, events)
                })?);
            }
        }
    }
    write(&workspace.target.join("bench.md"), &table.to_string())?;
    screen::say(&table);
    if options.readme {
        readme::put(workspace, "cargo xtask bench", &table.for_readme())?;
    }
    table.check_that_playhouse_finished()
}

fn scale(
    workspace: &Workspace,
    stage: &Stage,
    options: &BenchOptions,
    machine: &Machine,
) -> Result<(), Failure> {
    let scale = Scale::measure(workspace, stage, options.rounds.unwrap_or(1), options.quick)?;
    let text = format!(
        "{scale}\nMade by `cargo xtask bench --scale{}` on {}, with {}.\n",
        if options.quick { " --quick" } else { "" },
        machine.describe(),
        stage.versions()?.join(", ")
    );
    let picture = svg::draw(&scale.charts());
    write(&workspace.target.join("scale.md"), &text)?;
    write(&workspace.target.join("scale.svg"), &picture)?;
    screen::say(&text);
    if options.readme {
        write(&workspace.root.join(PICTURE), &picture)?;
        let text = format!("![cost over events and hosts]({PICTURE})\n\n{text}");
        readme::put(workspace, "cargo xtask bench --scale", &text)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(cannot_write(path))?;
    screen::talk(format!("written to {}", path.display()));
    Ok(())
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
