//! What one run costs: wall time, CPU time of the whole tree, peak memory of the
//! process itself.
//!
//! CPU is user plus system time of all children this process has waited for, before and
//! after; that takes in every descendant that was itself waited for, and misses what
//! detached itself. Only one child may run at a time. Memory is `VmHWM` of the started
//! process without its children, read every few milliseconds: a peak, so that only its
//! very last moments can be missed; so is the process's own CPU time. Where there is no
//! /proc, both are unknown.
//!
//! A run that takes too long is asked to end, and killed when it does not.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;

/// Between two looks at a process's memory.
const MEMORY_INTERVAL: Duration = Duration::from_millis(5);

/// Between asking a run to end and killing it.
const GRACE: Duration = Duration::from_secs(20);

/// A run and what it cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    pub(crate) status: ExitStatus,
    /// It took too long.
    pub(crate) was_stopped: bool,
    pub(crate) usage: Usage,
}

/// The cost of one run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// From before the start to after the end.
    pub(crate) wall: Duration,
    /// User and system time of the tree.
    pub(crate) cpu: Duration,
    /// The same of the started process alone, in steps of 10 ms; zero if unknown.
    pub(crate) own_cpu: Duration,
    /// Bytes, of the started process alone; 0 if unknown.
    pub(crate) peak_memory: u64,
}

/// Runs a program to its end, which is brought about where it takes longer than `limit`.
pub(crate) fn measure(command: &mut Command, limit: Duration) -> io::Result<Run> {
    let cpu_before = cpu_of_children()?;
    let start = Instant::now();
    let mut child = command.spawn()?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (status, wall, watched) = thread::scope(|scope| {
        let watch = scope.spawn(|| watch(process, start, limit, &ended));
        let status = child.wait();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        (status, wall, watch.join().unwrap_or_default())
    });
    let cpu = cpu_of_children()?.saturating_sub(cpu_before);
    let Watched { own_cpu, peak_memory, .. } = watched;
    let usage = Usage { wall, cpu, own_cpu, peak_memory };
    Ok(Run { status: status?, was_stopped: watched.stopped_with.is_some(), usage })
}

fn cpu_of_children() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// What was seen of a run, and done to it, while it went on.
#[derive(Debug, Default)]
struct Watched {
    own_cpu: Duration,
    peak_memory: u64,
    stopped_with: Option<Signal>,
}

fn watch(process: u32, start: Instant, limit: Duration, ended: &AtomicBool) -> Watched {
    let read = |name| fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let mut watched = Watched::default();
    while !ended.load(Ordering::Relaxed) {
        let memory = high_water_mark(&read("status")).unwrap_or(0);
        watched.peak_memory = watched.peak_memory.max(memory);
        watched.own_cpu = watched.own_cpu.max(cpu_of_process(&read("stat")).unwrap_or_default());
        let signal = match watched.stopped_with {
            None if start.elapsed() > limit => Some(Signal::SIGTERM),
            Some(Signal::SIGTERM) if start.elapsed() > limit + GRACE => Some(Signal::SIGKILL),
            _ => None,
        };
        if let Some(signal) = signal {
            watched.stopped_with = Some(signal);
            // A process that has ended just now needs no signal.
            let _ = kill(Pid::from_raw(process.cast_signed()), signal);
        }
        thread::sleep(MEMORY_INTERVAL);
    }
    watched
}

/// `VmHWM:     1234 kB`, in bytes. A process that has ended and was not yet waited for
/// has none.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// User and system time in `/proc/<pid>/stat`, where Linux counts hundredths of a second
/// on all machines. Before them stands a name that may have spaces in it.
fn cpu_of_process(stat: &str) -> Option<Duration> {
    let (_, behind_name) = stat.rsplit_once(") ")?;
    let mut ticks = behind_name.split(' ').skip(11).map(str::parse::<u64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some(Duration::from_millis(10 * (user + system)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_busy_grandchild_counts_and_a_sleeping_child_does_not() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let mut command = Command::new("sh");
        let Run { usage, .. } =
            measure(command.args(["-c", &format!("sh -c '{busy}'; true")]), LONG).expect("sh runs");
        assert!(usage.cpu > Duration::from_millis(10), "{usage:?}");
        // What other tests of this process start and wait for meanwhile counts too.
        let idle: Vec<Run> = (0..5)
            .map(|_| measure(Command::new("sleep").arg("0.2"), LONG).expect("sleep runs"))
            .collect();
        let least = idle.iter().map(|run| run.usage.cpu).min();
        assert!(least < Some(Duration::from_millis(100)), "{idle:?}");
        let is_whole = |run: &Run| run.usage.wall >= Duration::from_millis(200) && !run.was_stopped;
        assert!(idle.iter().all(is_whole), "{idle:?}");
    }

    #[test]
    fn what_takes_too_long_is_stopped() {
        let limit = Duration::from_millis(50);
        let run = measure(Command::new("sleep").arg("60"), limit).expect("sleep runs");
        assert!(run.was_stopped && !run.status.success(), "{run:?}");
        assert!(run.usage.wall < LONG, "{run:?}");
    }

    #[test]
    fn a_processs_own_time_is_read_from_its_stat() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194560 9 8 7 6 123 45 67 89 20 0 3 0 1";
        assert_eq!(cpu_of_process(stat), Some(Duration::from_millis(1_680)));
        assert_eq!(cpu_of_process(""), None);
    }

    #[test]
    fn memory_is_read_from_the_process_status() {
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(high_water_mark("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
