//! The table, as Markdown: for the terminal, `target/bench.md` and the README.

use std::fmt;
use std::time::Duration;

use super::contender::Contender;
use super::measure::Usage;
use super::playbook::Playbook;
use super::statistics::Spread;

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Table {
    /// The playbooks; the first is the one whose memory is shown.
    pub(crate) rows: Vec<PlaybookRow>,
    /// From the command to the execution of ansible-playbook, a round each.
    pub(crate) starts: Vec<[Duration; 3]>,
    /// As the host's own bench says it.
    pub(crate) filter_call: Option<String>,
    /// What the three programs call themselves.
    pub(crate) versions: [String; 3],
    pub(crate) rounds: u32,
    pub(crate) quick: bool,
}

/// One playbook and what each round of it gave, in the contenders' order.
#[derive(Debug)]
pub(crate) struct PlaybookRow {
    pub(crate) playbook: Playbook,
    pub(crate) runs: Vec<[Usage; 3]>,
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| work | ansible-playbook | Ansible Runner | Playhouse | goal |")?;
        writeln!(out, "|---|---|---|---|---|")?;
        for row in &self.rows {
            writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                row.playbook.title,
                row.bare(),
                row.ratios(Contender::AnsibleRunner),
                row.ratios(Contender::Playhouse),
                row.playbook.goal
            )?;
        }
        writeln!(
            out,
            "| start: command entered to ansible-playbook executed | {} | {} | {} | ≤ 15 ms |",
            self.start(Contender::Bare),
            self.start(Contender::AnsibleRunner),
            self.start(Contender::Playhouse)
        )?;
        if let Some(row) = self.rows.first().filter(|row| row.memory(Contender::Bare) > 0.0) {
            writeln!(
                out,
                "| memory of the runner itself, peak | – | {:.0} MiB | {:.0} MiB | ≤ 40 MiB |",
                row.memory(Contender::AnsibleRunner),
                row.memory(Contender::Playhouse)
            )?;
        }
        if let Some(cost) = &self.filter_call {
            writeln!(
                out,
                "| one event through one typed filter, in a batch | – | (Python call) | {cost} | \
                 ≤ 1 µs |"
            )?;
        }
        self.describe(out)
    }
}

impl Table {
    fn start(&self, contender: Contender) -> String {
        let times = self.starts.iter().map(|round| round[contender as usize]);
        let spread = Spread::of(times.map(|time| time.as_secs_f64() * 1000.0));
        format!("{:.1} ms ({:.1}–{:.1})", spread.median, spread.lowest, spread.highest)
    }

    fn describe(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let [ansible, runner, playhouse] = &self.versions;
        writeln!(
            out,
            "\nMade by `cargo xtask bench --rounds {}{}` on {cores} cores of {}, with {ansible}, \
             {runner}, {playhouse}.\n",
            self.rounds,
            if self.quick { " --quick" } else { "" },
            std::env::consts::ARCH,
        )?;
        if self.quick {
            writeln!(out, "A tenth of the work was done: not for quoting.\n")?;
        }
        writeln!(
            out,
            "Ratios are to bare `ansible-playbook` in the same round: median, and in brackets \
             lowest and highest. CPU is user and system time of the whole process tree, output \
             goes to /dev/null, and all three get the same forks and fact cache. Playhouse runs \
             with three plugins: annotate, only-failed (for http-sink) and http-sink, whose \
             receiver is on the same machine and not counted. A start is measured with a program \
             in ansible-playbook's place that only notes the time; its own start is the first \
             number. Memory is the highest VmHWM of the runner's process without its children, in \
             the first row's work."
        )
    }
}

impl PlaybookRow {
    fn bare(&self) -> String {
        let bare = |of: fn(&Usage) -> Duration| {
            Spread::of(self.runs.iter().map(|round| of(&round[0]).as_secs_f64())).median
        };
        format!("CPU {:.2} s, wall {:.2} s", bare(|usage| usage.cpu), bare(|usage| usage.wall))
    }

    fn ratios(&self, contender: Contender) -> String {
        let ratio = |of: fn(&Usage) -> Duration| {
            let spread = Spread::of(self.runs.iter().map(|round| {
                of(&round[contender as usize]).as_secs_f64() / of(&round[0]).as_secs_f64()
            }));
            format!("{:.2}x ({:.2}–{:.2})", spread.median, spread.lowest, spread.highest)
        };
        format!("CPU {}, wall {}", ratio(|usage| usage.cpu), ratio(|usage| usage.wall))
    }

    /// MiB, the highest of all rounds.
    #[expect(clippy::cast_precision_loss, reason = "MiB with two digits")]
    fn memory(&self, contender: Contender) -> f64 {
        let peaks = self.runs.iter().map(|round| round[contender as usize].peak_memory);
        peaks.max().unwrap_or(0) as f64 / f64::from(1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_taken_within_a_round() {
        let usage = |seconds: u64| Usage {
            wall: Duration::from_secs(seconds),
            cpu: Duration::from_secs(2 * seconds),
            peak_memory: seconds << 20,
        };
        let table = Table {
            rows: vec![PlaybookRow {
                playbook: Playbook::all(true).into_iter().next().expect("two playbooks"),
                runs: vec![[usage(10), usage(20), usage(11)], [usage(20), usage(40), usage(24)]],
            }],
            starts: vec![[1, 250, 12].map(Duration::from_millis)],
            filter_call: None,
            versions: ["a 1", "r 2", "p 3"].map(str::to_owned),
            rounds: 2,
            quick: true,
        };
        let text = table.to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[2],
            "| 1 host, one debug looped 500 times | CPU 30.00 s, wall 15.00 s \
             | CPU 2.00x (2.00–2.00), wall 2.00x (2.00–2.00) \
             | CPU 1.15x (1.10–1.20), wall 1.15x (1.10–1.20) | CPU ≤ 1.04x, wall ≤ 1.01x |"
        );
        assert!(
            lines[3].contains("| 1.0 ms (1.0–1.0) | 250.0 ms (250.0–250.0) | 12.0 ms"),
            "{text}"
        );
        assert!(lines[4].ends_with("| – | 40 MiB | 24 MiB | ≤ 40 MiB |"), "{text}");
        assert!(!text.contains("typed filter"), "{text}");
    }
}
