//! `playhouse plugin test`: snapshots of what a component does, with the world recorded.

use std::process::Command;

use receiver::Receiver;
use tests::{RunTest, component};

use crate::hello;

/// Runs `plugin test` in a test's room on its run `job`; code and what was said.
fn plugin_test(test: &RunTest, plugin: &str, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(crate::PROGRAM);
    command
        .args(["plugin", "test"])
        .arg(component(plugin))
        .arg("--events")
        .arg(test.private_data_dir().join("artifacts/job"))
        .args(["--snapshot", "snapshot.json"])
        .args(words);
    test.seal(&mut command);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn recorded() -> RunTest {
    let test = hello();
    assert!(test.command().output().unwrap().status.success());
    test
}

#[test]
fn what_a_plugin_does_is_held_against_its_snapshot() {
    let test = recorded();
    let north = ["--config", r#"{"labels": {"site": "north"}}"#];
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no snapshot `snapshot.json`; `--update` writes it"), "{said}");
    let (code, said) = plugin_test(&test, "annotate", &[&north[..], &["--update"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("0 events dropped, 6 changed"), "{said}");
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!(code, 0, "{said}");
    let south = ["--config", r#"{"labels": {"site": "south"}}"#];
    let (code, said) = plugin_test(&test, "annotate", &south);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(r#"-             "site": "north""#), "{said}");
    assert!(said.contains(r#"+             "site": "south""#), "{said}");

    std::fs::write(test.room().join("snapshot.json"), "{").unwrap();
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!((code, said.contains("`snapshot.json` cannot be read")), (1, true), "{said}");
}

#[test]
fn a_sink_is_answered_from_its_recording_once_the_world_is_gone() {
    let test = recorded();
    let receiver = Receiver::start();
    let config = format!(r#"{{"url": "{}/x"}}"#, receiver.url());
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config, "--update"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("3 statuses and 6 events delivered, 9 calls"), "{said}");
    assert_eq!(receiver.requests().len(), 9);
    drop(receiver);
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config.replace("/x", "/y")]);
    assert_eq!(code, 1, "{said}");
}
