//! Whatever is killed: nothing of the run stays behind, and what the artifacts say is true.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tests::processes::{
    ansible_of, children_of, keeper_of, processes_in, processes_of, send, wait_until,
};
use tests::{Core, Ran, RunTest, Sshd};

use crate::stopping::SLEEP;
use crate::{HELLO, test};

/// A run in the middle of a task that sleeps, on both versions of Ansible in turn.
struct Asleep {
    test: RunTest,
    playhouse: Child,
}

impl Asleep {
    /// `seconds` is what the task is known by.
    fn start(core: Core, seconds: &str) -> Self {
        let test = test().core(core).local_hosts(&["web1", "web2"]);
        Self::start_test(test.playbook(&SLEEP.replace("60.0625", seconds)), seconds, 2)
    }

    fn start_test(test: RunTest, seconds: &str, hosts: usize) -> Self {
        let temporary = test.room().join("tmp");
        std::fs::create_dir(&temporary).unwrap();
        let test = test.variable("TMPDIR", &temporary.display().to_string());
        let playhouse = test.start();
        wait_until("the tasks run", || processes_of(&["sleep", seconds]).len() == hosts);
        Self { test, playhouse }
    }

    fn keeper(&self) -> u32 {
        keeper_of(self.playhouse.id())
    }

    fn ansible(&self) -> u32 {
        ansible_of(self.playhouse.id())
    }

    /// Waits for the program, and for every process that was started in its room.
    fn end(self) -> Ran {
        let output = self.playhouse.wait_with_output().unwrap();
        let room = self.test.room().to_owned();
        wait_until("no process of the run is left", || processes_in(&room).is_empty());
        wait_until("the temporary folder is gone", || {
            let names = std::fs::read_dir(room.join("tmp")).unwrap();
            names.flatten().all(|name| !name.file_name().to_string_lossy().starts_with("playhouse"))
        });
        self.test.ended(&output)
    }
}

#[test]
fn playhouse() {
    for core in [Core::V2_16, Core::V2_19] {
        let run = Asleep::start(core, "61.0625");
        send(run.playhouse.id(), Signal::KILL);
        let ran = run.end();
        assert_eq!(ran.code, None);
        assert!(!ran.artifact_path("status").exists() && !ran.artifact_path("rc").exists());
        assert_eq!(ran.journal().last().unwrap()["uuid"], ran.events().last().unwrap()["uuid"]);
        // The ident is free again.
        std::fs::write(ran.path("project/site.yml"), HELLO).unwrap();
        ran.again().expect_code(0);
    }
}

#[test]
fn playhouse_with_a_key_in_its_agent() {
    let sshd = Sshd::start();
    let playbook = SLEEP.replace("60.0625", "61.125").replace("command:", "raw:");
    let test = test()
        .file("inventory/hosts", &sshd.inventory())
        .file("env/ssh_key", &sshd.authorized_key(""))
        .playbook(&playbook);
    let run = Asleep::start_test(test, "61.125", 1);
    let room = run.test.room().join("tmp").display().to_string();
    let agents = || processes_of(&["ssh-agent", "-D", "-a", &room]);
    assert_eq!(agents().len(), 1);
    send(run.playhouse.id(), Signal::KILL);
    wait_until("the agent is gone", || agents().is_empty());
    run.end();
}

#[test]
fn the_keeper() {
    for core in [Core::V2_16, Core::V2_19] {
        let run = Asleep::start(core, "61.25");
        send(run.keeper(), Signal::KILL);
        let ran = run.end().expect_code(73).expect_stderr("the keeper of the run");
        assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "73".into()));
    }
}

#[test]
fn the_keeper_while_playhouse_has_no_time() {
    for core in [Core::V2_16, Core::V2_19] {
        let run = Asleep::start(core, "61.75");
        let ansible = run.ansible();
        wait_until("the keeper has seen the workers and their modules", || {
            let folders = std::fs::read_dir(run.test.room().join("tmp")).unwrap().flatten();
            let mut kept =
                folders.map(|folder| std::fs::read_to_string(folder.path().join("kept")));
            kept.any(|kept| kept.is_ok_and(|kept| kept.matches("\"pid\"").count() >= 4))
        });
        send(run.playhouse.id(), Signal::STOP);
        send(run.keeper(), Signal::KILL);
        wait_until("Ansible has ended", || !processes_in(run.test.room()).contains(&ansible));
        send(run.playhouse.id(), Signal::CONT);
        run.end().expect_code(73).expect_stderr("the keeper of the run");
    }
}

#[test]
fn ansible() {
    for core in [Core::V2_16, Core::V2_19] {
        let run = Asleep::start(core, "61.375");
        send(run.ansible(), Signal::KILL);
        let ran = run.end().expect_code(137);
        assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("failed".into(), "137".into()));
        assert!(ran.event_names().contains(&"runner_on_start".to_owned()), "what it said is kept");
    }
}

#[test]
fn a_worker() {
    for core in [Core::V2_16, Core::V2_19] {
        let run = Asleep::start(core, "61.5");
        let workers = children_of(run.ansible());
        assert_eq!(workers.len(), 2);
        for worker in workers {
            send(worker, Signal::KILL);
        }
        let ran = run.end();
        assert_ne!(ran.code, Some(0), "{}", ran.stdout);
        assert_eq!(ran.artifact("status"), "failed");
        assert_eq!(ran.artifact("rc"), ran.code.unwrap().to_string());
    }
}

#[test]
fn a_second_interrupt_does_not_wait() {
    let stubborn = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Sleep
      shell: trap '' TERM INT HUP; sleep 61.625; sleep 61.625
";
    let test = test().local_hosts(&["web1"]).playbook(stubborn);
    let run = Asleep::start_test(test, "61.625", 1);
    let asked = Instant::now();
    send(run.playhouse.id(), Signal::INT);
    std::thread::sleep(Duration::from_millis(100));
    send(run.playhouse.id(), Signal::INT);
    let ran = run.end().expect_code(254);
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    assert_eq!(ran.artifact("status"), "canceled");
}

#[test]
fn what_a_playbook_leaves_running_on_purpose_lives_on() {
    let sshd = Sshd::start();
    let playbook = "\
- hosts: far
  gather_facts: false
  tasks:
    - {name: Open a shared connection, raw: 'true', vars: {ansible_ssh_args: -o ControlMaster=auto -o ControlPersist=60}}
- hosts: web1
  gather_facts: false
  tasks:
    - {name: Start a job, command: sleep 61.75, async: 60, poll: 0}
    - {name: Start a daemon, shell: nohup sleep 61.75 >/dev/null 2>&1 &}
";
    for core in [Core::V2_16, Core::V2_19] {
        let test = test()
            .core(core)
            .local_hosts(&["web1"])
            .file("inventory/far", &sshd.inventory())
            .file("env/ssh_key", &sshd.authorized_key(""))
            // Core 2.19 ends a worker that is not gone when the play is, with its process
            // group, and the daemon is still of it. Asked so often, Ansible waits for it.
            .variable("ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT", "300")
            .playbook(playbook);
        let room = test.room().to_owned();
        let ran = test.run().expect_code(0);
        let masters = processes_of(&[&format!("ssh: {}", room.display())]);
        assert_eq!(masters.len(), 1, "{}", ran.stdout);
        let sleepers = || {
            let of_room = processes_in(&room);
            let mut pids = processes_of(&["sleep", "61.75"]);
            pids.retain(|pid| of_room.contains(pid));
            pids
        };
        // The job may have been on its way to its `sleep` when the run ended.
        wait_until("both go on", || sleepers().len() == 2);
        for pid in masters.into_iter().chain(sleepers()) {
            send(pid, Signal::KILL);
        }
    }
}

#[test]
fn a_run_that_is_canceled_leaves_the_connection_it_shares_with_another() {
    let sshd = Sshd::start();
    let shared = |seconds: &str| {
        format!(
            "- hosts: far
  gather_facts: false
  vars: {{ansible_ssh_args: -o ControlMaster=auto -o ControlPersist=60}}
  tasks:
    - {{name: Open, raw: 'true'}}
    - {{name: Sleep, raw: sleep {seconds}}}
    - {{name: Go on, raw: 'true'}}
"
        )
    };
    let inventory = sshd.inventory();
    let key = sshd.authorized_key("");
    let with = |playbook: &str| {
        test().file("inventory/hosts", &inventory).file("env/ssh_key", &key).playbook(playbook)
    };
    let first = Asleep::start_test(with(&shared("61.875")), "61.875", 1);
    // The connection's socket lies in the home of the first.
    let home = first.test.room().join("home").display().to_string();
    let second = with(&shared("4.875")).variable("HOME", &home);
    let other = second.start();
    wait_until("the other run is there", || !processes_of(&["sleep", "4.875"]).is_empty());
    send(first.playhouse.id(), Signal::INT);
    let room = first.test.room().to_owned();
    let output = first.playhouse.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(254));
    let other = other.wait_with_output().unwrap();
    second.ended(&other).expect_code(0);
    let masters = processes_of(&[&format!("ssh: {}", room.display())]);
    for master in masters {
        send(master, Signal::KILL);
    }
}

/// A run whose artifacts are on a disk of 400 KiB, which is too small; they are copied to
/// `kept`, since the mount ends with the program.
fn with_a_full_disk(settings: &str) -> Ran {
    let loud = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Fill, debug: {msg: \"{{ 'x' * 20000 }}\"}, loop: \"{{ range(40) | list }}\"}
";
    let test = test().local_hosts(&["web1"]).playbook(loud).file("env/settings", settings);
    let artifacts = test.private_data_dir().join("artifacts");
    std::fs::create_dir(&artifacts).unwrap();
    let inner = test.command();
    let mut outer = std::process::Command::new("unshare");
    outer.args(["--mount", "sh", "-c"]);
    let kept = test.private_data_dir().join("kept").display().to_string();
    outer.arg(format!(
        "mount -t tmpfs -o size=400k none {0} && \"$@\"; code=$?; cp -r {0} {kept}; exit $code",
        artifacts.display()
    ));
    outer.arg("sh").arg(inner.get_program()).args(inner.get_args());
    test.seal(&mut outer);
    let output = outer.output().unwrap();
    let room = test.room().to_owned();
    let ran = test.ended(&output).expect_code(73).expect_stderr("No space left on device");
    assert_eq!(processes_in(&room), Vec::<u32>::new());
    ran
}

#[test]
fn a_full_disk_ends_the_run_and_leaves_no_half_file() {
    let ran = with_a_full_disk("job_events: files\n");
    for file in std::fs::read_dir(ran.path("kept/job/job_events")).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(serde_json::from_slice::<Value>(&bytes).is_ok(), "{}", path.display());
    }
}

#[test]
fn a_full_disk_leaves_no_half_line_and_none_that_is_not_entered() {
    let ran = with_a_full_disk("job_events: jsonl\n");
    let read = |name: &str| {
        let text = std::fs::read_to_string(ran.path("kept/job").join(name)).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<String>>()
    };
    let lines = read("events.jsonl");
    let events: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("a whole line")).collect();
    let journal = read("journal").into_iter();
    let journal = journal.map(|line| serde_json::from_str::<Value>(&line).expect("a whole line"));
    let entered: Vec<Value> = journal.filter(|entry| entry["uuid"].is_string()).collect();
    assert!(
        !entered.is_empty() && entered.len() <= events.len(),
        "{} of {}",
        entered.len(),
        events.len()
    );
    let mut at = 0;
    for ((entry, event), line) in entered.iter().zip(&events).zip(&lines) {
        assert_eq!((&entry["event"], &entry["uuid"]), (&event["counter"], &event["uuid"]));
        assert_eq!(entry["at"], at);
        at += line.len() + 1;
    }
}

#[test]
fn forty_runs_at_once_in_one_private_data_directory() {
    let test = crate::hello();
    let runs: Vec<(String, Child)> = (0..40)
        .map(|number| {
            let ident = format!("run{number}");
            let mut command = test.command();
            command.args(["-i", &ident]);
            (ident, command.spawn().unwrap())
        })
        .collect();
    for (ident, run) in runs {
        let output = run.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{ident}: {stderr}");
        let folder = test.private_data_dir().join("artifacts").join(&ident);
        assert_eq!(std::fs::read_to_string(folder.join("status")).unwrap(), "successful");
        assert_eq!(std::fs::read_dir(folder.join("job_events")).unwrap().count(), 6);
        assert!(String::from_utf8_lossy(&output.stdout).contains("hello"));
    }
    assert_eq!(processes_in(test.room()), Vec::<u32>::new());
}
