//! One workload, by every contender in every round.

use crate::failure::Failure;
use crate::screen;
use crate::step::step;

use super::contender::{Contender, Each, Left, Stage};
use super::measure::Usage;
use super::workload::Workload;

/// A workload and what each round of it gave.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) workload: Workload,
    /// None where a contender did not finish.
    pub(crate) runs: Vec<Each<Option<Usage>>>,
    /// What a run of each has left.
    pub(crate) left: Each<Left>,
    /// Who did not finish, and why.
    pub(crate) dropouts: Vec<(Contender, String)>,
}

/// Runs `rounds` rounds. The first run of each is thrown away: it fills caches that later
/// ones find full. Who fails once is not asked again; without bare Ansible there is no row.
pub(crate) fn run(stage: &Stage, workload: Workload, rounds: u32) -> Result<Row, Failure> {
    let mut row = Row { workload, runs: Vec::new(), left: Each::default(), dropouts: Vec::new() };
    let title = format!("{}: {}", row.workload.name, row.workload.title);
    step(&format!("warming up: {title}"), || row.round(stage, "warm-up", Contender::ALL))?;
    for round in 0..rounds {
        let usage = step(&format!("round {} of {rounds}: {title}", round + 1), || {
            row.round(stage, &(round + 1).to_string(), Contender::in_round(round))
        })?;
        row.runs.push(usage);
    }
    Ok(row)
}

impl Row {
    fn round(
        &mut self,
        stage: &Stage,
        name: &str,
        order: Each<Contender>,
    ) -> Result<Each<Option<Usage>>, Failure> {
        let mut usage = Each::default();
        for contender in order {
            if self.dropouts.iter().any(|(dropout, _)| *dropout == contender) {
                continue;
            }
            let ident = format!("{}-{name}-{}", self.workload.name, contender as usize);
            match stage.run(contender, &self.workload, &ident) {
                Ok(used) => {
                    usage[contender as usize] = Some(used);
                    self.left[contender as usize] = stage.left(contender, &ident);
                }
                Err(failure) if contender == Contender::Bare => return Err(failure),
                Err(failure) => {
                    screen::talk(format!("    {failure}"));
                    self.dropouts.push((contender, failure.to_string()));
                }
            }
            if self.workload.is_bulky {
                stage.clear(contender, &ident)?;
            }
        }
        Ok(usage)
    }

    /// What each run of a contender cost, with bare Ansible's in the same round.
    pub(crate) fn pairs(&self, contender: Contender) -> Vec<(Usage, Usage)> {
        let pair = |round: &Each<Option<Usage>>| {
            Some((round[contender as usize]?, round[Contender::Bare as usize]?))
        };
        self.runs.iter().filter_map(pair).collect()
    }

    /// Whether a runner has left less of its events than Playhouse, beyond what differs
    /// in their form.
    pub(crate) fn has_less_than_all(&self, contender: Contender) -> bool {
        let bytes = |contender: Contender| self.left[contender as usize].bytes;
        10 * bytes(contender) < 9 * bytes(Contender::Playhouse)
            && !self.pairs(contender).is_empty()
            && contender != Contender::Bare
    }
}
