//! What can be wrong with what was asked: one message each, and nothing is created.

use std::process::Command;

use crate::{PROGRAM, hello, test};

#[test]
fn a_missing_private_data_dir_is_an_error_and_is_not_made() {
    let room = tempfile::tempdir().unwrap();
    let missing = room.path().join("missing");
    let output =
        Command::new(PROGRAM).arg("run").arg(&missing).args(["-p", "x.yml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "error: the private data directory `{}` does not exist; create it, with the playbook in its `project/`\n",
            missing.display()
        )
    );
    assert!(!missing.exists());
}

#[test]
fn a_file_is_no_private_data_dir() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output =
        Command::new(PROGRAM).arg("run").arg(file.path()).args(["-p", "x.yml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("is not a directory; name the private data directory"), "{stderr}");
}

#[test]
fn no_playbook_is_said_before_anything_is_made() {
    let ran = test().run().expect_code(1).expect_stderr("The -p option must be specified");
    assert!(!ran.path("artifacts").exists());
}

#[test]
fn a_playbook_that_is_not_there_is_ansibles_to_say() {
    let ran = test().arguments(&["-p", "missing.yml"]).run().expect_code(1);
    assert!(ran.stdout.contains("the playbook: missing.yml could not be found"), "{}", ran.stdout);
    assert_eq!(ran.artifact("status"), "failed");
    assert_eq!(ran.artifact("rc"), "1");
}

#[test]
fn without_ansible_on_path_the_run_fails_with_127_as_the_peers() {
    let ran = hello().variable("PATH", "/nowhere").run().expect_code(127);
    assert_eq!(ran.stdout, "The command was not found or was not executable: ansible-playbook.\n");
    assert_eq!(ran.artifact("rc"), "127");
    assert_eq!(ran.artifact("status"), "failed");
    assert_eq!(ran.event_names(), ["verbose"]);
}

#[test]
fn broken_yaml_is_named_by_file_and_line() {
    for (file, text, place, words) in [
        ("envvars", "A: 1\nB: [\n", "env/envvars`, line ", ""),
        ("settings", "fact_cache: x\n  idle: {\n", "env/settings`, line 2", ""),
        ("extravars", "a: 'open\n", "env/extravars`, line ", ""),
        ("plugins", "- plugin: x\n config: }\n", "env/plugins`, line 2", ""),
        (
            "plugins",
            "- plugin: x\n  confg: {}\n",
            "env/plugins`: entry 1: ",
            "unknown field `confg`",
        ),
        ("envvars", "- a\n", "env/envvars`: holds a list", "write a mapping"),
        ("envvars", "A: {b: 1}\n", "env/envvars`: the variable `A`", "one text or number"),
        (
            "settings",
            "suppress_output_file: maybe\n",
            "env/settings`: `suppress_output_file`",
            "`true` or `false`",
        ),
    ] {
        let ran = hello()
            .file(&format!("env/{file}"), text)
            .run()
            .expect_code(78)
            .expect_stderr(place)
            .expect_stderr(words);
        assert_eq!(ran.stderr.lines().count(), 1, "one message: {}", ran.stderr);
        assert!(!ran.path("artifacts").exists(), "{file}: nothing is made");
    }
}

#[test]
fn an_open_quote_in_the_command_line_is_an_error() {
    hello()
        .file("env/cmdline", "--tags 'a\n")
        .run()
        .expect_code(2)
        .expect_stderr("env/cmdline` cannot be split into words: a quote is not closed");
}

#[test]
fn an_inventory_that_is_not_there_is_an_error() {
    hello()
        .arguments(&["--inventory", "nowhere"])
        .run()
        .expect_code(1)
        .expect_stderr("Value for --inventory does not appear to be a valid path");
}

#[test]
fn an_ident_stays_below_the_artifact_directory() {
    for ident in ["../up", "/abs", "a//b", ""] {
        let ran = hello().arguments(&["-i", ident]).run();
        assert_eq!(ran.code, Some(2), "{ident}: {}", ran.stderr);
        assert!(!ran.path("artifacts").exists(), "{ident}");
    }
}
