//! `cargo xtask bench --scale`: what more events and more hosts cost, in all and for each,
//! so that it shows where something grows faster than the work.

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::failure::Failure;
use crate::step::step;
use crate::workspace::Workspace;

use super::contender::{Contender, Stage};
use super::growth::Amount;
use super::host_bench;
use super::measure::Usage;
use super::svg::{Axis, Chart, Line};
use super::workload::Workload;

/// Counts that are measured.
const EVENTS: [u64; 3] = [1_000, 10_000, 100_000];
const HOSTS: [u64; 4] = [10, 100, 1_000, 5_000];

/// Who is measured: what Ansible itself costs, and what is left of that with us.
const PROGRAMS: [Contender; 2] = [Contender::Bare, Contender::Playhouse];

/// A run that would take longer is left out.
const BEARABLE: Duration = Duration::from_mins(6);

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Scale {
    series: Vec<Series>,
    notes: Vec<String>,
}

/// One program with one kind of work.
#[derive(Debug)]
struct Series {
    unit: Unit,
    title: &'static str,
    colour: usize,
    /// Whether CPU and memory are those of the program's own process too.
    has_own: bool,
    points: Vec<(u64, Usage)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Event,
    Host,
}

impl Unit {
    fn one(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Host => "host",
        }
    }
}

impl Scale {
    /// Runs every count `rounds` times; the run with the median wall time counts.
    pub(crate) fn measure(
        workspace: &Workspace,
        stage: &Stage,
        rounds: u32,
        quick: bool,
    ) -> Result<Self, Failure> {
        let part = if quick { 10 } else { 1 };
        let mut scale = Self::default();
        step("warming up", || {
            let workload = Workload::one_task(1);
            stage.install(&workload)?;
            PROGRAMS.iter().try_for_each(|contender| {
                stage.run(*contender, &workload, "scale-warm-up").map(drop)
            })
        })?;
        for (unit, counts) in [(Unit::Event, &EVENTS[..]), (Unit::Host, &HOSTS[..])] {
            for contender in PROGRAMS {
                scale.run(
                    stage,
                    unit,
                    contender,
                    counts.iter().map(|count| count / part),
                    rounds,
                )?;
            }
            if unit == Unit::Event {
                scale.stream(workspace, part)?;
            }
        }
        Ok(scale)
    }

    fn stream(&mut self, workspace: &Workspace, part: u64) -> Result<(), Failure> {
        let points = EVENTS.iter().map(|events| {
            let events = events / part;
            let usage = step(&format!("{events} events without Ansible"), || {
                host_bench::stream(workspace, events)
            })?;
            Ok((events, usage))
        });
        self.series.push(Series {
            unit: Unit::Event,
            title: "Playhouse, recorded stream",
            colour: 2,
            has_own: true,
            points: points.collect::<Result<_, Failure>>()?,
        });
        Ok(())
    }

    fn run(
        &mut self,
        stage: &Stage,
        unit: Unit,
        contender: Contender,
        counts: impl Iterator<Item = u64>,
        rounds: u32,
    ) -> Result<(), Failure> {
        let mut points: Vec<(u64, Usage)> = Vec::new();
        for count in counts {
            let expected = points.last().map_or(Duration::ZERO, |(before, usage)| {
                usage.wall.mul_f64(ratio(count, *before))
            });
            if expected > BEARABLE {
                self.notes.push(format!(
                    "{count} {}s by {} were left out: they would take more than {} minutes.",
                    unit.one(),
                    contender.title(),
                    BEARABLE.as_secs() / 60
                ));
                continue;
            }
            let size = usize::try_from(count).unwrap_or(usize::MAX);
            let workload = match unit {
                Unit::Event => Workload::loop_on_one_host(size),
                Unit::Host => Workload::one_task(size),
            };
            stage.install(&workload)?;
            let title = format!("{}: {}", contender.title(), workload.title);
            let mut runs = (0..rounds)
                .map(|round| {
                    let ident = format!("scale-{}-{count}-{round}", unit.one());
                    step(&title, || stage.run(contender, &workload, &ident))
                })
                .collect::<Result<Vec<_>, _>>()?;
            runs.sort_by_key(|usage| usage.wall);
            points.push((count, runs[runs.len() / 2]));
        }
        let has_own = contender != Contender::Bare;
        let colour = usize::from(has_own);
        self.series.push(Series { unit, title: contender.title(), colour, has_own, points });
        Ok(())
    }

    /// CPU for each, and memory, over the count.
    pub(crate) fn charts(&self) -> Vec<Chart> {
        [Unit::Event, Unit::Host].into_iter().flat_map(|unit| self.charts_of(unit)).collect()
    }

    fn charts_of(&self, unit: Unit) -> [Chart; 2] {
        let series = || self.series.iter().filter(move |series| series.unit == unit);
        let mut costs: Vec<Line> = series()
            .map(|series| series.line(series.title, |usage| milliseconds(usage.cpu)))
            .collect();
        let own = series()
            .filter(|series| series.has_own && series.title == Contender::Playhouse.title());
        costs.extend(own.map(|series| {
            let own =
                series.line("Playhouse, its own process", |usage| milliseconds(usage.own_cpu));
            Line { colour: 3, ..own }
        }));
        let memory = series().filter(|series| series.has_own).map(|series| {
            let known = series.points.iter().filter(|(_, usage)| usage.peak_memory > 0);
            let points = known.map(|(count, usage)| (float(*count), mebibytes(usage)));
            Line { title: series.title.to_owned(), colour: series.colour, points: points.collect() }
        });
        let chart = |title: String, axis, lines: Vec<Line>| {
            let lines = lines.into_iter().filter(|line| !line.points.is_empty()).collect();
            Chart { title, unit: format!("{}s", unit.one()), axis, lines }
        };
        [
            chart(format!("CPU for each {}, ms", unit.one()), Axis::Logarithmic, costs),
            chart("Peak memory of Playhouse, MiB".to_owned(), Axis::Linear, memory.collect()),
        ]
    }
}

impl Series {
    /// What each unit costs; what is too small to be seen is left out.
    fn line(&self, title: &str, cost: fn(&Usage) -> f64) -> Line {
        let points = self.points.iter().filter_map(|(count, usage)| {
            let amount = Amount { units: float(*count), cost: cost(usage) };
            (amount.cost > 0.0).then(|| (amount.units, amount.per_unit()))
        });
        Line { title: title.to_owned(), colour: self.colour, points: points.collect() }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "| program | work | wall | CPU | own CPU | own memory | wall for each | CPU for each | own CPU \
             for each | growth of CPU | of own CPU |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|---|---|")?;
        for series in &self.series {
            let mut before: Option<&(u64, Usage)> = None;
            for point in &series.points {
                series.row(out, point, before)?;
                before = Some(point);
            }
        }
        for note in &self.notes {
            writeln!(out, "\n{note}")?;
        }
        writeln!(
            out,
            "\nEvents are items of one looped debug on one host, hosts have one debug each; the \
             recorded stream is read without Ansible. CPU is that of the process tree, “own” that \
             of Playhouse's process alone, in steps of 10 ms where Ansible runs. Growth is the \
             power of the count since the line above: 1 is linear, and less means that a part of \
             the cost did not grow. A loop's last event has the result of every item in it, and \
             is in memory while it passes; the recorded stream has no such event."
        )
    }
}

impl Series {
    fn row(
        &self,
        out: &mut fmt::Formatter<'_>,
        (count, usage): &(u64, Usage),
        before: Option<&(u64, Usage)>,
    ) -> fmt::Result {
        let amount = |(count, usage): &(u64, Usage), of: fn(&Usage) -> Duration| Amount {
            units: float(*count),
            cost: milliseconds(of(usage)),
        };
        let each =
            |of: fn(&Usage) -> Duration| short_time(amount(&(*count, *usage), of).per_unit());
        let growth = |of: fn(&Usage) -> Duration| {
            let power = before
                .and_then(|before| amount(&(*count, *usage), of).power_since(amount(before, of)));
            power.map_or("–".to_owned(), |power| format!("{power:.2}"))
        };
        let own = |text: String| if self.has_own { text } else { "–".to_owned() };
        let mut line = String::new();
        let plural = if *count == 1 { "" } else { "s" };
        write!(
            line,
            "| {} | {count} {}{plural} | {:.2} s | {:.2} s | {} | {} |",
            self.title,
            self.unit.one(),
            usage.wall.as_secs_f64(),
            usage.cpu.as_secs_f64(),
            own(format!("{:.2} s", usage.own_cpu.as_secs_f64())),
            own(format!("{:.0} MiB", mebibytes(usage))),
        )?;
        write!(
            line,
            " {} | {} | {} | {} | {} |",
            each(|usage| usage.wall),
            each(|usage| usage.cpu),
            own(each(|usage| usage.own_cpu)),
            growth(|usage| usage.cpu),
            own(growth(|usage| usage.own_cpu)),
        )?;
        writeln!(out, "{line}")
    }
}

/// Milliseconds as they are read best.
fn short_time(milliseconds: f64) -> String {
    if milliseconds < 0.1 {
        format!("{:.1} µs", milliseconds * 1000.0)
    } else {
        format!("{milliseconds:.2} ms")
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "MiB with two digits")]
fn mebibytes(usage: &Usage) -> f64 {
    usage.peak_memory as f64 / f64::from(1 << 20)
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn float(count: u64) -> f64 {
    count as f64
}

fn ratio(count: u64, before: u64) -> f64 {
    float(count) / float(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale() -> Scale {
        let usage = |wall: u64, own: u64| Usage {
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(2 * wall),
            own_cpu: Duration::from_millis(own),
            peak_memory: 20 << 20,
        };
        let series = |title, has_own, points| Series {
            unit: Unit::Event,
            title,
            colour: 0,
            has_own,
            points,
        };
        Scale {
            series: vec![
                series("ansible-playbook", false, vec![(1_000, usage(3_000, 0))]),
                series(
                    Contender::Playhouse.title(),
                    true,
                    vec![
                        (1_000, usage(3_000, 0)),
                        (10_000, usage(30_000, 60)),
                        (100_000, usage(300_000, 6_000)),
                    ],
                ),
            ],
            notes: vec!["something was left out.".to_owned()],
        }
    }

    #[test]
    fn what_grows_faster_than_the_work_shows() {
        let text = scale().to_string();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[2],
            "| ansible-playbook | 1000 events | 3.00 s | 6.00 s | – | – | 3.00 ms | 6.00 ms | – | – | – |"
        );
        assert_eq!(
            lines[4],
            "| Playhouse | 10000 events | 30.00 s | 60.00 s | 0.06 s | 20 MiB | 3.00 ms | 6.00 ms | 6.0 µs | 1.00 | – |"
        );
        assert!(lines[5].ends_with("| 60.0 µs | 1.00 | 2.00 |"), "{text}");
        assert!(text.contains("something was left out."), "{text}");
    }

    #[test]
    fn the_picture_has_what_is_known() {
        let charts = scale().charts();
        assert_eq!(charts.len(), 4);
        let own = charts[0].lines.iter().find(|line| line.title.contains("own")).expect("a line");
        assert_eq!(own.points.len(), 2, "the first was too short to be seen");
        assert!(charts[2].lines.is_empty());
    }
}
