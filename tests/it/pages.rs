//! Runs the pages of the guide and the README's examples as a newcomer would.
//!
//! On a page, a fence whose first line is `# file: <path>` or `// file: <path>` is a
//! file, or if it is a `diff`, what changes in one: parts with a line `@@` between them,
//! each of which has to be there once. A `console` fence has commands behind `$ ` with
//! their output below. In the output a line `...` stands for any lines, and `…` in a line
//! for any text.

use std::fs;
use std::path::Path;
use std::process::Command;

use tests::{Sshd, lend_caches, lend_toolchain};

use crate::{PROGRAM, test};

#[test]
fn first_run() {
    run_page("first-run.md");
}

#[test]
fn plugins() {
    run_page("plugins.md");
}

#[test]
fn after_a_run() {
    run_page("after-a-run.md");
}

#[test]
fn install_a_plugin() {
    run_page("install-a-plugin.md");
}

#[test]
fn from_ansible_runner() {
    run_page("from-ansible-runner.md");
}

#[test]
fn write_a_plugin() {
    run_page("write-a-plugin.md");
}

#[test]
fn write_a_plugin_in_python() {
    run_page("write-a-plugin-in-python.md");
}

#[test]
fn every_page_is_run() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages");
    let source = include_str!("pages.rs");
    for page in fs::read_dir(pages).unwrap().flatten() {
        let name = page.file_name().to_string_lossy().into_owned();
        assert!(source.contains(&format!("run_page(\"{name}\")")), "{name} is run by no test");
    }
}

fn run_page(name: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("pages").join(name);
    let text = fs::read_to_string(&page).unwrap();
    let room = test();
    let folder = room.private_data_dir().parent().unwrap().to_owned();
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for name in ["playhouse", "ansible-runner"] {
        std::os::unix::fs::symlink(PROGRAM, bin.join(name)).unwrap();
    }
    let servers = Servers::start(&text, &folder);

    for fence in fences(&text) {
        if let Some(path) = file_name(&fence) {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let body = fence.body.split_once('\n').map_or("", |(_, body)| body);
            let mut body = servers.addressed(body);
            if fence.language == "diff" {
                body = changed(fs::read_to_string(&path).unwrap(), &body);
            }
            fs::write(path, body).unwrap();
        } else if fence.language == "console" {
            for (command, expected) in steps(&servers.addressed(&fence.body)) {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{command} 2>&1")]);
                room.seal(&mut shell);
                let path = format!(
                    "{}:{}:/usr/bin:/bin",
                    bin.display(),
                    tests::Core::V2_19.bin().display()
                );
                lend_toolchain(&mut shell, &path);
                shell.current_dir(&folder);
                for project in fs::read_dir(&folder).unwrap().flatten() {
                    lend_caches(&project.path());
                }
                let output = shell.output().expect("sh starts");
                let seen = String::from_utf8_lossy(&output.stdout).replace('\r', "");
                let seen = seen.replace(&folder.display().to_string(), "");
                assert!(
                    matches(&expected, &seen),
                    "{name}: `{command}` gave\n{seen}\nnot\n{expected}"
                );
            }
        }
    }
}

/// What pages find at fixed addresses is elsewhere here.
struct Servers {
    receiver: receiver::Receiver,
    sshd: Option<Sshd>,
}

impl Servers {
    /// An OpenSSH server for pages that have one, with a key in the page's folder.
    fn start(page: &str, folder: &Path) -> Self {
        let sshd = page.contains(SSH_PORT).then(Sshd::start);
        if let Some(sshd) = &sshd {
            fs::write(folder.join("id_ed25519"), sshd.authorized_key("")).unwrap();
        }
        Self { receiver: receiver::Receiver::start(), sshd }
    }

    fn addressed(&self, text: &str) -> String {
        let text = text.replace("http://127.0.0.1:8080", self.receiver.url());
        match &self.sshd {
            Some(sshd) => text.replace(SSH_PORT, &format!("ansible_port={}", sshd.port())),
            None => text,
        }
    }
}

const SSH_PORT: &str = "ansible_port=2222";

struct Fence {
    language: String,
    body: String,
}

fn fences(text: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let body: String = lines
                .by_ref()
                .take_while(|line| *line != "```")
                .flat_map(|line| [line, "\n"])
                .collect();
            fences.push(Fence { language: language.to_owned(), body });
        }
    }
    fences
}

fn file_name(fence: &Fence) -> Option<&str> {
    let first = fence.body.lines().next()?;
    first.strip_prefix("# file: ").or_else(|| first.strip_prefix("// file: "))
}

/// A file with the lines of a diff that begin with `+` in place of those with `-`.
fn changed(mut text: String, diff: &str) -> String {
    for part in diff.split("@@\n") {
        let side = |other: char| -> String {
            let lines = part.lines().filter(|line| !line.starts_with(other));
            lines.flat_map(|line| [line.get(1..).unwrap_or_default(), "\n"]).collect()
        };
        let (old, new) = (side('+'), side('-'));
        assert_eq!(text.matches(&old).count(), 1, "in\n{text}\nthere should be once\n{old}");
        text = text.replace(&old, &new);
    }
    text
}

/// Commands with what they should print.
fn steps(body: &str) -> Vec<(String, String)> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in body.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), String::new())),
            (None, Some((command, output))) => {
                if output.is_empty() && command.ends_with('\\') {
                    command.pop();
                    command.push_str(line.trim_start());
                } else {
                    output.push_str(line);
                    output.push('\n');
                }
            }
            (None, None) => panic!("output before any command: {line}"),
        }
    }
    steps
}

fn matches(expected: &str, seen: &str) -> bool {
    let expected: Vec<&str> = expected.lines().collect();
    let seen: Vec<&str> = seen.lines().collect();
    lines_match(&expected, &seen)
}

fn lines_match(expected: &[&str], seen: &[&str]) -> bool {
    match expected.split_first() {
        None => seen.is_empty(),
        Some((&"...", rest)) => (0..=seen.len()).any(|skip| lines_match(rest, &seen[skip..])),
        Some((line, rest)) => seen
            .split_first()
            .is_some_and(|(first, seen)| line_matches(line, first) && lines_match(rest, seen)),
    }
}

fn line_matches(expected: &str, seen: &str) -> bool {
    let mut parts = expected.trim_end().split('…');
    let Some(mut rest) = parts.next().and_then(|first| seen.trim_end().strip_prefix(first)) else {
        return false;
    };
    let mut has_gap = false;
    for part in parts {
        has_gap = true;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || (has_gap && expected.trim_end().ends_with('…'))
}
