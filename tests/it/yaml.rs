//! Files of `env/` mean what they mean to PyYAML.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;
use tests::Core;

use crate::{hello, test};

/// Scalars that YAML 1.1 and YAML 1.2, or two readers, take for different things.
const SCALARS: &[&str] = &[
    "yes",
    "NO",
    "On",
    "off",
    "y",
    "n",
    "true",
    "TRUE",
    "tRUE",
    "~",
    "null",
    "Null",
    "''",
    "1",
    "+1",
    "-1",
    "0",
    "-0",
    "07",
    "-07",
    "010",
    "08",
    "0o7",
    "0x1F",
    "+0x1f",
    "0x",
    "0x_1",
    "0b11",
    "-0b1",
    "0b",
    "1_000",
    "1__0",
    "_1",
    "1.5",
    "1.",
    "0.",
    "1e3",
    "1.0e3",
    "1.0e+3",
    "1.5e+20",
    "1.5e-20",
    "12e03",
    ".5",
    "-.5",
    "+.5",
    ".inf",
    "-.INF",
    "+.inf",
    ".nan",
    ".Nan",
    "1:30",
    "190:20:30",
    "-1:30",
    "1:60",
    "1:30.5",
    "685.230_15e+03",
    "1.2.3",
    "1,000",
    "2020-01-01",
    "2020-1-1",
    "2020-01-01T10:00:00Z",
    "2020-1-2 3:04:05.5 +1:30",
    "2020-01-01t10:00:00.123456789",
    "!!str 1",
    "!!int '3'",
    "!!float 3",
    "!!bool yes",
    "!!null ''",
    "'1'",
    "\"a\\tb\\u00e9\"",
    "é",
    "123456789012345678901234567890",
    "9223372036854775808",
    "1e400",
    "1.0e+400",
    "100000000000000000.0",
    "0.00001",
    "0.0001",
    "a#b",
    "a #b",
    "- x",
    "@x",
    "%x",
    "`x`",
    "=",
    "[1",
    "{a",
];

/// `name: scalar` lines, and what PyYAML and `str` make of each; those it refuses are
/// printed by their number.
const PYTHON: &str = "\
import json, sys, yaml
good, bad = {}, []
for number, scalar in enumerate(json.load(sys.stdin)):
    try:
        good[f'V{number}'] = str(yaml.safe_load(f'k: {scalar}')['k'])
    except yaml.YAMLError:
        bad.append(number)
print(json.dumps([good, bad]))
";

#[test]
fn scalars_are_read_as_pyyaml_reads_them() {
    let mut python = Command::new(Core::V2_19.bin().join("python"));
    python.args(["-c", PYTHON]);
    python.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut python = python.spawn().unwrap();
    serde_json::to_writer(python.stdin.take().unwrap(), SCALARS).unwrap();
    let answer = python.wait_with_output().unwrap().stdout;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    let (good, bad) = (answer[0].as_object().unwrap(), answer[1].as_array().unwrap());
    assert!(good.len() > 70, "{answer}");

    let mut text = String::new();
    for (number, scalar) in SCALARS.iter().enumerate() {
        if !bad.contains(&Value::from(number)) {
            writeln!(text, "V{number}: {scalar}").unwrap();
        }
    }
    let ran = test()
        .file("env/envvars", &text)
        .arguments(&["-b", "/bin/true", "-p", "x", "--command-file", "full"])
        .run()
        .expect_code(0);
    let environment = &ran.json("command")["env"];
    for (name, expected) in good {
        let number: usize = name[1..].parse().unwrap();
        assert_eq!(&environment[name], expected, "of {}", SCALARS[number]);
    }
    for number in bad {
        let scalar = SCALARS[usize::try_from(number.as_u64().unwrap()).unwrap()];
        if ["=", "%x"].contains(&scalar) {
            // The first has a tag that only PyYAML knows; the second is a text in YAML 1.2.
            continue;
        }
        let ran = hello().file("env/envvars", &format!("A: {scalar}\n")).run().expect_code(78);
        assert!(ran.stderr.contains("env/envvars`, line"), "{scalar}: {}", ran.stderr);
    }
}

#[test]
fn a_broken_file_is_named_with_line_and_column() {
    for (name, text, place) in [
        ("settings", "idle_timeout: 5\njob_timeout: [\n", "line 2, column 14"),
        ("envvars", "A: 1\n B: 2\n", "line 2, column 3"),
        ("extravars", "a: 'x\n", "line"),
        ("passwords", "a: b: c\n", "line 1, column"),
    ] {
        let ran = hello().file(&format!("env/{name}"), text).run().expect_code(78);
        let expected = format!("env/{name}`, {place}");
        assert!(ran.stderr.contains(&expected), "{expected}: {}", ran.stderr);
        assert!(!ran.path("artifacts").exists());
    }
}

#[test]
fn a_named_pipe_is_read_like_a_file() {
    let test = hello().file("env/notes", "");
    for (name, text) in [
        ("envvars", "GREETING: from a pipe\n"),
        ("settings", "suppress_output_file: true\n"),
        ("extravars", "who: piped\n"),
        ("cmdline", "--diff\n"),
    ] {
        let path = test.private_data_dir().join("env").join(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        std::thread::spawn(move || std::fs::write(path, text));
    }
    let ran = test
        .playbook(
            &crate::HELLO
                .replace("msg: hello", "msg: \"{{ who }} {{ lookup('env', 'GREETING') }}\""),
        )
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("\"msg\": \"piped from a pipe\""), "{}", ran.stdout);
    assert!(!ran.artifact_path("stdout").exists());
    assert!(ran.json("command")["command"].as_array().unwrap().contains(&"--diff".into()));
}
