//! One configuration of the stream bench, measured in a process of its own, so that its
//! peak of memory is its own. It says what it cost in one line, which the bench reads.

mod lanes;
mod pipeline;
mod stages;
mod stored;

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use playhouse::input::JobEvents;
use rustix::time::{ClockId, clock_gettime};

pub(crate) use lanes::compile;
pub(crate) use stages::Stage;
use stored::Stored;

/// What to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Configuration {
    /// The stages up to this one, on one thread and without a queue.
    Stages(Stage),
    /// The pipeline as a run has it, with a thread that reads and so many plugins on the
    /// path; `job_events: jsonl`.
    Lines(usize),
    /// The same with a file for each event.
    Pipeline(usize),
    /// The same without plugins on the path, and a sink that posts all events to a receiver.
    Sink,
    /// Files like those of `job_events`, made and renamed by a plain loop.
    PlainFiles,
}

impl Configuration {
    /// Each, in the order of the tables.
    pub(crate) const ALL: [Self; 16] = [
        Self::Stages(Stage::Read),
        Self::Stages(Stage::Decode),
        Self::Stages(Stage::Assemble),
        Self::Stages(Stage::Fields),
        Self::Stages(Stage::Filter),
        Self::Stages(Stage::Serialise),
        Self::Stages(Stage::WriteLines),
        Self::Stages(Stage::WriteEach),
        Self::Lines(0),
        Self::Lines(1),
        Self::Lines(3),
        Self::Pipeline(0),
        Self::Pipeline(1),
        Self::Pipeline(3),
        Self::Sink,
        Self::PlainFiles,
    ];

    /// Whether it makes a file for each event.
    pub(crate) fn makes_files(self) -> bool {
        match self {
            Self::Stages(stage) => stage == Stage::WriteEach,
            Self::Lines(_) => false,
            Self::Pipeline(_) | Self::Sink | Self::PlainFiles => true,
        }
    }
}

/// For a command line.
impl fmt::Display for Configuration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stages(stage) => write!(formatter, "{stage:?}"),
            Self::Lines(plugins) => write!(formatter, "Lines{plugins}"),
            Self::Pipeline(plugins) => write!(formatter, "Pipeline{plugins}"),
            Self::Sink | Self::PlainFiles => write!(formatter, "{self:?}"),
        }
    }
}

/// Where the bench's files are, and its receiver.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) room: PathBuf,
    /// The built plugins.
    pub(crate) components: PathBuf,
    /// Where a sink posts to.
    pub(crate) url: String,
}

/// What a configuration has cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) events: u64,
    pub(crate) wall: Duration,
    /// Of all threads.
    pub(crate) cpu: Duration,
    /// Kibibytes; 0 where there is no /proc.
    pub(crate) peak_memory: u64,
}

/// Measures one configuration in this process. The recording is made first, and its cost
/// is nobody's.
pub(crate) fn measure(configuration: Configuration, events: usize, place: &Place) -> Cost {
    let stream = Stored::record(&place.room.join("stream"), events).expect("a recording");
    match configuration {
        Configuration::Stages(stage) => stages::run(stage, stream, place),
        Configuration::Lines(plugins) => {
            pipeline::run(plugins, JobEvents::Jsonl, false, stream, place)
        }
        Configuration::Pipeline(plugins) => {
            pipeline::run(plugins, JobEvents::Files, false, stream, place)
        }
        Configuration::Sink => pipeline::run(0, JobEvents::Files, true, stream, place),
        Configuration::PlainFiles => stages::plain_files(stream, place),
    }
}

/// A batch of the pipeline.
const BATCH: usize = 256;

/// The run's ident, and its id.
const IDENT: &str = "bench";

/// `<events> <wall> <CPU> <memory>`, times in nanoseconds.
impl fmt::Display for Cost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, wall, cpu, peak_memory } = self;
        write!(formatter, "{events} {} {} {peak_memory}", wall.as_nanos(), cpu.as_nanos())
    }
}

impl Cost {
    /// What [`Cost`]'s `Display` wrote.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.trim().split(' ').map(str::parse::<u64>);
        let mut next = || numbers.next()?.ok();
        Some(Self {
            events: next()?,
            wall: Duration::from_nanos(next()?),
            cpu: Duration::from_nanos(next()?),
            peak_memory: next()?,
        })
    }

    /// Microseconds of wall time for an event.
    pub(crate) fn micros(&self) -> f64 {
        micros(self.wall, self.events)
    }

    /// Microseconds of CPU time for an event.
    pub(crate) fn cpu_micros(&self) -> f64 {
        micros(self.cpu, self.events)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn micros(time: Duration, events: u64) -> f64 {
    time.as_secs_f64() * 1e6 / events as f64
}

/// Wall and CPU time from here on.
struct Clock {
    wall: Instant,
    cpu: Duration,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    fn stop(self, events: u64) -> Cost {
        let (wall, cpu) = (self.wall.elapsed(), cpu_time().saturating_sub(self.cpu));
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        Cost { events, wall, cpu, peak_memory: peak.unwrap_or(0) }
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    Duration::from_secs(seconds.unwrap_or(0)) + Duration::from_nanos(nanos.unwrap_or(0))
}
