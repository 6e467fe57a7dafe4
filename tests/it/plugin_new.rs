//! `playhouse plugin new`: what it writes builds, passes its tests and runs, by the very
//! commands it prints.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use receiver::Receiver;
use serde_json::Value;
use tests::{Core, lend_caches, lend_toolchain};

use crate::{PROGRAM, test};

const HOOKS: [&str; 6] =
    ["pre-run", "event-filter", "event-enricher", "status-sink", "event-sink", "timer"];

/// A project in a folder that is the same each time, so that Cargo knows what it built.
struct Project {
    folder: PathBuf,
    printed: String,
}

impl Project {
    fn new(language: &str, name: &str, hooks: &[&str]) -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new").join(language);
        let folder = home.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let mut command = Command::new(PROGRAM);
        command.args(["plugin", "new", name, "--lang", language, "--hook", &hooks.join(",")]);
        let output = command.arg("--path").arg(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        lend_caches(&folder);
        Self { folder, printed: String::from_utf8(output.stdout).unwrap() }
    }

    /// Runs a line in its folder.
    fn sh(&self, line: &str) -> Output {
        let room = test();
        let bin = room.room().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(PROGRAM, bin.join("playhouse")).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        room.seal(&mut command);
        let path = format!("{}:{}:/usr/bin:/bin", bin.display(), Core::V2_19.bin().display());
        lend_toolchain(&mut command, &path);
        command.current_dir(&self.folder);
        command.output().unwrap()
    }

    /// Runs what it printed, but for what fetches something.
    fn follow(&self, url: &str) -> String {
        let commands = self.printed.replace("\\\n", "").replace("http://127.0.0.1:8080/", url);
        let mut last = String::new();
        let fetches = |line: &str| line.contains("-m venv") || line.contains("pip install");
        for line in commands.lines().filter_map(|line| line.strip_prefix("  ")) {
            if line.starts_with("cd ") || fetches(line) {
                continue;
            }
            let output = self.sh(line);
            last = String::from_utf8_lossy(&output.stdout).into_owned();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "`{line}` gave\n{last}\n{said}");
            assert!(!said.contains("warning:"), "`{line}` warns:\n{said}");
        }
        last
    }
}

/// All hooks at once, followed to the end.
fn everything_works(language: &str, name: &str) {
    let receiver = Receiver::start();
    let project = Project::new(language, name, &HOOKS);
    let shown = project.follow(receiver.url());
    assert!(shown.contains("to north"), "the extra var is set: {shown}");
    let bodies: Vec<Value> = receiver
        .requests()
        .iter()
        .map(|request| serde_json::from_str(&request.text()).unwrap())
        .collect();
    assert_eq!(bodies[0]["status"], "starting");
    assert_eq!(bodies.last().unwrap()["status"], "successful");
    let of_hosts: Vec<&Value> =
        bodies.iter().filter(|body| body["event_data"]["host"] == "web1").collect();
    assert!(of_hosts.len() >= 4, "{bodies:#?}");
    for event in of_hosts {
        assert_eq!(event["playhouse"]["annotations"][name]["team"], "web");
        assert_ne!(event["event_data"]["resolved_action"], "ansible.builtin.debug");
    }
}

#[test]
fn a_rust_project_builds_tests_and_runs() {
    everything_works("rust", "team-notes");
}

#[test]
fn a_python_project_builds_tests_and_runs() {
    everything_works("python", "team-notes");
}

#[test]
fn each_hook_alone_makes_a_project_without_warnings() {
    for hook in &HOOKS[..5] {
        let name = format!("only-{hook}");
        let rust = Project::new("rust", &name, &[hook]);
        let output = rust.sh("cargo test --quiet");
        let said = String::from_utf8_lossy(&output.stderr);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains("warning"), "{hook}: {shown}{said}");
        assert!(shown.contains("3 passed"), "a test of the hook and two of settings: {shown}");

        let python = Project::new("python", &name, &[hook]);
        let output =
            python.sh("PYTHONPATH=sdk .venv/bin/python -W error -m unittest discover -s tests");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("Ran 2 tests"), "{hook}: {said}");

        let metadata = fs::read_to_string(rust.folder.join("plugin.json")).unwrap();
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        assert_eq!(metadata["hooks"].as_object().unwrap().keys().collect::<Vec<_>>(), [hook]);
    }
}

#[test]
fn what_cannot_be_made_is_said() {
    let made = |words: &[&str]| {
        let mut command = Command::new(PROGRAM);
        test().seal(command.args(["plugin", "new"]).args(words));
        let output = command.current_dir(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let rust = ["--hook", "event-filter", "--lang", "rust"];
    let there = tempfile::tempdir().unwrap();
    let (code, said) =
        made(&[&["x", "--path", there.path().to_str().unwrap()], &rust[..]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("is there already; name another folder with `--path`"), "{said}");
    for (words, problem) in [
        ([&["Team"], &rust[..]].concat(), "`Team` cannot name a plugin"),
        ([&["serde"], &rust[..]].concat(), "`serde` is a word that Rust or the SDK has"),
        (vec!["x", "--lang", "rust", "--hook", "timer"], "`timer` is for sinks"),
        (vec!["x", "--lang", "rust", "--hook", "filter"], "event-filter"),
        (vec!["x", "--lang", "cobol", "--hook", "timer"], "possible values: rust, python"),
    ] {
        let (code, said) = made(&words);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(problem), "{said}");
    }
    assert!(!Path::new(env!("CARGO_TARGET_TMPDIR")).join("x").exists(), "nothing was made");
}

#[test]
fn dev_builds_and_shows_again_at_each_change() {
    let project = Project::new("rust", "dev-filter", &["event-filter"]);
    let recorded = crate::hello();
    assert!(recorded.command().output().unwrap().status.success());
    let artifacts = recorded.private_data_dir().join("artifacts/job");
    let mut command = Command::new(PROGRAM);
    command.args(["plugin", "dev"]).arg(&project.folder).arg("--events").arg(&artifacts);
    recorded.seal(&mut command);
    lend_toolchain(&mut command, "/usr/bin:/bin");
    let mut playhouse = command.spawn().unwrap();
    let (told, said) = mpsc::channel();
    let lines = BufReader::new(playhouse.stderr.take().unwrap()).lines();
    thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| told.send(line)));
    let next_round = || {
        let mut round = Vec::new();
        loop {
            let line = said.recv_timeout(Duration::from_mins(5)).expect("a round ends");
            if line.starts_with("waiting for a change") {
                return round.join("\n");
            }
            round.push(line);
        }
    };
    assert!(next_round().contains("6 events in"), "the recorded run went through it");

    let source = project.folder.join("src/lib.rs");
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&source, format!("{text}\nnot Rust\n")).unwrap();
    assert!(next_round().contains("error: the plugin does not build"));
    fs::write(&source, text).unwrap();
    assert!(next_round().contains("6 events in"));
    playhouse.kill().unwrap();
    playhouse.wait().unwrap();

    let mut command = Command::new(PROGRAM);
    command.args(["plugin", "dev", "--once", "."]).arg("--events").arg(&artifacts);
    recorded.seal(&mut command);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("has neither a `Cargo.toml` nor a `plugin.py`"), "{said}");
}
