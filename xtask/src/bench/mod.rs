//! `cargo xtask bench`: Playhouse and Ansible Runner against bare ansible-playbook, as
//! ratios from one sitting. The three take turns, each round begins with another of
//! them, and a ratio is taken within a round, so that a machine that slows down slows
//! all three. It measures from outside and prints what it saw, targets or not.

mod contender;
mod filter_call;
mod measure;
mod playbook;
mod stand_in;
mod statistics;
mod table;

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

use contender::{Contender, Stage};
use measure::Usage;
use playbook::Playbook;
use table::{PlaybookRow, Table};

/// Measures everything and writes the table.
pub(crate) fn bench(workspace: &Workspace, options: &BenchOptions) -> Result<(), Failure> {
    let ansible = NEWEST.ensure(workspace)?;
    components::build(workspace)?;
    step("building playhouse", || suite::build_playhouse(workspace))?;
    let receiver = Receiver::start();
    let stage = Stage::set(workspace, &ansible, receiver.url())?;

    let mut rows = Vec::new();
    for playbook in Playbook::all(options.quick) {
        stage.install(&playbook)?;
        rows.push(PlaybookRow { runs: rounds(&stage, &playbook, options.rounds)?, playbook });
    }
    // A start takes milliseconds, so many of them cost little and say more.
    let starts = step("starting each to the point where ansible-playbook is executed", || {
        stand_in::starts(&stage, options.rounds * 4)
    })?;
    let table = Table {
        rows,
        starts,
        filter_call: filter_call::measure(workspace)?,
        versions: stage.versions()?,
        rounds: options.rounds,
        quick: options.quick,
    };
    let text = table.to_string();
    let path = workspace.target.join("bench.md");
    fs::write(&path, &text)
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", path.display())))?;
    screen::say(text);
    screen::talk(format!("written to {}", path.display()));
    Ok(())
}

/// One playbook, every contender in every round. The first run of each is thrown away:
/// it fills caches that later ones find full.
fn rounds(stage: &Stage, playbook: &Playbook, rounds: u32) -> Result<Vec<[Usage; 3]>, Failure> {
    step(&format!("warming up: {}", playbook.title), || {
        Contender::ALL.iter().try_for_each(|contender| stage.run(*contender).map(drop))
    })?;
    (0..rounds)
        .map(|round| {
            step(&format!("round {} of {rounds}: {}", round + 1, playbook.title), || {
                let mut usage = [Usage::default(); 3];
                for turn in 0..Contender::ALL.len() {
                    let place = (turn + round as usize) % Contender::ALL.len();
                    usage[place] = stage.run(Contender::ALL[place])?;
                }
                Ok(usage)
            })
        })
        .collect()
}
