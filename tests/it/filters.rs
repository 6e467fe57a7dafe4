//! Filters and enrichers on real runs.

use crate::{hello, test};

#[test]
fn a_dropped_event_is_on_the_terminal_and_not_in_job_events() {
    let plain = hello().run().expect_code(0);
    let ran = hello().arguments(&["--plugin", "only-failed"]).run().expect_code(0);
    assert_eq!(ran.stdout, plain.stdout, "the terminal is not touched");
    assert_eq!(ran.artifact("stdout"), plain.artifact("stdout"));
    assert_eq!(ran.event_names(), ["playbook_on_stats"]);
    assert_eq!(ran.events()[0]["counter"], 6, "numbered before filters");
    let dropped: Vec<u64> =
        ran.journal().iter().filter_map(|entry| entry["dropped"].as_u64()).collect();
    assert_eq!(dropped, [1, 2, 3, 4, 5]);
    assert_eq!(ran.journal()[3]["by"], serde_json::json!(["only-failed"]));
    assert!(ran.plugin_line("only-failed").contains("6 events in, 5 dropped"), "{}", ran.stderr);
}

#[test]
fn with_json_lines_dropped_events_are_not_shown() {
    let ran = hello().arguments(&["-j", "--plugin", "only-failed"]).run().expect_code(0);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stdout.contains("playbook_on_stats"));
}

#[test]
fn labels_are_on_every_event_and_nothing_else_changes() {
    let ran = hello()
        .arguments(&[
            "--plugin",
            "annotate=labels",
            "--plugin-config",
            "labels.labels.team=web",
            "--plugin-config",
            "labels.run=[\"ident\"]",
        ])
        .run()
        .expect_code(0);
    let plain = hello().run().expect_code(0);
    for (labelled, plain) in ran.events().iter().zip(plain.events()) {
        assert_eq!(
            labelled["playhouse"],
            serde_json::json!({"annotations": {"labels": {"ident": "job", "team": "web"}}})
        );
        let form = |event: &serde_json::Value| {
            let mut form = tests::event_form(event);
            form.as_object_mut().unwrap().remove("playhouse");
            // The two runs are in rooms of their own.
            form["event_data"].as_object_mut().unwrap().remove("task_path");
            form
        };
        assert_eq!(form(labelled), form(&plain));
    }
    assert_eq!(ran.events().len(), 6);
}

#[test]
fn the_operator_narrows_what_a_plugin_sees() {
    let ran = test()
        .local_hosts(&["web1", "db1"])
        .playbook(crate::HELLO)
        .file(
            "env/plugins",
            "- plugin: annotate\n  config: {labels: {a: 1}}\n  events: {hosts: [\"web*\"], names: [runner_on_ok]}\n",
        )
        .run()
        .expect_code(0);
    let labelled: Vec<String> = ran
        .events()
        .iter()
        .filter(|event| event.get("playhouse").is_some())
        .map(|event| format!("{} {}", event["event"], event["event_data"]["host"]))
        .collect();
    assert_eq!(labelled, ["\"runner_on_ok\" \"web1\""]);
    assert!(ran.plugin_line("annotate").contains("1 event in"), "{}", ran.stderr);
}
