//! A run by itself: artifacts, events, output forms.

use serde_json::Value;

use crate::{hello, test};

#[test]
fn artifacts_have_ansible_runners_layout_and_permissions() {
    let ran = hello().run().expect_code(0);
    assert_eq!(ran.artifact("status"), "successful");
    assert_eq!(ran.artifact("rc"), "0");
    assert_eq!(ran.artifact("stderr"), "");
    for (name, mode) in [
        ("", 0o700),
        ("job_events", 0o700),
        ("command", 0o600),
        ("status", 0o600),
        ("rc", 0o600),
        ("stdout", 0o600),
        ("journal", 0o600),
        ("stderr", 0o644),
    ] {
        assert_eq!(ran.mode(name), mode, "{name}");
    }
    let mut names: Vec<String> = std::fs::read_dir(ran.artifact_path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["command", "fact_cache", "job_events", "journal", "rc", "status", "stderr", "stdout"]
    );
}

#[test]
fn counters_have_no_gaps_and_the_terminal_is_the_stdout_file() {
    let ran = hello().run().expect_code(0);
    let events = ran.events();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["counter"], index as u64 + 1);
    }
    assert_eq!(
        ran.event_names(),
        [
            "playbook_on_start",
            "playbook_on_play_start",
            "playbook_on_task_start",
            "runner_on_start",
            "runner_on_ok",
            "playbook_on_stats"
        ]
    );
    assert_eq!(ran.stdout, ran.artifact("stdout"));
    assert_eq!(ran.stdout, tests::shown_by(&events));
    assert_eq!(ran.stderr, "", "nothing to say");
}

#[test]
fn events_without_a_uuid_of_ansibles_have_random_ones() {
    let version_4 =
        regex::Regex::new("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            .expect("a pattern");
    let ran = hello().run().expect_code(0);
    let mut seen = std::collections::BTreeSet::new();
    for event in ran.events() {
        let uuid = event["uuid"].as_str().expect("a text").to_owned();
        if !["playbook_on_play_start", "playbook_on_task_start"]
            .map(Value::from)
            .contains(&event["event"])
        {
            assert!(version_4.is_match(&uuid), "{uuid}");
        }
        assert!(seen.insert(uuid), "twice: {event}");
    }
}

#[test]
fn the_journal_has_statuses_and_events_in_one_order() {
    let ran = hello().run().expect_code(0);
    let journal = ran.journal();
    let kinds: Vec<String> = journal
        .iter()
        .map(|entry| match entry {
            entry if entry.get("run").is_some() => "run".to_owned(),
            entry if entry.get("status").is_some() => {
                entry["status"]["status"].as_str().unwrap().to_owned()
            }
            entry => entry["event"].to_string(),
        })
        .collect();
    assert_eq!(kinds, ["run", "starting", "running", "1", "2", "3", "4", "5", "6", "successful"]);
    for (index, entry) in journal.iter().enumerate() {
        assert_eq!(entry["n"], index as u64 + 1);
    }
}

#[test]
fn json_lines_are_the_events() {
    let ran = hello().arguments(&["-j"]).run().expect_code(0);
    let lines: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines, ran.events());
    assert_eq!(ran.stdout, ran.artifact("stdout"));
}

#[test]
fn quiet_is_quiet_and_the_file_is_written() {
    let ran = hello().arguments(&["-q"]).run().expect_code(0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
    assert!(ran.artifact("stdout").contains("TASK [Greet]"));
}

#[test]
fn settings_silence_the_run() {
    let ran = hello()
        .file("env/settings", "suppress_ansible_output: true\nsuppress_output_file: true\n")
        .run()
        .expect_code(0);
    assert_eq!(ran.stdout, "");
    assert!(!ran.artifact_path("stdout").exists());
    assert_eq!(ran.events().len(), 6);
}

#[test]
fn a_failing_task_gives_ansibles_code_and_facts_are_kept() {
    let playbook = "\
- hosts: all
  gather_facts: true
  gather_subset: [min]
  tasks:
    - name: Fail
      command: 'false'
";
    let ran = test().local_hosts(&["web1"]).playbook(playbook).run().expect_code(2);
    assert_eq!(ran.artifact("status"), "failed");
    assert_eq!(ran.artifact("rc"), "2");
    assert!(ran.artifact_path("fact_cache/s1_web1").is_file());
}

#[test]
fn text_of_other_programs_is_kept_line_by_line() {
    let playbook = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Write past Ansible
      shell: printf 'one\\ntwo\\n' > /dev/tty
";
    let ran = test().local_hosts(&["web1"]).playbook(playbook).run();
    let lines: Vec<String> = ran
        .events()
        .iter()
        .filter(|event| event["event"] == "verbose")
        .map(|event| event["stdout"].as_str().unwrap().to_owned())
        .collect();
    // Core 2.19 detaches its workers from the terminal: then the task fails instead.
    if ran.code == Some(0) {
        assert_eq!(lines, ["one", "two"]);
        assert!(ran.stdout.contains("one\r\ntwo\r\n"), "{}", ran.stdout);
    } else {
        assert!(ran.stdout.contains("/dev/tty"), "{}", ran.stdout);
    }
}

#[test]
fn a_used_ident_is_cleared_and_keeps_its_facts() {
    let test = hello()
        .file("artifacts/job/fact_cache/s1_old", "{}")
        .file("artifacts/job/job_events/99-old.json", "{}");
    let first = test.command().output().unwrap();
    assert_eq!(first.status.code(), Some(0));
    let ran = test.run().expect_code(0);
    assert_eq!(ran.events().len(), 6, "one run's events");
    assert_eq!(ran.journal()[0]["n"], 1);
    assert!(ran.artifact_path("fact_cache/s1_old").is_file());
}
