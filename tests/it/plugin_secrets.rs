//! Plugins' own secrets: a run needs those that its plugins cannot do without, and Ansible
//! is given none of them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::RunTest;
use tests::processes::{send, wait_until};

use crate::history::ask;
use crate::{PROGRAM, hello, rogue_that_wants, test};

/// `hello` with a plugin that cannot do without its token, and reads it with each status.
fn courier(test: RunTest, more: &str) -> RunTest {
    let wants = json!([
        {"kind": "secret", "name": "token"},
        {"kind": "secret", "name": "spare", "optional": true},
        {"kind": "set", "paths": ["/envvars/*"]},
    ]);
    rogue_that_wants(&test, "courier", &wants);
    let entry =
        format!("- plugin: ../courier.wasm\n  config: {{in: deliver-status, do: secret}}\n{more}");
    test.file("env/plugins", &entry)
}

const ADD: &str = "give it one with `--plugin-secret courier.token=env:VARIABLE`, or with `secrets: {token: {env: VARIABLE}}` in its entry in env/plugins";

#[test]
fn a_run_does_not_start_without_a_secret_that_its_plugin_needs() {
    for (source, why) in [
        (None, "nothing says where it comes from"),
        (Some("env:ABSENT"), "the environment has no variable `ABSENT`, or it is empty"),
        (Some("env:EMPTY"), "the environment has no variable `EMPTY`, or it is empty"),
        (Some("file:absent"), "pdd/absent` cannot be read: No such file or directory"),
        (Some("file:empty"), "pdd/empty` is empty"),
        (Some("command:false"), "`false` failed: exit status: 1"),
        (Some("command:true"), "`true` printed nothing"),
    ] {
        let test = courier(hello(), "").file("empty", "\n").variable("EMPTY", "");
        let source = source.map(|source| format!("courier.token={source}"));
        let words: Vec<&str> =
            source.iter().flat_map(|source| ["--plugin-secret", source]).collect();
        let ran = test
            .arguments(&words)
            .run()
            .expect_code(78)
            .expect_stderr("error: plugin `courier` cannot do without its secret `token`")
            .expect_stderr(why)
            .expect_stderr(ADD);
        assert_eq!(ran.stderr.lines().count(), 1, "one message: {}", ran.stderr);
        assert!(!ran.path("artifacts").exists(), "nothing says that it started");
    }
}

#[test]
fn deliveries_and_replays_need_the_same_secrets_and_authors_tools_do_not() {
    let test = courier(hello(), "").variable("TOKEN", "swordfish");
    let given = ["--plugin-secret", "courier.token=env:TOKEN"];
    let output = test.command().args(given).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cursor = test.private_data_dir().join("artifacts/job/plugins/courier/cursor");
    let mut position: Value = serde_json::from_slice(&fs::read(&cursor).unwrap()).unwrap();
    position["n"] = json!(0);
    fs::write(&cursor, position.to_string()).unwrap();

    let (code, said) = ask(&test, "deliver", &[]);
    assert!(code == 78 && said.contains(ADD), "{code} {said}");
    let (code, said) = ask(&test, "deliver", &given);
    assert!(code == 0 && said.contains("0 waiting"), "{code} {said}");

    let config = "courier.in=\"finish\"";
    let replay = ["job", "--plugin", "./courier.wasm", "--plugin-config", config];
    let replay = [&replay[..], &["--plugin-config", "courier.do=\"secret\""]].concat();
    let (code, said) = ask(&test, "replay", &replay);
    assert!(code == 78 && said.contains(ADD), "{code} {said}");
    let (code, said) = ask(&test, "replay", &[&replay[..], &given].concat());
    assert_eq!(code, 0, "{said}");

    for words in [&["inspect", "./courier.wasm"][..], &["install", "./courier.wasm", "--accept"]] {
        let mut command = Command::new(PROGRAM);
        test.seal(&mut command);
        let output = command.arg("plugin").args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A token that is one letter longer each time somebody asks for it.
fn growing(folder: &Path) -> String {
    let file = folder.join("token").display().to_string();
    format!("courier.token=command:sh -c 'printf x >> {file}; cat {file}'")
}

#[test]
fn a_plugin_is_first_given_what_the_run_read_and_then_what_is_there() {
    let test = courier(hello(), "");
    let source = growing(test.room());
    let ran = test.arguments(&["--plugin-secret", &source]).run().expect_code(0);
    let log = ran.artifact("plugins/courier/log");
    for bytes in 1..=3 {
        assert!(log.contains(&format!(", of {bytes} bytes")), "{log}");
    }
    assert!(!log.contains(", of 4 bytes"), "it is read once before the run: {log}");
}

#[test]
fn a_run_that_waits_for_a_secret_can_be_canceled() {
    let test = courier(hello(), "");
    let reached = test.room().join("reached");
    let source =
        format!("courier.token=command:sh -c 'touch {}; exec sleep 60'", reached.display());
    let test = test.arguments(&["--plugin-secret", &source]);
    let started = Instant::now();
    let child = test.start();
    wait_until("the source is asked", || reached.exists());
    send(child.id(), Signal::INT);
    let output = child.wait_with_output().unwrap();
    let ran = test.ended(&output).expect_code(254);
    assert!(ran.stderr.contains("while the secrets of its plugins were read"), "{}", ran.stderr);
    assert!(!ran.path("artifacts").exists());
    assert!(started.elapsed() < Duration::from_secs(30));
}

/// Shows Ansible's environment.
const ENV: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Look, command: env, register: found}
    - {name: Show, debug: {var: found.stdout_lines}}
    - {name: Count, debug: {msg: \"of {{ lookup('env', 'HOOK_KEY') | length }} letters\"}}
";

fn in_ansible(more: &str) -> RunTest {
    let given = "  secrets: {token: {env: HOOK_KEY}}\n";
    courier(test().local_hosts(&["web1"]).playbook(ENV), &format!("{given}{more}"))
        .variable("HOOK_KEY", "sw0rdf1sh")
}

#[test]
fn the_variable_of_a_plugins_secret_is_not_given_to_ansible() {
    let ran = in_ansible("").run().expect_code(0);
    assert_eq!(ran.files_with("sw0rdf1sh"), [""; 0]);
    assert!(!ran.stdout.contains("sw0rdf1sh"), "{}", ran.stdout);
    assert!(ran.stdout.contains("of 0 letters"), "{}", ran.stdout);
    assert_eq!(ran.json("command")["env"].get("HOOK_KEY"), None);
    assert!(ran.artifact("plugins/courier/log").contains("the token is ********, of 9 bytes"));
    assert!(!ran.files_with("PYTHONUNBUFFERED=1").is_empty(), "this is how it would be found");
}

#[test]
fn ansible_is_given_it_where_the_operator_or_a_granted_plugin_names_it() {
    let ran = in_ansible("").file("env/envvars", "HOOK_KEY: sw0rdf1sh\n").run().expect_code(0);
    assert!(ran.stdout.contains("of 9 letters"), "{}", ran.stdout);
    assert!(ran.stdout.contains("HOOK_KEY=********"), "{}", ran.stdout);
    assert!(!ran.artifact("command").contains("sw0rdf1sh"), "{}", ran.artifact("command"));
    assert_eq!(ran.json("command")["env"]["HOOK_KEY"], "********");

    let entry = "- plugin: extra-vars\n  config: {envvars: {HOOK_KEY: another}}\n";
    let ran = in_ansible(entry).run().expect_code(0);
    assert!(ran.stdout.contains("of 7 letters"), "{}", ran.stdout);
    assert_eq!(ran.files_with("sw0rdf1sh"), [""; 0]);
    assert_eq!(ran.json("command")["env"]["HOOK_KEY"], "********");
}
