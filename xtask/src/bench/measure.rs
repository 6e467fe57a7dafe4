//! What one run costs: wall time, CPU time of the whole tree, peak memory of the
//! process itself.
//!
//! CPU is user plus system time of all children this process has waited for, before and
//! after; that takes in every descendant that was itself waited for, and misses what
//! detached itself. Only one child may run at a time. Memory is `VmHWM` of the started
//! process without its children, read every few milliseconds: a peak, so that only its
//! very last moments can be missed. Where there is no /proc, memory is unknown.

use std::fs;
use std::io;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// Between two looks at a process's memory.
const MEMORY_INTERVAL: Duration = Duration::from_millis(5);

/// The cost of one run.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// From before the start to after the end.
    pub(crate) wall: Duration,
    /// User and system time of the tree.
    pub(crate) cpu: Duration,
    /// Bytes, of the started process alone; 0 if unknown.
    pub(crate) peak_memory: u64,
}

/// Runs a program to its end.
pub(crate) fn measure(command: &mut Command) -> io::Result<(ExitStatus, Usage)> {
    let cpu_before = cpu_of_children()?;
    let start = Instant::now();
    let mut child = command.spawn()?;
    let process = child.id();
    let ended = AtomicBool::new(false);
    let (status, wall, peak_memory) = thread::scope(|scope| {
        let memory = scope.spawn(|| watch_memory(process, &ended));
        let status = child.wait();
        let wall = start.elapsed();
        ended.store(true, Ordering::Relaxed);
        (status, wall, memory.join().unwrap_or(0))
    });
    let cpu = cpu_of_children()?.saturating_sub(cpu_before);
    Ok((status?, Usage { wall, cpu, peak_memory }))
}

fn cpu_of_children() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

fn watch_memory(process: u32, ended: &AtomicBool) -> u64 {
    let path = format!("/proc/{process}/status");
    let mut peak = 0;
    while !ended.load(Ordering::Relaxed) {
        let now = fs::read_to_string(&path).ok().and_then(|status| high_water_mark(&status));
        peak = peak.max(now.unwrap_or(0));
        thread::sleep(MEMORY_INTERVAL);
    }
    peak
}

/// `VmHWM:     1234 kB`, in bytes. A process that has ended and was not yet waited for
/// has none.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_grandchild_counts_and_a_sleeping_child_does_not() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let (_, usage) = measure(Command::new("sh").args(["-c", &format!("sh -c '{busy}'; true")]))
            .expect("sh runs");
        assert!(usage.cpu > Duration::from_millis(10), "{usage:?}");
        let (_, idle) = measure(Command::new("sleep").arg("0.2")).expect("sleep runs");
        assert!(idle.wall >= Duration::from_millis(200), "{idle:?}");
        assert!(idle.cpu < Duration::from_millis(100), "{idle:?}");
    }

    #[test]
    fn memory_is_read_from_the_process_status() {
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t    2048 kB\n"), Some(2 << 20));
        assert_eq!(high_water_mark("Name:\tx\nState:\tZ (zombie)\n"), None);
    }
}
