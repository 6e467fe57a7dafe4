//! Processes of a run and how they are ended: ask ansible-playbook alone, since that ends
//! its workers; wait a grace; then kill what of its tree is still alive. Nothing is ever
//! killed by process group or session: core 2.19 gives each worker a group of its own,
//! and what a playbook left running on purpose shares them.

use std::os::unix::fs::MetadataExt;
#[cfg(target_os = "linux")]
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// How long Ansible and its workers have between being asked and being killed.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// Processes with all that descends from them by parent id, at the time of looking.
#[derive(Debug, Default)]
pub(super) struct Tree {
    members: Vec<Process>,
}

/// A process, and no other that gets its id later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// In clock ticks since the machine started.
    start: u64,
}

impl Tree {
    /// `root` with everything that descends from it.
    pub(super) fn of(root: u32) -> Self {
        let mut tree = Self::default();
        tree.add(root);
        tree
    }

    /// Adds `root` and what descends from it by now.
    pub(super) fn add(&mut self, root: u32) {
        let mut pids = vec![root];
        let mut next = 0;
        while let Some(&pid) = pids.get(next) {
            pids.extend(children_of(pid));
            next += 1;
        }
        for process in pids.into_iter().filter_map(Process::find) {
            self.push(process);
        }
    }

    /// Adds another tree.
    pub(super) fn merge(&mut self, other: Self) {
        other.members.into_iter().for_each(|process| self.push(process));
    }

    fn push(&mut self, process: Process) {
        if !self.contains(&process) {
            self.members.push(process);
        }
    }

    pub(super) fn contains(&self, process: &Process) -> bool {
        self.members.contains(process)
    }

    /// Whether anything of it is still alive.
    pub(super) fn is_alive(&self) -> bool {
        self.members.iter().any(Process::is_alive)
    }

    /// Sends a signal to what is still alive.
    pub(super) fn signal(&self, signal: Signal) {
        for process in self.members.iter().filter(|process| process.is_alive()) {
            process.signal(signal);
        }
    }
}

impl Process {
    /// The living process with this id.
    pub(super) fn find(pid: u32) -> Option<Self> {
        stat(pid).map(|found| Self { pid, start: found.start })
    }

    pub(super) fn is_alive(&self) -> bool {
        self.stat().is_some_and(|found| !found.is_zombie)
    }

    fn stat(&self) -> Option<Stat> {
        stat(self.pid).filter(|found| found.start == self.start)
    }

    /// Sends a signal to this process and never to its successor.
    #[cfg(target_os = "linux")]
    pub(super) fn signal(&self, signal: Signal) {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        let Some(pid) = as_pid(self.pid) else { return };
        if let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
            && self.is_alive()
        {
            // Gone since then, or another user's: what is left is looked at by the caller.
            let _ = pidfd_send_signal(process, signal);
        }
    }

    /// Without such handles the id has to do.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn signal(&self, signal: Signal) {
        signal_pid(self.pid, signal);
    }
}

/// A process that a stopped run has left behind: it had let go of the run before, or
/// belongs to another user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftProcess {
    /// Its id.
    pub pid: u32,
    /// Its user's id.
    pub user: u32,
    /// The beginning of its command line.
    pub command: String,
}

impl LeftProcess {
    /// The living process with this id.
    pub(super) fn find(pid: u32) -> Option<Self> {
        let process = Process::find(pid)?;
        let user = std::fs::metadata(format!("/proc/{pid}")).ok()?.uid();
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&words).replace('\0', " ");
        let command = command.trim_end().chars().take(80).collect();
        process.is_alive().then_some(Self { pid, user, command })
    }
}

impl std::fmt::Display for LeftProcess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "process {} of user {}, `{}`", self.pid, self.user, self.command)
    }
}

/// Has a command asked to end when the thread that starts it does.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "what runs between fork and exec has to be async-signal-safe")]
pub(super) fn end_with_this_thread(command: &mut Command) {
    use rustix::process::{getpid, getppid, set_parent_process_death_signal};

    let parent = getpid();
    let set = move || {
        set_parent_process_death_signal(Some(Signal::TERM))?;
        if getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: two system calls and a comparison; nothing allocates or locks.
    unsafe { command.pre_exec(set) };
}

/// Only Linux tells a child of its parent's end.
#[cfg(not(target_os = "linux"))]
pub(super) fn end_with_this_thread(_command: &mut Command) {}

/// Sends a signal to one of our own children, whose id is its own until we have waited for it.
pub(super) fn signal_pid(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn as_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// The parent of a process.
#[cfg(target_os = "linux")]
pub(super) fn parent_of(pid: u32) -> Option<u32> {
    stat(pid).map(|found| found.parent)
}

/// Whether there is a process with this id that has not ended.
pub(crate) fn is_alive(pid: u32) -> bool {
    Process::find(pid).is_some_and(|process| process.is_alive())
}

/// When a process began, where the system tells.
#[cfg(target_os = "linux")]
pub(crate) fn began(pid: u32) -> Option<SystemTime> {
    let stat_of_machine = std::fs::read_to_string("/proc/stat").ok()?;
    let booted = stat_of_machine.lines().find_map(|line| line.strip_prefix("btime "))?;
    let booted = Duration::from_secs(booted.trim().parse().ok()?);
    let ticks = rustix::param::clock_ticks_per_second();
    Some(SystemTime::UNIX_EPOCH + booted + Duration::from_millis(stat(pid)?.start * 1000 / ticks))
}

/// Elsewhere nothing tells.
#[cfg(not(target_os = "linux"))]
pub(crate) fn began(_pid: u32) -> Option<SystemTime> {
    None
}

/// The children of all threads of a process, where the system tells (proc(5)).
pub(super) fn children_of(pid: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let children = threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    children
        .flat_map(|pids| pids.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

struct Stat {
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux tells it"))]
    parent: u32,
    start: u64,
    is_zombie: bool,
}

/// Elsewhere all that can be seen is that there is a process.
#[cfg(not(target_os = "linux"))]
fn stat(pid: u32) -> Option<Stat> {
    rustix::process::test_kill_process(as_pid(pid)?).ok()?;
    Some(Stat { parent: 0, start: 0, is_zombie: false })
}

/// Reads `/proc/<pid>/stat`, whose second field is a name in parentheses that may hold
/// anything (proc(5)).
#[cfg(target_os = "linux")]
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.get(text.rfind(')')? + 2..)?.split(' ');
    let is_zombie = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, start, is_zombie })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn a_tree_holds_grandchildren_and_dies_whole() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & echo up; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut line = String::new();
        let output = shell.stdout.take().expect("piped");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        assert_eq!(line, "up\n");

        let tree = Tree::of(shell.id());
        assert_eq!(tree.members.len(), 2, "{tree:?}");
        assert_eq!(parent_of(shell.id()), Some(std::process::id()));
        assert!(tree.is_alive());
        tree.signal(Signal::KILL);
        shell.wait().unwrap();
        while tree.is_alive() {
            std::thread::yield_now();
        }
    }
}
