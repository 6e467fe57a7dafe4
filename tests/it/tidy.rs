//! Guards against forgetting.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::history::ask;
use crate::{hello, test};
use tests::guest;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("`{path}`: {error}"))
}

#[test]
fn every_exit_code_of_ours_is_in_the_readme_and_in_help() {
    use playhouse::exit_code::{
        ARTIFACTS, CONFIGURATION, INPUT, NOT_FOUND, REFUSED, STOPPED, UNDELIVERED, USAGE,
    };
    let readme = read("README.md");
    let help = std::process::Command::new(crate::PROGRAM).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let help = &help[help.find("Exit codes:").expect("exit codes in --help")..];
    for code in [INPUT, USAGE, ARTIFACTS, UNDELIVERED, REFUSED, CONFIGURATION, NOT_FOUND, STOPPED] {
        assert!(readme.contains(&format!("| {code} |")), "{code} is not in the README's table");
        assert!(help.contains(&code.to_string()), "{code} is not in `run --help`");
    }
}

#[test]
fn the_code_map_names_places_that_are_there() {
    let page = read("ARCHITECTURE.md");
    let places: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(places.len() > 10, "{places:?}");
    for place in places {
        assert!(root().join(place).exists(), "`{place}` is in ARCHITECTURE.md and not there");
    }
    for module in fs::read_dir(root().join("host/src")).unwrap().flatten() {
        if module.file_type().unwrap().is_dir() {
            let place = format!("| `host/src/{}` |", module.file_name().to_string_lossy());
            assert!(page.contains(&place), "{place} is missing in ARCHITECTURE.md");
        }
    }
}

/// `playhouse:plugin@0.1.0` as it was released: SHA-256 of each file's lines, without white
/// space around them and without those that are empty or comments.
const INTERFACE: [(&str, &str); 4] = [
    ("hooks.wit", "46e51e890be2227bebceb2b25b4cd7ac30a905d0ebbfa4541ba4ee096e96d4f5"),
    ("host.wit", "19597b22e3647cfce7dc4447f036d19809d0e91a29cd529085c3ec9eb764f53c"),
    ("types.wit", "2f4b89809d06b888f3150eeb406ff792b19ace98c825f3174ef3756baa79d5fe"),
    ("worlds.wit", "42a9498d7369f38765b6ae7b4718477bf6531391e2b2e1fa3fb054215d6cea60"),
];

#[test]
fn the_released_interface_is_as_it_was() {
    for (file, released) in INTERFACE {
        let text = read(&format!("wit/{file}"));
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .collect();
        let digest =
            Sha256::digest(lines.join("\n")).iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        assert_eq!(digest, released, "{file} declares something else; see wit/README.md");
    }
    let files = fs::read_dir(root().join("wit")).unwrap().flatten();
    let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "wit"));
    assert_eq!(files.count(), INTERFACE.len(), "a new file has a package version of its own");
}

#[test]
fn no_file_is_too_long() {
    let mut folders = vec![root().join("host"), root().join("plugin-sdk"), root().join("plugins")];
    folders.extend([root().join("tests"), root().join("xtask")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let count = code.lines().count();
                assert!(count <= 500, "{} has {count} lines before its tests", path.display());
            }
        }
    }
}

#[test]
fn links_that_somebody_put_among_the_artifacts_are_not_followed() {
    for (link, code) in [("status.tmp", 0), ("rc.tmp", 0), ("command.tmp", 0), ("journal", 73)] {
        let test = hello();
        let victim = test.room().join("victim");
        fs::write(&victim, "precious").unwrap();
        let folder = test.private_data_dir().join("artifacts/job");
        fs::create_dir_all(&folder).unwrap();
        symlink(&victim, folder.join(link)).unwrap();
        let ran = test.run().expect_code(code);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{link}");
        assert_eq!(ran.stderr.contains("it is a link"), code == 73, "{link}: {}", ran.stderr);
    }
    let test = hello();
    let kept = test.room().join("elsewhere/job_events");
    fs::create_dir_all(&kept).unwrap();
    let artifacts = test.private_data_dir().join("artifacts");
    fs::create_dir_all(&artifacts).unwrap();
    symlink(test.room().join("elsewhere"), artifacts.join("job")).unwrap();
    // Its room goes with it.
    let _ran = test.run().expect_code(73).expect_stderr("it is a link");
    assert!(kept.exists());
}

#[test]
fn links_that_somebody_put_among_a_plugins_files_are_not_followed() {
    let rogue = |config: &str| {
        format!("- plugin: {}\n  config: {{in: {config}}}\n", guest("rogue").display())
    };
    for (link, code) in [("log", 0), ("cursor.tmp", 0), ("set-aside.jsonl", 75), ("lock", 73)] {
        let test = hello().file("env/plugins", &rogue("deliver-status, do: fail"));
        assert!(test.command().output().unwrap().status.success());
        let victim = test.room().join("victim");
        fs::write(&victim, "precious").unwrap();
        let link_path = test.private_data_dir().join("artifacts/job/plugins/rogue").join(link);
        let _ = fs::remove_file(&link_path);
        symlink(&victim, link_path).unwrap();
        let test = test.file("env/plugins", &rogue("deliver-events, do: reject, at: 4"));
        let (came, said) = ask(&test, "deliver", &["--timeout", "1"]);
        assert_eq!(came, code, "{link}: {said}");
        assert_eq!(said.contains("it is a link"), code != 0, "{link}: {said}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{link}");
    }
    let room = test().local_hosts(&["web1"]).file("env/plugins", &rogue("keep, do: panic, at: 6"));
    let victim = room.room().join("victim");
    fs::write(&victim, "precious").unwrap();
    let link = "{{ playbook_dir }}/../artifacts/job/plugins/rogue/set-aside.jsonl";
    let ran = room
        .playbook(&format!(
            "- hosts: all\n  gather_facts: false\n  tasks: [{{command: \"ln -s {} {link}\"}}]\n",
            victim.display()
        ))
        .run()
        .expect_code(0);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains("event 6 is set aside and `") && log.contains("it is a link"), "{log}");
}

#[test]
fn links_in_place_of_the_files_of_a_background_run_are_not_followed() {
    for link in ["daemon.log", "pid"] {
        let test = hello();
        let victim = test.room().join("victim");
        fs::write(&victim, "precious").unwrap();
        symlink(&victim, test.private_data_dir().join(link)).unwrap();
        let output = test.command_of("start").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("it is a link"), "{link}: {said}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{link}");
    }
}
