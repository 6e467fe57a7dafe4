//! `playhouse plugin bench`: what an event costs, over the artifacts of a real run.

use std::process::Command;

use receiver::Receiver;
use tests::{Ran, component, guest};

use crate::{PROGRAM, hello};

/// The code and both streams of a measurement over the artifacts of a run.
fn bench(ran: &Ran, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(PROGRAM);
    command.args(["plugin", "bench"]).args(words);
    let output = command.arg("--events").arg(ran.path("artifacts/job")).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_filters_cost_is_measured_and_held_against_a_budget() {
    let ran = hello().run().expect_code(0);
    let filter = component("only-failed");
    let filter = filter.to_str().unwrap();
    let (code, shown, said) = bench(&ran, &[filter, "--budget-us", "1000"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let cost = shown.strip_prefix("event-filter: ").unwrap().split(' ').next().unwrap();
    assert!(cost.parse::<f64>().unwrap() > 0.0, "{shown}");
    assert!(shown.contains("memory: 1."), "{shown}");
    let (code, _, said) = bench(&ran, &[filter, "--budget-us", "0.001"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("µs, and the budget is 0.001 µs"), "{said}");
    let folders: Vec<_> = std::fs::read_dir(ran.path("artifacts")).unwrap().collect();
    assert_eq!(folders.len(), 1, "nothing is written");
}

#[test]
fn of_a_sink_the_processor_time_is_measured() {
    let ran = hello().run().expect_code(0);
    let sink = component("http-sink");
    let receiver = Receiver::start();
    let config = format!(r#"{{"url": "{}"}}"#, receiver.url());
    let (code, shown, said) = bench(&ran, &[sink.to_str().unwrap(), "--config", &config]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(shown.contains("µs of processor time an event"), "{shown}");
    assert!(shown.contains("batches of 64"), "{shown}");
    assert!(receiver.requests().len() >= 256, "it sends what it sends");
}

#[test]
fn what_cannot_be_measured_is_said() {
    let ran = hello().run().expect_code(0);
    for (name, words, problem, expected) in [
        ("extra-vars", &[][..], "plugin `extra-vars` is given no events", 1),
        ("http-sink", &["--config", r#"{"url": "http://127.0.0.1:1"}"#], "`http://127.0.0.1:1`", 1),
        ("annotate", &["--config", r#"{"label": {}}"#], "`/label`", 78),
        ("annotate", &["--config", "[1]"], "the settings are one JSON object", 2),
    ] {
        let component = component(name);
        let (code, _, said) = bench(&ran, &[&[component.to_str().unwrap()], words].concat());
        assert!(said.contains(problem), "{said}");
        assert_eq!(code, Some(expected), "{said}");
    }
    let rogue = guest("rogue");
    let words = [rogue.to_str().unwrap(), "--config", r#"{"in": "keep", "do": "panic"}"#];
    let (code, _, said) = bench(&ran, &words);
    assert_eq!(code, Some(1));
    assert!(said.contains("plugin `rogue` failed in event-filter"), "{said}");
    let (code, _, said) = bench(&ran, &["nowhere.wasm"]);
    assert_eq!(code, Some(78), "{said}");
}
