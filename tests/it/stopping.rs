//! Every way to ask a run to end.

use std::io::Read;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::processes::{processes_of, send, wait_until};

use crate::{hello, test};

/// A task that sleeps. Each test has a number of seconds of its own to know it by.
pub(crate) const SLEEP: &str = "\
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

#[test]
fn sigint_cancels_and_leaves_nothing_running() {
    let test = test().local_hosts(&["web1"]).playbook(SLEEP);
    let mut child = test.start();
    read_until(child.stdout.as_mut().unwrap(), "TASK [Sleep]");
    wait_until("the task runs", || !processes_of(&["sleep", "60.0625"]).is_empty());
    let asked = Instant::now();
    send(child.id(), Signal::INT);
    let output = child.wait_with_output().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    let ran = test.ended(&output).expect_code(254);
    assert_eq!(ran.artifact("status"), "canceled");
    assert_eq!(ran.artifact("rc"), "254");
    assert_eq!(processes_of(&["sleep", "60.0625"]), Vec::<u32>::new());
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
        assert_eq!(processes_of(&["sleep", seconds]), Vec::<u32>::new());
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
    send(child.id(), Signal::TERM);
    child.wait().unwrap();
}
