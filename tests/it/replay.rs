//! Recorded runs, ours and Ansible Runner's, through other plugins than they had.

use receiver::Receiver;

use crate::hello;
use crate::history::{ask, json_lines, run_peer};
use crate::sinks::{ALL, order};

#[test]
fn a_recorded_run_passes_any_chain_and_stays_as_it_is() {
    let test = hello();
    assert!(test.command().output().unwrap().status.success());
    let artifacts = test.private_data_dir().join("artifacts/job");
    let journal = std::fs::read(artifacts.join("journal")).unwrap();
    let receiver = Receiver::start();
    let url = format!("http-sink.url={}/again", receiver.url());
    let words =
        ["--plugin", "annotate", "--plugin-config", "annotate.labels={\"site\": \"north\"}"];
    let sink = ["--plugin", "http-sink", "--plugin-config", &url];
    let (code, said) = ask(&test, "replay", &[&["job"], &words[..], &sink[..]].concat());
    assert_eq!(code, 0, "{said}");
    let (events, rest): (Vec<&str>, Vec<&str>) =
        said.lines().partition(|line| line.starts_with('{'));
    let events = json_lines(&events.join("\n"));
    assert_eq!(events.len(), 6);
    assert_eq!(events[5]["playhouse"]["annotations"]["annotate"]["site"], "north", "{said}");
    assert!(rest.contains(&"6 events replayed"), "{said}");
    assert_eq!(order(&receiver.requests()), ALL);
    assert_eq!(std::fs::read(artifacts.join("journal")).unwrap(), journal);
    assert!(!artifacts.join("plugins").exists(), "nothing is written there");
}

#[test]
fn ansible_runners_artifacts_are_replayed_too() {
    let test = hello();
    let recorded = run_peer(&test);
    let receiver = Receiver::start();
    let url = format!("http-sink.url={}", receiver.url());
    let words = ["peer", "--quiet", "--plugin", "http-sink", "--plugin-config", &url];
    let (code, said) = ask(&test, "replay", &words);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(&format!("3 statuses and {} events delivered", recorded.len())),
        "{said}"
    );
    let arrived = order(&receiver.requests());
    assert_eq!(arrived.len(), recorded.len() + 3);
    assert_eq!((arrived[0].as_str(), arrived.last().unwrap().as_str()), ("starting", "successful"));
    let starting = receiver.requests()[0].text();
    assert!(starting.contains("ansible-playbook") && starting.contains("\"PATH\": \"********\""));

    let words = ["peer", "--plugin", "only-failed"];
    let (_, said) = ask(&test, "replay", &words);
    assert_eq!(json_lines(said.lines().next().unwrap())[0]["event"], "playbook_on_stats");
    let (code, said) = ask(&test, "replay", &["nowhere"]);
    assert_eq!(code, 1, "{said}");
}
