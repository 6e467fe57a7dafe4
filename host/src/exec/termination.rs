//! The ladder by which a run is stopped: ask ansible-playbook alone, since that ends its
//! workers; wait a grace; then kill what of its tree is still alive. Nothing is ever
//! killed by process group or session: core 2.19 gives each worker a group of its own.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long Ansible and its workers have between being asked and being killed.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The processes of a run at the moment it was asked to stop.
#[derive(Debug)]
pub(super) struct Tree {
    members: Vec<Process>,
}

#[derive(Debug)]
struct Process {
    pid: u32,
    /// With the pid it names a process for as long as the machine is up.
    start: u64,
}

impl Tree {
    /// `root` with everything that descends from it by parent id.
    pub(super) fn of(root: u32) -> Self {
        let all = processes();
        let mut pids = vec![root];
        let mut next = 0;
        while let Some(&parent) = pids.get(next) {
            pids.extend(all.iter().filter(|found| found.parent == parent).map(|found| found.pid));
            next += 1;
        }
        let members = all
            .iter()
            .filter(|found| pids.contains(&found.pid))
            .map(|found| Process { pid: found.pid, start: found.start })
            .collect();
        Self { members }
    }

    /// Adds what descends from `root` by now.
    pub(super) fn add(&mut self, root: u32) {
        for process in Self::of(root).members {
            if !self.members.iter().any(|known| known.pid == process.pid) {
                self.members.push(process);
            }
        }
    }

    /// Whether anything of it is still alive.
    pub(super) fn is_alive(&self) -> bool {
        self.members.iter().any(Process::is_alive)
    }

    /// Kills what is still alive.
    pub(super) fn kill(&self) {
        for process in self.members.iter().filter(|process| process.is_alive()) {
            signal(process.pid, Signal::KILL);
        }
    }
}

impl Process {
    fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|found| found.start == self.start && !found.is_zombie)
    }
}

/// Sends a signal to one process; that it is gone already is no error.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// The parent of a process, where the system tells.
pub(super) fn parent_of(pid: u32) -> Option<u32> {
    stat(pid).map(|found| found.parent)
}

struct Stat {
    pid: u32,
    parent: u32,
    start: u64,
    is_zombie: bool,
}

fn processes() -> Vec<Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .collect()
}

/// Reads `/proc/<pid>/stat`, whose second field is a name in parentheses that may hold
/// anything (proc(5)). None where there is no such process, or no `/proc`.
fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.get(text.rfind(')')? + 2..)?.split(' ');
    let is_zombie = fields.next()? == "Z";
    let parent = fields.next()?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { pid, parent, start, is_zombie })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

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
        tree.kill();
        shell.wait().unwrap();
        while tree.is_alive() {
            std::thread::yield_now();
        }
    }
}
