//! Processes of this machine, as `/proc` shows them.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The ids of all processes of which `holds` is true.
fn processes(holds: impl Fn(&Path) -> bool) -> Vec<u32> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_string_lossy().parse().ok()?;
            holds(&entry.path()).then_some(pid)
        })
        .collect();
    pids.sort_unstable();
    pids
}

/// Processes whose command line begins with these words.
pub fn processes_of(words: &[&str]) -> Vec<u32> {
    let start = words.join("\0");
    processes(|folder| {
        fs::read(folder.join("cmdline")).unwrap_or_default().starts_with(start.as_bytes())
    })
}

/// Processes that were started in a test's room: its path is in their environment.
pub fn processes_in(room: &Path) -> Vec<u32> {
    let room = room.display().to_string();
    processes(|folder| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        environment.windows(room.len()).any(|window| window == room.as_bytes())
    })
}

/// The children of a process.
pub fn children_of(pid: u32) -> Vec<u32> {
    processes(|folder| {
        let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split(' ').nth(2) == Some(&pid.to_string())
    })
}

/// The keeper of a live run: of its Playhouse's children the one that has a child.
pub fn keeper_of(playhouse: u32) -> u32 {
    let mut children = children_of(playhouse).into_iter();
    children.find(|&pid| !children_of(pid).is_empty()).expect("a keeper")
}

/// The ansible-playbook of a live run.
pub fn ansible_of(playhouse: u32) -> u32 {
    children_of(keeper_of(playhouse))[0]
}

/// Sends a signal to a process.
pub fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("the process is there");
}

/// Waits until something is so; what is not after half a minute is a failure.
pub fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
