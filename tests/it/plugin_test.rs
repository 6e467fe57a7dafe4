//! `playhouse plugin test`: snapshots of what a component does, with the world recorded.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use receiver::{Answer, Receiver};
use serde_json::{Value, json};
use tests::{RunTest, component};

use crate::{hello, rogue_that_wants};

/// Runs `plugin test` in a test's room on its run `job`; code and what was said.
fn plugin_test(test: &RunTest, plugin: &str, words: &[&str]) -> (i32, String) {
    component_test(test, &component(plugin), words)
}

fn component_test(test: &RunTest, component: &Path, words: &[&str]) -> (i32, String) {
    let mut command = Command::new(crate::PROGRAM);
    command
        .args(["plugin", "test"])
        .arg(component)
        .arg("--events")
        .arg(test.private_data_dir().join("artifacts/job"))
        .args(["--snapshot", "snapshot.json"])
        .args(words);
    test.seal(&mut command);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn recorded() -> RunTest {
    let test = hello();
    assert!(test.command().output().unwrap().status.success());
    test
}

#[test]
fn what_a_plugin_does_is_held_against_its_snapshot() {
    let test = recorded();
    let north = ["--config", r#"{"labels": {"site": "north"}}"#];
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no snapshot `snapshot.json`; `--update` writes it"), "{said}");
    let (code, said) = plugin_test(&test, "annotate", &[&north[..], &["--update"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("0 events dropped, 6 changed"), "{said}");
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!(code, 0, "{said}");
    let south = ["--config", r#"{"labels": {"site": "south"}}"#];
    let (code, said) = plugin_test(&test, "annotate", &south);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains(r#"-             "site": "north""#), "{said}");
    assert!(said.contains(r#"+             "site": "south""#), "{said}");

    fs::write(test.room().join("snapshot.json"), "{").unwrap();
    let (code, said) = plugin_test(&test, "annotate", &north);
    assert_eq!((code, said.contains("`snapshot.json` cannot be read")), (1, true), "{said}");
}

#[test]
fn a_sink_is_answered_from_its_recording_once_the_world_is_gone() {
    let test = recorded();
    let receiver = Receiver::start();
    let config = format!(r#"{{"url": "{}/x"}}"#, receiver.url());
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config, "--update"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("3 statuses and 6 events delivered, 9 calls"), "{said}");
    assert_eq!(receiver.requests().len(), 9);
    drop(receiver);
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = plugin_test(&test, "http-sink", &["--config", &config.replace("/x", "/y")]);
    assert_eq!(code, 1, "{said}");
}

/// A token that looks different wherever it stands.
const TOKEN: &str = "s3cr3t/\"of\"-the+sink";
/// How it looks: as it is, in JSON, in a URL, in base64, in hexadecimal.
const FORMS: [&str; 8] = [
    "s3cr3t",
    "czNjcjN0",
    "bWU6czNj",
    "733363723374",
    "from-the-header",
    "from-the-key",
    "from-the-url",
    "from-the-jar",
];

/// A plugin that sends others its token in every form, and that can do without `spare`.
fn sender(test: &RunTest) -> PathBuf {
    let wants = json!([
        {"kind": "http", "origins": ["http://*:*"]},
        {"kind": "net", "addresses": ["tcp://*:*"]},
        {"kind": "secret", "name": "token"},
        {"kind": "secret", "name": "spare", "optional": true},
    ]);
    rogue_that_wants(test, "sender", &wants)
}

/// Where `sender` sends it.
fn sending(kind: &str, urls: &[String]) -> Vec<String> {
    let config = json!({"in": "deliver-status", "do": "send", "urls": urls}).to_string();
    let mut words = vec!["--config".to_owned(), config];
    for url in urls {
        words.extend(["--allow".to_owned(), format!("{kind}={url}")]);
    }
    words
}

/// `plugin test` of `sender`, with more words.
fn send(test: &RunTest, sender: &Path, sending: &[String], more: &[&str]) -> (i32, String) {
    let words: Vec<&str> = sending.iter().map(String::as_str).chain(more.iter().copied()).collect();
    component_test(test, sender, &words)
}

fn snapshot(test: &RunTest) -> String {
    fs::read_to_string(test.room().join("snapshot.json")).unwrap()
}

#[test]
fn a_snapshot_holds_no_secret_and_needs_none() {
    let test = recorded().variable("TOKEN", TOKEN).variable("OTHER", "another-token");
    let sender = sender(&test);
    // It tells the plugin its own token, as some services do.
    let receiver = Receiver::start_with(|request| {
        Answer::ok().header("set-cookie", "jar=from-the-jar").body(request.body.clone())
    });
    let sending = sending("http", &[receiver.url().to_owned()]);
    let run = |more: &[&str]| send(&test, &sender, &sending, more);
    let (code, said) = run(&["--secret", "token=env:TOKEN", "--update"]);
    assert_eq!(code, 0, "{said}");
    let requests = receiver.requests();
    assert_eq!(requests.len(), 3, "{said}");
    assert_eq!(requests[0].header("x-note"), Some(&*format!("with {TOKEN}")), "it went out");
    drop(receiver);
    let written = snapshot(&test);
    for form in FORMS {
        assert!(!written.contains(form), "{form} is in {written}");
    }
    let written: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(written["secrets"], json!(["token"]));
    assert_eq!(written["calls"].as_array().unwrap().len(), 3);
    let headers = &written["calls"][0]["headers"];
    for line in ["authorization: ********", "x-api-key: ********", "x-note: with ********"] {
        assert!(headers.as_array().unwrap().contains(&json!(line)), "{headers}");
    }

    for more in [&[][..], &["--secret", "token=env:OTHER"], &["--secret", "token=env:ABSENT"]] {
        let (code, said) = run(more);
        assert_eq!(code, 0, "{more:?}: {said}");
    }
    let (code, said) = run(&["--secret", "spare=env:OTHER"]);
    assert_eq!(code, 1, "what it is given more shows: {said}");
    assert!(said.contains(r#"+     "spare","#) && !said.contains("another-token"), "{said}");
    let changed = snapshot(&test).replace("x-note: with", "x-note: without");
    fs::write(test.room().join("snapshot.json"), changed).unwrap();
    let (code, said) = run(&[]);
    assert_eq!(code, 1, "the rest is compared: {said}");
}

#[test]
fn a_secret_that_a_snapshot_was_written_with_is_there_again() {
    let test = recorded().variable("OTHER", "another-token");
    let sender = sender(&test);
    let receiver = Receiver::start();
    let sending = sending("http", &[receiver.url().to_owned()]);
    let run = |more: &[&str]| send(&test, &sender, &sending, more);
    let (code, said) = run(&["--secret", "spare=env:OTHER", "--update"]);
    assert_eq!(code, 0, "{said}");
    assert!(receiver.requests()[0].text().contains("another-token"));
    assert_eq!(receiver.requests()[0].header("x-note"), Some("with stand-in-for-token"));
    drop(receiver);
    assert!(!snapshot(&test).contains("another-token"), "{}", snapshot(&test));
    let (code, said) = run(&[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_snapshot_from_before_that_has_secrets_in_it_still_fits() {
    let test = recorded().variable("TOKEN", TOKEN);
    let sender = sender(&test);
    let receiver = Receiver::start();
    let sending = sending("http", &[receiver.url().to_owned()]);
    let run = |more: &[&str]| send(&test, &sender, &sending, more);
    let (code, said) = run(&["--secret", "token=env:TOKEN", "--update"]);
    assert_eq!(code, 0, "{said}");
    drop(receiver);
    let mut written: Value = serde_json::from_str(&snapshot(&test)).unwrap();
    written.as_object_mut().unwrap().remove("secrets");
    let before = serde_json::to_string(&written)
        .unwrap()
        .replace("authorization: ********", "authorization: Bearer from-the-header")
        .replace("x-note: with ********", &format!("x-note: with {}", TOKEN.replace('"', "\\\"")));
    assert!(before.contains("from-the-header") && before.contains("s3cr3t"), "{before}");
    fs::write(test.room().join("snapshot.json"), before).unwrap();
    let (code, said) = run(&["--secret", "token=env:TOKEN"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_secret_among_bytes_is_hidden_with_them() {
    let test = recorded().variable("TOKEN", TOKEN);
    let sender = sender(&test);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let peer = thread::spawn(move || {
        (0..3)
            .map(|_| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).unwrap();
                stream.write_all(b"good morning").unwrap();
                heard
            })
            .collect::<Vec<_>>()
    });
    let sending = sending("net", &[address]);
    let (code, said) = send(&test, &sender, &sending, &["--secret", "token=env:TOKEN", "--update"]);
    assert_eq!(code, 0, "{said}");
    let heard = peer.join().unwrap();
    assert!(heard[0].windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "it went out");
    let written = snapshot(&test);
    assert!(!written.contains("hex:") && written.contains("good morning"), "{written}");
    let (code, said) = send(&test, &sender, &sending, &[]);
    assert_eq!(code, 0, "the length of the token does not matter: {said}");
}
