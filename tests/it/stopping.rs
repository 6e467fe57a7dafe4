//! Every way a run can be cut short that does not need the keeper.

use std::io::Read;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{hello, test};

const SLEEP: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Announce
      debug: {msg: here}
    - name: Sleep
      command: sleep 60.0625
";

/// Waits until the child has printed `text`.
fn read_until(output: &mut impl Read, text: &str) {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&seen).contains(text) {
        assert_eq!(output.read(&mut byte).expect("output"), 1, "ended before {text:?}");
        seen.push(byte[0]);
    }
}

/// Processes that sleep for so many seconds: each test has a number of its own.
fn sleepers(seconds: &str) -> Vec<u32> {
    let words = format!("sleep\0{seconds}");
    let mut pids = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse() else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if line.starts_with(words.as_bytes()) {
            pids.push(pid);
        }
    }
    pids
}

#[test]
fn sigint_cancels_and_leaves_nothing_running() {
    let test = test().local_hosts(&["web1"]).playbook(SLEEP);
    let mut child = test.start();
    read_until(child.stdout.as_mut().unwrap(), "TASK [Sleep]");
    let waiting = Instant::now();
    while sleepers("60.0625").is_empty() && waiting.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
    assert!(!sleepers("60.0625").is_empty(), "the task is running");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let asked = Instant::now();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    let ran = test.ended(&output).expect_code(254);
    assert_eq!(ran.artifact("status"), "canceled");
    assert_eq!(ran.artifact("rc"), "254");
    assert_eq!(sleepers("60.0625"), Vec::<u32>::new());
}

#[test]
fn a_run_that_takes_too_long_is_stopped() {
    let cases = [
        ("job_timeout", "1.5", "60.125", "the run was stopped after 1.5 s, its `job_timeout`"),
        ("idle_timeout", "2", "60.25", "Ansible said nothing for 2 s, its `idle_timeout`"),
    ];
    for (setting, limit, seconds, message) in cases {
        let test = test()
            .local_hosts(&["web1"])
            .playbook(&SLEEP.replace("60.0625", seconds))
            .file("env/settings", &format!("{setting}: {limit}\n"));
        let started = Instant::now();
        let ran = test.run().expect_code(254).expect_stderr(message);
        let took = started.elapsed().as_secs_f64();
        let limit: f64 = limit.parse().unwrap();
        assert!(took >= limit && took < limit + 8.0, "{setting}: {took} s");
        assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("timeout".into(), "254".into()));
        assert_eq!(sleepers(seconds), Vec::<u32>::new());
    }
}

#[test]
fn a_flag_for_the_time_wins_over_the_setting() {
    let ran = hello()
        .file("env/settings", "job_timeout: 0.2\n")
        .arguments(&["--timeout", "60"])
        .run()
        .expect_code(0);
    assert_eq!(ran.artifact("status"), "successful");
}

#[test]
fn ansible_killed_by_a_signal_is_a_failure() {
    let test = test().local_hosts(&["web1"]).playbook(&SLEEP.replace("60.0625", "0.5"));
    let mut child = test.start();
    read_until(child.stdout.as_mut().unwrap(), "TASK [Sleep]");
    let ansible = child_of(child.id());
    kill_process(ansible, Signal::KILL).unwrap();
    let ran = test.ended(&child.wait_with_output().unwrap()).expect_code(137);
    assert_eq!(ran.artifact("status"), "failed");
    assert_eq!(ran.artifact("rc"), "137");
    assert!(ran.event_names().contains(&"runner_on_start".to_owned()), "what it said is kept");
}

/// The one process whose parent is `pid`.
fn child_of(pid: u32) -> Pid {
    let is_child = |entry: &std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split(' ').nth(2)?.parse().ok());
        parent == Some(pid)
    };
    let entry = std::fs::read_dir("/proc").unwrap().flatten().find(is_child).expect("a child");
    let child = entry.file_name().to_string_lossy().parse().expect("a pid");
    Pid::from_raw(child).expect("a pid")
}

#[test]
fn a_closed_standard_output_does_not_end_the_run() {
    let test = hello();
    let mut child = test.start();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let ran = test.ended(&output).expect_code(0);
    assert_eq!(ran.artifact("status"), "successful");
    assert!(ran.artifact("stdout").contains("PLAY RECAP"));
}

#[test]
fn a_live_ident_is_not_used_twice() {
    let test = test().local_hosts(&["web1"]).playbook(SLEEP);
    let mut child = test.start();
    read_until(child.stdout.as_mut().unwrap(), "TASK [Sleep]");
    let second = test.command().output().unwrap();
    assert_eq!(second.status.code(), Some(73));
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(stderr.contains("a run with the ident `job` is under way"), "{stderr}");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    child.wait().unwrap();
}
