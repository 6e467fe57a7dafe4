//! How ansible-playbook waits for a task that takes long.

use std::cell::Cell;

use tests::processes::{ansible_of, processes_of, wait_until};
use tests::{Core, Ran, RunTest};

use crate::test;

const SLEEP: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Sleep
      command: sleep 4.0625
";

/// How often its main thread fell asleep while a task slept for so many seconds.
fn looks(test: RunTest, seconds: &str) -> (u64, Ran) {
    let playhouse = test.start();
    let sleeps = || !processes_of(&["sleep", seconds]).is_empty();
    wait_until("the task runs", sleeps);
    let ansible = ansible_of(playhouse.id());
    let before = times_asleep(ansible).unwrap();
    let after = Cell::new(before);
    wait_until("the task is over", || {
        after.set(times_asleep(ansible).unwrap_or(after.get()));
        !sleeps()
    });
    let output = playhouse.wait_with_output().unwrap();
    (after.get() - before, test.ended(&output))
}

fn times_asleep(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    count.trim().parse().ok()
}

/// Bare, it looks for a result a thousand times a second.
#[test]
fn for_a_result() {
    for core in [Core::V2_16, Core::V2_19] {
        for strategy in ["linear", "free"] {
            let playbook =
                SLEEP.replacen("  gather", &format!("  strategy: {strategy}\n  gather"), 1);
            let (looks, ran) =
                looks(test().core(core).local_hosts(&["web1"]).playbook(&playbook), "4.0625");
            ran.expect_code(0);
            assert!(looks < 1000, "{looks} looks in four seconds, {core:?}, {strategy}");
        }
    }
}

/// Bare, it looks for a free worker some six thousand times a second.
#[test]
fn for_a_free_worker() {
    for core in [Core::V2_16, Core::V2_19] {
        let playbook = SLEEP.replacen("4.0625", "{{ seconds }}", 1);
        let test = test().core(core).local_hosts(&["web1 seconds=4.125", "web2 seconds=0"]);
        let test = test.playbook(&playbook).arguments(&["--forks", "1"]);
        let (looks, ran) = looks(test, "4.125");
        ran.expect_code(0);
        assert!(looks < 1000, "{looks} looks in four seconds, {core:?}");
    }
}
