//! Plugins in Python, as real components on real runs, and their package natively.

use std::path::Path;
use std::process::Command;

use receiver::{Answer, Receiver, in_turn};
use serde_json::Value;
use tests::{RunTest, componentize_bin, python_component};

use crate::{hello, test};

/// A run that `slim` makes smaller.
fn slim() -> RunTest {
    let component = python_component("slim");
    test()
        .local_hosts(&["web1"])
        .playbook(
            "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.setup:
        gather_subset: ['!all']
    - name: Greet
      ansible.builtin.debug:
        msg: hello
    - name: Try
      ansible.builtin.command: 'false'
      ignore_errors: true
",
        )
        .arguments(&["--plugin", component.to_str().unwrap()])
}

#[test]
fn a_filter_and_enricher_in_python_takes_part() {
    let ran = slim()
        .arguments(&["--plugin-config", r#"slim.facts=["ansible_kernel"]"#])
        .run()
        .expect_code(0);
    let events = ran.events();
    let of_task = |task: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["event_data"]["task"] == task).collect()
    };
    assert!(of_task("Greet").is_empty(), "debug is left out");
    assert!(ran.stdout.contains("hello"), "the terminal is not touched");
    assert_eq!(of_task("Try").last().unwrap()["event"], "runner_on_failed");
    let look = of_task("Look").into_iter().find(|event| event["event"] == "runner_on_ok").unwrap();
    let facts = look["event_data"]["res"]["ansible_facts"].as_object().unwrap();
    assert_eq!(facts.keys().collect::<Vec<_>>(), ["ansible_kernel"]);
    assert!(look["playhouse"]["annotations"]["slim"]["facts_left_out"].as_u64().unwrap() > 5);
    assert!(ran.plugin_line("slim").starts_with("plugin slim 0.1.0: "), "{}", ran.stderr);
}

#[test]
fn a_setting_that_does_not_fit_the_dataclass_is_named() {
    slim()
        .arguments(&["--plugin-config", "slim.fact=x"])
        .run()
        .expect_code(78)
        .expect_stderr("`/fact`")
        .expect_stderr("unknown setting `fact`, known: `drop`, `facts`");
}

fn every_hook(url: &str, more: &str) -> RunTest {
    hello().file(
        "env/plugins",
        &format!(
            "- plugin: {}\n  config: {{url: \"{url}\"{more}}}\n  allow: {{set: [/extravars/greeting], view: [/extravars/forbidden]}}\n",
            python_component("every-hook").display()
        ),
    )
}

#[test]
fn every_hook_works_in_python() {
    let receiver = Receiver::start_with(in_turn([200, 503].map(Answer::status)));
    let ran = every_hook(receiver.url(), "")
        .playbook(&crate::HELLO.replace("msg: hello", "msg: 'secret {{ greeting }}'"))
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("****** from job"), "set by prepare, hidden by enrich");
    assert!(!ran.artifact("stdout").contains("secret"));
    let bodies: Vec<Value> = receiver
        .requests()
        .iter()
        .map(|request| serde_json::from_str(&request.text()).unwrap())
        .collect();
    let order: Vec<String> = bodies
        .iter()
        .map(|body| match body.get("counter") {
            Some(counter) => counter.to_string(),
            None => body["status"].as_str().unwrap().to_owned(),
        })
        .collect();
    assert_eq!(
        order,
        ["starting", "running", "running", "1", "2", "3", "5", "6", "successful"],
        "a status that was turned away comes again; the filter has dropped event 4"
    );
    let sent: Vec<&Value> = bodies.iter().filter(|body| body.get("counter").is_some()).collect();
    assert_eq!(sent, ran.events().iter().collect::<Vec<_>>());
    let length = &ran.events()[3]["playhouse"]["annotations"]["every-hook"]["length"];
    assert!(length.as_u64().unwrap() > 10, "{length}");
    let log = ran.artifact("plugins/every-hook/log");
    for line in ["started on the path lane", "started on the delivery lane", "finished: successful"]
    {
        assert!(log.contains(line), "{line} is not in {log}");
    }
}

#[test]
fn an_exception_costs_its_event_and_leaves_a_traceback() {
    let receiver = Receiver::start();
    let ran = every_hook(receiver.url(), ", raise_on_task: Greet").run().expect_code(0);
    let failed: Vec<Value> = ran
        .events()
        .iter()
        .filter(|event| event["playhouse"].get("failed").is_some())
        .map(|event| event["event"].clone())
        .collect();
    assert_eq!(failed, ["runner_on_ok"]);
    let log = ran.artifact("plugins/every-hook/log");
    assert!(log.contains("ValueError: a fault in the plugin"), "{log}");
    assert!(log.contains("started on the path lane, restart 1"), "{log}");
}

#[test]
fn refusals_and_failures_are_said_in_the_plugins_words() {
    let receiver = Receiver::start();
    every_hook(receiver.url(), "")
        .file("env/extravars", "forbidden: true\n")
        .run()
        .expect_code(77)
        .expect_stderr("forbidden things are forbidden");
    every_hook(receiver.url(), ", is_broken: true")
        .run()
        .expect_code(78)
        .expect_stderr("it is broken");
}

#[test]
fn an_origin_that_is_not_granted_stops_the_sink() {
    let receiver = Receiver::start();
    let ran = every_hook(receiver.url(), ", other_url: \"https://elsewhere.example/\"")
        .run()
        .expect_code(0);
    let log = ran.artifact("plugins/every-hook/log");
    assert!(log.contains("may not send requests to `https://elsewhere.example`"), "{log}");
    assert!(ran.stderr.contains("waiting"), "{}", ran.stderr);
}

#[test]
fn the_package_and_its_example_pass_their_tests() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk/python");
    for folder in [sdk.clone(), sdk.join("examples/slim")] {
        let output = Command::new(componentize_bin().join("python"))
            .args(["-W", "error", "-m", "unittest", "discover", "-s", "tests"])
            .env("PYTHONPATH", &sdk)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", folder.display());
        assert!(!said.contains("Ran 0 tests"), "{}", folder.display());
    }
}
