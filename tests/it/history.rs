//! `status`, `events`, `completions` and `man`.

use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use tests::RunTest;
use tests::processes::{send, wait_until};

use crate::stopping::SLEEP;
use crate::{HELLO, hello, test};

/// What a command says of a test's private data directory.
pub(crate) fn ask(test: &RunTest, subcommand: &str, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(crate::PROGRAM);
    command.arg(subcommand).arg(test.private_data_dir()).args(words);
    test.seal(&mut command);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// Has Ansible Runner run it with the ident `peer`; its events.
pub(crate) fn run_peer(test: &RunTest) -> Vec<Value> {
    assert!(test.peers_command().args(["-i", "peer"]).output().unwrap().status.success());
    let folder = test.private_data_dir().join("artifacts/peer/job_events");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut events: Vec<Value> =
        files.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect();
    events.sort_by_key(|event| event["counter"].as_u64());
    events
}

pub(crate) fn json_lines(said: &str) -> Vec<Value> {
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn runs_are_listed_with_how_they_ended() {
    let test = hello();
    assert!(test.command().status().unwrap().success());
    let peer = run_peer(&test);
    let (code, said) = ask(&test, "status", &[]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("IDENT  STATUS         RC  STARTED (UTC)"), "{said}");
    assert!(lines[1].starts_with("peer   successful      0  -"), "{said}");
    assert!(lines[2].starts_with("job    successful      0  2"), "{said}");

    let (_, said) = ask(&test, "status", &["--json"]);
    let records = json_lines(&said);
    assert_eq!(records[0]["events"], peer.len());
    for record in &records {
        assert_eq!((&record["status"], &record["rc"]), (&"successful".into(), &0.into()));
        assert_eq!(record["hosts"]["web1"]["ok"], 1, "{record}");
    }
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(said.contains("  web1: ok=1 changed=0 unreachable=0 failed=0"), "{said}");

    let (code, said) = ask(&test, "status", &["nothing"]);
    assert_eq!(code, 1);
    assert!(said.contains("there is no run `nothing` in"), "{said}");
}

fn wait_until_running(test: &RunTest) {
    let journal = test.private_data_dir().join("artifacts/job/journal");
    wait_until("it has begun", || {
        std::fs::read_to_string(&journal).is_ok_and(|entries| entries.contains("running"))
    });
}

#[test]
fn a_run_that_goes_on_is_followed_to_its_end() {
    let test = test().local_hosts(&["web1"]).playbook(&SLEEP.replace("60.0625", "1.5"));
    let mut run = test.start();
    wait_until_running(&test);
    let (_, said) = ask(&test, "status", &["--json"]);
    let record = &json_lines(&said)[0];
    assert_eq!((&record["status"], &record["under_way"]), (&"running".into(), &true.into()));
    let (code, said) = ask(&test, "events", &["job", "--follow"]);
    assert_eq!(code, 0);
    assert!(run.wait().unwrap().success());
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].ends_with("starting") && lines[1].ends_with("running"), "{said}");
    assert!(lines.last().unwrap().ends_with("successful"), "{said}");
    assert!(lines.iter().any(|line| line.contains("runner_on_ok") && line.ends_with("Sleep")));

    let (_, said) = ask(&test, "events", &["job", "--json"]);
    let names: Vec<_> = json_lines(&said).iter().map(|event| event["event"].clone()).collect();
    assert_eq!(names.len(), lines.len());
}

#[test]
fn a_run_whose_program_was_killed_is_interrupted() {
    let test = test().local_hosts(&["web1"]).playbook(&SLEEP.replace("60.0625", "65.0625"));
    let mut run = test.start();
    wait_until_running(&test);
    send(run.id(), Signal::KILL);
    run.wait().unwrap();
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(said.contains("job    interrupted     -  2"), "{said}");
    assert!(said.contains("its program was killed"), "{said}");
}

#[test]
fn the_peers_events_are_shown_too() {
    let test = test().local_hosts(&["web1"]).playbook(HELLO);
    let peer = run_peer(&test);
    let (code, said) = ask(&test, "events", &["peer", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(json_lines(&said), peer);
}

#[test]
fn shells_and_man_know_the_commands() {
    for (words, expected) in [
        (&["completions", "bash"][..], "_playhouse"),
        (&["completions", "fish"], "is-alive"),
        (&["man"], ".TH playhouse 1"),
        (&["man", "run"], "rotate\\-artifacts"),
    ] {
        let output = Command::new(crate::PROGRAM).args(words).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && shown.contains(expected), "{words:?}: {shown}");
    }
    let output = Command::new(crate::PROGRAM).args(["man", "nothing"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
