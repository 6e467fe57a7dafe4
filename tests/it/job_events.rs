//! Where events lie: in a file each, on a line each, or both; whoever reads them finds them.

use std::os::unix::fs::PermissionsExt as _;

use receiver::Receiver;
use tests::{RunTest, component};

use crate::hello;
use crate::history::{ask, json_lines};
use crate::sinks::{ALL, body, http_sink, order};

fn with(form: &str) -> RunTest {
    hello().file("env/settings", &format!("job_events: {form}\n"))
}

#[test]
fn events_on_lines_are_read_by_everything_that_reads_a_run() {
    let receiver = Receiver::start();
    let test = http_sink(with("jsonl"), receiver.url(), "");
    assert!(test.command().output().unwrap().status.success());
    let artifacts = test.private_data_dir().join("artifacts/job");
    assert!(!artifacts.join("job_events").exists());
    let file = artifacts.join("events.jsonl");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let events = json_lines(&std::fs::read_to_string(&file).unwrap());
    let counters: Vec<Option<u64>> = events.iter().map(|event| event["counter"].as_u64()).collect();
    assert_eq!(counters, (1..=6).map(Some).collect::<Vec<_>>());

    assert_eq!(order(&receiver.requests()), ALL);
    assert_eq!(body(&receiver.requests()[2]), events[0], "the bytes of its line");
    let (_, shown) = ask(&test, "events", &["job", "--json"]);
    let shown = json_lines(&shown);
    assert_eq!(shown.iter().filter(|one| one.get("counter").is_some()).count(), 6);
    let (_, status) = ask(&test, "status", &["job"]);
    assert!(status.contains("web1"), "the recap is in the last event: {status}");
    let (code, explained) = ask(&test, "explain", &["job", "4"]);
    assert!(code == 0 && explained.contains("http-sink"), "{explained}");
    let words = ["job", "--plugin", "annotate", "--plugin-config", "annotate.labels={\"a\": 1}"];
    let (code, replayed) = ask(&test, "replay", &words);
    assert!(code == 0 && replayed.contains("6 events replayed"), "{replayed}");

    let mut bench = std::process::Command::new(crate::PROGRAM);
    bench.args(["plugin", "bench"]).arg(component("only-failed")).arg("--events").arg(&artifacts);
    let output = bench.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn both_hold_the_same_and_an_ident_that_is_used_again_starts_anew() {
    let test = with("both").times(2);
    let files = test.private_data_dir().join("artifacts/job");
    for _ in 0..2 {
        assert!(test.command().output().unwrap().status.success());
    }
    let lines = std::fs::read_to_string(files.join("events.jsonl")).unwrap();
    let mut texts: Vec<String> = std::fs::read_dir(files.join("job_events"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    texts.sort_by_key(|text| lines.find(text.as_str()));
    assert_eq!(texts.join("\n") + "\n", lines, "of the second run, and no line of the first");
}

#[test]
fn a_form_that_is_none_is_an_error_that_names_those_there_are() {
    with("json")
        .run()
        .expect_code(78)
        .expect_stderr("`job_events` is `\"json\"`")
        .expect_stderr("write `files`, `jsonl` or `both`");
}
