//! Who changed what: of the run before it started, of one event; and runs in which plugins
//! may not fail, or may change nothing.

use tests::{RunTest, guest};

use crate::history::ask;
use crate::{hello, test};

fn rogue(test: RunTest, config: &str, more: &str) -> RunTest {
    test.file(
        "env/plugins",
        &format!("- plugin: {}\n  config: {config}\n{more}\n", guest("rogue").display()),
    )
}

/// Sets the limit, which may be shown, and a variable, which may not.
const SETS: &str = "{in: prepare, do: set, set: [[/limit, web1], [/extravars/key, hunter2]]}";
const ALLOW: &str = "  allow: {set: [/limit, /extravars/*]}";

#[test]
fn every_change_of_the_run_is_kept_with_who_and_why() {
    let test = rogue(hello(), SETS, ALLOW).arguments(&[
        "--plugin",
        "extra-vars",
        "--plugin-config",
        "extra-vars.extravars={\"key\": 1}",
        "--plugin-allow",
        "extra-vars.set=/extravars/*",
    ]);
    assert!(test.command().output().unwrap().status.success());
    let path = test.private_data_dir().join("artifacts/job/plugins/changes.json");
    let changes: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let expected = serde_json::json!([
        {"plugin": "rogue", "op": "add", "path": "/limit", "reason": "because", "applied": true, "value": "web1"},
        {"plugin": "rogue", "op": "add", "path": "/extravars/key", "reason": "because", "applied": true},
    ]);
    assert_eq!(&changes.as_array().unwrap()[..2], expected.as_array().unwrap());
    assert_eq!(changes[2]["plugin"], "extra-vars");
    assert!(!changes.to_string().contains("hunter2"));
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(said.contains("plugin rogue set /limit to \"web1\": because"), "{said}");
    assert!(said.contains("plugin rogue set /extravars/key: because"), "{said}");
}

#[test]
fn a_shadow_run_says_what_would_change_and_changes_nothing() {
    let playbook = "- {hosts: all, gather_facts: false, tasks: [{name: Look, debug: {msg: \"{{ key | default('as it was') }}\"}}]}\n";
    let test = rogue(test().local_hosts(&["web1", "web2"]).playbook(playbook), SETS, ALLOW);
    let ran = test.arguments(&["--plugins-shadow"]).run().expect_code(0);
    assert!(ran.stdout.matches("as it was").count() == 2, "both hosts: {}", ran.stdout);
    assert!(ran.stderr.contains("shadow: plugin `rogue` would change `/limit`"), "{}", ran.stderr);
    assert_eq!(ran.json("plugins/changes.json")[0]["applied"], false);
}

#[test]
fn a_change_of_a_run_that_is_refused_was_not_made() {
    let test = rogue(hello(), SETS, ALLOW).arguments(&[
        "--plugin",
        "extra-vars",
        "--plugin-config",
        "extra-vars.refuse=[{\"when\": {\"/limit\": \"web1\"}, \"reason\": \"not that one\"}]",
        "--plugin-allow",
        "extra-vars.view=/limit",
    ]);
    assert_eq!(test.command().output().unwrap().status.code(), Some(77));
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(said.contains("plugin rogue would have set /limit to \"web1\""), "{said}");
}

#[test]
fn a_password_can_be_set_and_is_seen_by_nobody() {
    let playbook = "\
- hosts: all
  gather_facts: false
  vars_prompt: [{name: who, prompt: Who goes there, private: true}]
  tasks: [{name: Check, assert: {that: who == 'hunter2'}}]
";
    let test = rogue(
        test().local_hosts(&["web1"]).playbook(playbook),
        "{in: prepare, do: set, set: [[\"/passwords/Who goes there:\", hunter2]]}",
        "  allow: {set: [/passwords/*], view: [/passwords/*]}",
    )
    .file("env/passwords", "'^BECOME': secret\n");
    let ran = test.run().expect_code(0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains(r#"{"passwords":{"^BECOME":{"$secret":true}}"#), "{log}");
    for file in ["command", "stdout", "journal", "plugins/changes.json", "plugins/rogue/log"] {
        assert!(!ran.artifact(file).contains("hunter2"), "{file}");
    }
}

#[test]
fn strict_makes_the_failure_of_a_plugin_the_runs() {
    let ran = rogue(hello(), "{in: keep, do: panic, at: 3}", "")
        .arguments(&["--strict-plugins"])
        .run()
        .expect_code(78)
        .expect_stderr("plugin `rogue` failed and is `on_error: abort`");
    assert_eq!(ran.artifact("status"), "failed");
    rogue(hello(), "{in: deliver-status, do: fail}", "")
        .arguments(&["--strict-plugins"])
        .run()
        .expect_code(75)
        .expect_stderr("a required sink has not taken everything");
}

#[test]
fn explain_says_what_each_plugin_did_to_one_event() {
    let test = hello().file(
        "env/plugins",
        &format!(
            "- plugin: only-failed\n  for: [rogue]\n- plugin: annotate\n  config: {{labels: {{site: north}}}}\n- plugin: {}\n  config: {{in: deliver-events, do: panic, at: 6}}\n",
            guest("rogue").display()
        ),
    );
    assert!(test.command().output().unwrap().status.success());
    let (code, said) = ask(&test, "explain", &["job", "4"]);
    assert_eq!(code, 0, "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("event 4  runner_on_"), "{said}");
    assert_eq!(lines[1], "  only-failed: hid it from rogue");
    assert!(lines[2].starts_with("  annotate: left the notes site"), "{said}");
    assert_eq!(lines.last(), Some(&"  rogue: was not shown it"));
    let (_, said) = ask(&test, "explain", &["job", "6"]);
    assert!(said.contains("  rogue: set it aside: trapped in deliver-events"), "{said}");
    let (code, said) = ask(&test, "explain", &["job", "99"]);
    assert_eq!((code, said.contains("has no event 99")), (1, true), "{said}");

    let test = hello().file("env/plugins", "- plugin: only-failed\n");
    assert!(test.command().output().unwrap().status.success());
    let (_, said) = ask(&test, "explain", &["job", "1", "--json"]);
    let explained: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(explained["dropped_by"], serde_json::json!(["only-failed"]));
}
