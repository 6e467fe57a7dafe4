//! The tables, as Markdown: for the terminal, `target/bench.md` and the README.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::failure::Failure;

use super::contender::{Contender, Each};
use super::crossing::Crossing;
use super::machine::Machine;
use super::measure::Usage;
use super::rounds::Row;
use super::statistics::Spread;
use super::workload::megabytes;

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Table {
    /// The workloads.
    pub(crate) rows: Vec<Row>,
    /// From the command to the execution of ansible-playbook, a round each.
    pub(crate) starts: Vec<Each<Duration>>,
    /// As the host's own bench says it.
    pub(crate) crossings: Vec<Crossing>,
    /// The tables of a recorded run without Ansible.
    pub(crate) stream: Option<String>,
    /// What made this.
    command: String,
    quick: bool,
    machine: Machine,
    /// What the three programs call themselves.
    versions: [String; 3],
}

impl Table {
    /// Without rows.
    pub(crate) fn new(
        command: String,
        quick: bool,
        machine: Machine,
        versions: [String; 3],
    ) -> Self {
        Self {
            rows: Vec::new(),
            starts: Vec::new(),
            crossings: Vec::new(),
            stream: None,
            command,
            quick,
            machine,
            versions,
        }
    }

    /// A peer that does not finish is a note, we are a failure.
    pub(crate) fn check_that_playhouse_finished(&self) -> Result<(), Failure> {
        let mut dropouts = self.rows.iter().flat_map(|row| &row.dropouts);
        match dropouts.find(|(contender, _)| *contender != Contender::AnsibleRunner) {
            Some((_, reason)) => Err(Failure::new(reason)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summarise(out)?;
        for row in &self.rows {
            row.detail(out)?;
        }
        if let Some(stream) = &self.stream {
            writeln!(out, "\n### stream: a recorded run without Ansible\n\n{}", stream.trim())?;
        }
        self.describe(out)
    }
}

impl Table {
    /// All but the details of each workload.
    pub(crate) fn for_readme(&self) -> String {
        let mut text = String::new();
        // Texts take everything.
        let _ = self.summarise(&mut text);
        if let Some(stream) = &self.stream {
            let _ = write!(text, "\n{}\n", stream.trim());
        }
        let _ = self.describe(&mut text);
        text
    }

    fn summarise(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if self.rows.is_empty() && self.crossings.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "| work | ansible-playbook | Ansible Runner | Playhouse | Playhouse, 3 plugins | goal |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} |",
                row.workload.title,
                row.bare(),
                row.ratios(Contender::AnsibleRunner),
                row.ratios(Contender::Playhouse),
                row.ratios(Contender::WithPlugins),
                row.workload.goal
            )?;
        }
        if !self.starts.is_empty() {
            let starts = Contender::ALL.map(|contender| self.start(contender)).join(" | ");
            writeln!(
                out,
                "| start: command entered to ansible-playbook executed | {starts} | ≤ 15 ms |"
            )?;
        }
        let row = self.rows.iter().find(|row| row.memory(Contender::Playhouse).is_some());
        if let Some(row) = row {
            let memory = |contender| {
                row.memory(contender)
                    .map_or("–".to_owned(), |mib| format!("{:.0} MiB", mib.highest))
            };
            writeln!(
                out,
                "| memory of the runner itself, peak, in the first work | – | {} | {} | {} | \
                 ≤ 40 MiB |",
                memory(Contender::AnsibleRunner),
                memory(Contender::Playhouse),
                memory(Contender::WithPlugins)
            )?;
        }
        for Crossing { hook, cost } in &self.crossings {
            writeln!(
                out,
                "| one event through one typed {hook}, in a batch | – | (Python call) | – | {cost} \
                 | ≤ 1 µs |"
            )?;
        }
        Ok(())
    }

    fn start(&self, contender: Contender) -> String {
        let times = self.starts.iter().map(|round| round[contender as usize]);
        let spread = Spread::of(times.map(|time| time.as_secs_f64() * 1000.0));
        format!("{:.1} ms ({:.1}–{:.1})", spread.median, spread.lowest, spread.highest)
    }

    fn describe(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let [ansible, runner, playhouse] = &self.versions;
        writeln!(
            out,
            "\nMade by `{}` on {}, with {ansible}, {runner}, {playhouse}.\n",
            self.command,
            self.machine.describe(),
        )?;
        if self.quick {
            writeln!(out, "A tenth of the work was done: not for quoting.\n")?;
        }
        writeln!(
            out,
            "Ratios are to bare `ansible-playbook` in the same round. Every number is a median, \
             with the lowest and highest in brackets. CPU is user and system time of the whole \
             process tree, output goes to /dev/null, and all get the same forks and fact cache. \
             The three plugins are annotate, only-failed (for http-sink) and http-sink, whose \
             receiver is on the same machine and not counted. A start is measured with a program \
             in ansible-playbook's place that only notes the time; its own start is the first \
             number. Own CPU and memory are those of the \
             runner's process without its children; memory is its highest VmHWM."
        )
    }
}

impl Row {
    fn bare(&self) -> String {
        let bare = |of: fn(&Usage) -> Duration| {
            Spread::of(self.pairs(Contender::Bare).iter().map(|(_, bare)| of(bare).as_secs_f64()))
                .median
        };
        format!("CPU {:.2} s, wall {:.2} s", bare(|usage| usage.cpu), bare(|usage| usage.wall))
    }

    fn ratios(&self, contender: Contender) -> String {
        if self.dropouts.iter().any(|(dropout, _)| *dropout == contender) {
            return "did not finish".to_owned();
        }
        let note = if self.has_less_than_all(contender) { ", left data out" } else { "" };
        format!(
            "CPU {}, wall {}{note}",
            self.ratio(contender, |usage| usage.cpu),
            self.ratio(contender, |usage| usage.wall)
        )
    }

    fn ratio(&self, contender: Contender, of: fn(&Usage) -> Duration) -> String {
        let pairs = self.pairs(contender);
        let ratios = pairs.iter().map(|(own, bare)| of(own).as_secs_f64() / of(bare).as_secs_f64());
        let spread = Spread::of(ratios);
        format!("{:.2}x ({:.2}–{:.2})", spread.median, spread.lowest, spread.highest)
    }

    /// MiB; none where it is unknown.
    #[expect(clippy::cast_precision_loss, reason = "MiB with two digits")]
    fn memory(&self, contender: Contender) -> Option<Spread> {
        let pairs = self.pairs(contender);
        let known = pairs.iter().map(|(own, _)| own.peak_memory).filter(|&peak| peak > 0);
        let peaks: Vec<f64> = known.map(|peak| peak as f64 / f64::from(1 << 20)).collect();
        (!peaks.is_empty()).then(|| Spread::of(peaks))
    }

    /// A table of its own for one workload.
    fn detail(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n### {}: {}\n", self.workload.name, self.workload.title)?;
        writeln!(
            out,
            "| | wall, s | CPU, s | wall to bare | CPU to bare | own CPU, s | own memory, MiB | \
             `job_events` |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|")?;
        for contender in Contender::ALL {
            let pairs = self.pairs(contender);
            if pairs.is_empty() {
                writeln!(out, "| {} | did not finish | | | | | | |", contender.title())?;
                continue;
            }
            let seconds = |of: fn(&Usage) -> Duration| {
                let spread = Spread::of(pairs.iter().map(|(own, _)| of(own).as_secs_f64()));
                format!("{:.2} ({:.2}–{:.2})", spread.median, spread.lowest, spread.highest)
            };
            let (wall, cpu) = (seconds(|usage| usage.wall), seconds(|usage| usage.cpu));
            let own_cpu = seconds(|usage| usage.own_cpu);
            write!(out, "| {} | {wall} | {cpu} |", contender.title())?;
            if contender == Contender::Bare {
                writeln!(out, " 1 | 1 | – | – | – |")?;
                continue;
            }
            let memory = self.memory(contender).map_or("–".to_owned(), |spread| {
                format!("{:.0} ({:.0}–{:.0})", spread.median, spread.lowest, spread.highest)
            });
            let left = self.left[contender as usize];
            writeln!(
                out,
                " {} | {} | {own_cpu} | {memory} | {} files, {:.1} MB |",
                self.ratio(contender, |usage| usage.wall),
                self.ratio(contender, |usage| usage.cpu),
                left.events,
                megabytes(left.bytes)
            )?;
        }
        for (contender, reason) in &self.dropouts {
            writeln!(out, "\n{} did not finish: {}", contender.title(), one_line(reason))?;
        }
        if self.has_less_than_all(Contender::AnsibleRunner) {
            writeln!(
                out,
                "\nAnsible Runner did less here: it leaves out the data of a result that has more \
                 than 700,000 characters."
            )?;
        }
        Ok(())
    }
}

/// The beginning of what may be a page of text.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::contender::Left;
    use crate::bench::part::Part;
    use crate::bench::workload::Workload;

    fn round(seconds: Each<u64>) -> Each<Option<Usage>> {
        seconds.map(|seconds| {
            Some(Usage {
                wall: Duration::from_secs(seconds),
                cpu: Duration::from_secs(2 * seconds),
                own_cpu: Duration::from_secs(1),
                peak_memory: seconds << 20,
            })
        })
    }

    fn table(row: Row) -> Table {
        let versions = ["a 1", "r 2", "p 3"].map(str::to_owned);
        let mut table = Table::new("cargo xtask bench".to_owned(), true, Machine::look(), versions);
        table.rows.push(row);
        table.starts = vec![[1, 250, 12, 14].map(Duration::from_millis)];
        table
    }

    fn row() -> Row {
        Row {
            workload: Workload::of(Part::EventHeavy, true).expect("a workload"),
            runs: vec![round([10, 20, 11, 12]), round([20, 40, 24, 24])],
            left: [0, 40, 100, 100].map(|bytes| Left { events: 7, bytes }),
            dropouts: Vec::new(),
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let text = table(row()).to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[2],
            "| 1 host, one debug looped 500 times | CPU 30.00 s, wall 15.00 s \
             | CPU 2.00x (2.00–2.00), wall 2.00x (2.00–2.00), left data out \
             | CPU 1.15x (1.10–1.20), wall 1.15x (1.10–1.20) \
             | CPU 1.20x (1.20–1.20), wall 1.20x (1.20–1.20) | CPU ≤ 1.04x, wall ≤ 1.01x |"
        );
        assert!(
            lines[3]
                .contains("| 1.0 ms (1.0–1.0) | 250.0 ms (250.0–250.0) | 12.0 ms (12.0–12.0) |"),
            "{text}"
        );
        assert!(lines[4].ends_with("| – | 40 MiB | 24 MiB | 24 MiB | ≤ 40 MiB |"), "{text}");
        assert!(!text.contains("one typed"), "{text}");
        let detail = lines.iter().find(|line| line.starts_with("| Playhouse |"));
        assert_eq!(
            detail.copied(),
            Some(
                "| Playhouse | 17.50 (11.00–24.00) | 35.00 (22.00–48.00) | 1.15x (1.10–1.20) \
                 | 1.15x (1.10–1.20) | 1.00 (1.00–1.00) | 18 (11–24) | 7 files, 0.0 MB |"
            )
        );
    }

    #[test]
    fn a_peer_that_does_not_finish_is_named_and_no_failure() {
        let mut dropped = row();
        for round in &mut dropped.runs {
            round[Contender::AnsibleRunner as usize] = None;
        }
        dropped.dropouts.push((Contender::AnsibleRunner, "it had\nnot ended".to_owned()));
        let table = table(dropped);
        let text = table.to_string();
        assert!(text.contains("| did not finish | CPU 1.15x"), "{text}");
        assert!(text.contains("Ansible Runner did not finish: it had not ended"), "{text}");
        table.check_that_playhouse_finished().expect("a peer's trouble is not ours");
    }

    #[test]
    fn playhouse_that_does_not_finish_is_a_failure() {
        let mut dropped = row();
        dropped.dropouts.push((Contender::WithPlugins, "it was killed".to_owned()));
        let failure = table(dropped).check_that_playhouse_finished().expect_err("a failure");
        assert_eq!(failure.to_string(), "it was killed");
    }
}
