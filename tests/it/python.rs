//! Plugins in Python, as real components on real runs, and their package natively.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use receiver::{Answer, Receiver, in_turn};
use serde_json::Value;
use tests::{RunTest, componentize_bin, python_component};

use crate::{hello, test};

/// A run that `slim` makes smaller.
fn slim() -> RunTest {
    let component = python_component("slim");
    test()
        .local_hosts(&["web1"])
        .playbook(
            "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Look
      ansible.builtin.setup:
        gather_subset: ['!all']
    - name: Greet
      ansible.builtin.debug:
        msg: hello
    - name: Try
      ansible.builtin.command: 'false'
      ignore_errors: true
",
        )
        .arguments(&["--plugin", component.to_str().unwrap()])
}

#[test]
fn a_filter_and_enricher_in_python_takes_part() {
    let ran = slim()
        .arguments(&["--plugin-config", r#"slim.facts=["ansible_kernel"]"#])
        .run()
        .expect_code(0);
    let events = ran.events();
    let of_task = |task: &str| -> Vec<&Value> {
        events.iter().filter(|event| event["event_data"]["task"] == task).collect()
    };
    assert!(of_task("Greet").is_empty(), "debug is left out");
    assert!(ran.stdout.contains("hello"), "the terminal is not touched");
    assert_eq!(of_task("Try").last().unwrap()["event"], "runner_on_failed");
    let look = of_task("Look").into_iter().find(|event| event["event"] == "runner_on_ok").unwrap();
    let facts = look["event_data"]["res"]["ansible_facts"].as_object().unwrap();
    assert_eq!(facts.keys().collect::<Vec<_>>(), ["ansible_kernel"]);
    assert!(look["playhouse"]["annotations"]["slim"]["facts_left_out"].as_u64().unwrap() > 5);
    assert!(ran.plugin_line("slim").starts_with("plugin slim 0.1.0: "), "{}", ran.stderr);
}

#[test]
fn a_setting_that_does_not_fit_the_dataclass_is_named() {
    slim()
        .arguments(&["--plugin-config", "slim.fact=x"])
        .run()
        .expect_code(78)
        .expect_stderr("`/fact`")
        .expect_stderr("plugin `slim` has no setting `/fact`, only drop, facts;");
}

fn every_hook(url: &str, more: &str) -> RunTest {
    hello().file(
        "env/plugins",
        &format!(
            "- plugin: {}\n  config: {{url: \"{url}\"{more}}}\n  allow: {{set: [/extravars/greeting], view: [/extravars/forbidden]}}\n",
            python_component("every-hook").display()
        ),
    )
}

#[test]
fn every_hook_works_in_python() {
    let receiver = Receiver::start_with(in_turn([200, 503].map(Answer::status)));
    let ran = every_hook(receiver.url(), "")
        .playbook(&crate::HELLO.replace("msg: hello", "msg: 'secret {{ greeting }}'"))
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("****** from job"), "set by prepare, hidden by enrich");
    assert!(!ran.artifact("stdout").contains("secret"));
    let bodies: Vec<Value> = receiver
        .requests()
        .iter()
        .map(|request| serde_json::from_str(&request.text()).unwrap())
        .collect();
    let order: Vec<String> = bodies
        .iter()
        .map(|body| match body.get("counter") {
            Some(counter) => counter.to_string(),
            None => body["status"].as_str().unwrap().to_owned(),
        })
        .collect();
    assert_eq!(
        order,
        ["starting", "running", "running", "1", "2", "3", "5", "6", "successful"],
        "a status that was turned away comes again; the filter has dropped event 4"
    );
    let sent: Vec<&Value> = bodies.iter().filter(|body| body.get("counter").is_some()).collect();
    assert_eq!(sent, ran.events().iter().collect::<Vec<_>>());
    let length = &ran.events()[3]["playhouse"]["annotations"]["every-hook"]["length"];
    assert!(length.as_u64().unwrap() > 10, "{length}");
    let log = ran.artifact("plugins/every-hook/log");
    for line in ["started on the path lane", "started on the delivery lane", "finished: successful"]
    {
        assert!(log.contains(line), "{line} is not in {log}");
    }
}

#[test]
fn an_exception_costs_its_event_and_leaves_a_traceback() {
    let receiver = Receiver::start();
    let ran = every_hook(receiver.url(), ", raise_on_task: Greet").run().expect_code(0);
    let failed: Vec<Value> = ran
        .events()
        .iter()
        .filter(|event| event["playhouse"].get("failed").is_some())
        .map(|event| event["event"].clone())
        .collect();
    assert_eq!(failed, ["runner_on_ok"]);
    let log = ran.artifact("plugins/every-hook/log");
    assert!(log.contains("ValueError: a fault in the plugin"), "{log}");
    assert!(log.contains("started on the path lane, restart 1"), "{log}");
}

#[test]
fn refusals_and_failures_are_said_in_the_plugins_words() {
    let receiver = Receiver::start();
    every_hook(receiver.url(), "")
        .file("env/extravars", "forbidden: true\n")
        .run()
        .expect_code(77)
        .expect_stderr("forbidden things are forbidden");
    every_hook(receiver.url(), ", is_broken: true")
        .run()
        .expect_code(78)
        .expect_stderr("it is broken");
}

#[test]
fn an_origin_that_is_not_granted_stops_the_sink() {
    let receiver = Receiver::start();
    let ran = every_hook(receiver.url(), ", other_url: \"https://elsewhere.example/\"")
        .run()
        .expect_code(0);
    let log = ran.artifact("plugins/every-hook/log");
    assert!(log.contains("may not send requests to `https://elsewhere.example`"), "{log}");
    assert!(ran.stderr.contains("waiting"), "{}", ran.stderr);
}

/// What a TLS client says first; then it waits for an answer.
const TLS_HANDSHAKE: &[u8] = &[0x16];

/// A peer that hears one connection after the other to its end, and then says how much it
/// heard, in more than one write.
struct Listener {
    port: u16,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Vec<Vec<u8>>>>,
}

impl Listener {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_over = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut heard = Vec::new();
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    break;
                }
                let mut stream = stream.unwrap();
                let mut bytes = vec![0; 4096];
                let size = stream.read(&mut bytes).unwrap();
                bytes.truncate(size);
                if !bytes.starts_with(TLS_HANDSHAKE) {
                    stream.read_to_end(&mut bytes).unwrap();
                }
                // Whoever only wanted to connect does not wait for this.
                let _ = write!(stream, "heard {} bytes", bytes.len());
                heard.push(bytes);
            }
            heard
        });
        Self { port, is_over, thread: Some(thread) }
    }

    fn address(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// What it heard, by connection, as far as somebody said something.
    fn heard(mut self) -> Vec<String> {
        self.is_over.store(true, Ordering::SeqCst);
        TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let heard = self.thread.take().unwrap().join().unwrap();
        let texts = heard.into_iter().filter(|bytes| !bytes.is_empty());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

/// A run with `telegraph`, whose metadata wants to connect to anybody.
fn telegraph(config: &str, more: &str) -> RunTest {
    hello().file(
        "env/plugins",
        &format!(
            "- plugin: {}\n  config: {config}\n  {more}\n",
            python_component("telegraph").display()
        ),
    )
}

/// What lets `telegraph` do what it does.
fn granted(listener: &Listener) -> String {
    format!("allow: {{net: [\"{}\"]}}\n  secrets: {{token: {{env: TOKEN}}}}", listener.address())
}

#[test]
fn a_stream_in_python_reaches_a_granted_peer() {
    let listener = Listener::start();
    let config = format!("{{address: \"{}\", padding: 3000000}}", listener.address());
    let ran =
        telegraph(&config, &granted(&listener)).variable("TOKEN", "swordfish").run().expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    assert_eq!(log.matches("timed-out before it was asked").count(), 3, "{log}");
    for size in ["3000019", "3000018", "3000021"] {
        let answer = format!("heard {size} bytes");
        assert!(log.contains(&answer), "it reads on after `finish`, to the end: {log}");
    }
    assert!(ran.plugin_line("telegraph").contains("3 statuses and "), "{}", ran.stderr);
    let heard = listener.heard();
    let lines: Vec<&str> = heard.iter().map(|text| text.lines().next().unwrap()).collect();
    assert_eq!(lines, ["swordfish starting", "swordfish running", "swordfish successful"]);
    assert!(heard.iter().all(|text| text.ends_with(&".".repeat(3_000_000))), "all of each");
}

#[test]
fn connections_in_python_are_closed_when_nobody_holds_them() {
    let listener = Listener::start();
    let run = |at_the_end: &str| {
        let config = format!("{{address: \"{}\", at_the_end: {at_the_end}}}", listener.address());
        let test = telegraph(&config, &granted(&listener)).variable("TOKEN", "x");
        test.run().expect_code(0).artifact("plugins/telegraph/log")
    };
    let log = run("hold");
    assert!(log.contains("limit after 8 connections"), "{log}");
    let log = run("drop");
    assert!(log.contains("20 connections, one after the other"), "{log}");
}

#[test]
fn a_stream_in_python_is_refused_where_it_is_not_granted() {
    let ran = telegraph(
        "{address: \"tcp://127.0.0.1:1\"}",
        "allow: {net: [\"tcp://127.0.0.1:2\"]}\n  secrets: {token: {env: TOKEN}}",
    )
    .variable("TOKEN", "x")
    .run()
    .expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    let refusal = "plugin `telegraph` may not connect to `tcp://127.0.0.1:1`: not granted; add `--plugin-allow telegraph.net=tcp://127.0.0.1:1`";
    assert_eq!(log.matches(refusal).count(), 1, "asked once, since it will not help: {log}");
    let line = ran.plugin_line("telegraph");
    assert!(line.contains("0 statuses") && line.contains("1 refusal"), "{line}");
    assert!(ran.stderr.contains(refusal), "{}", ran.stderr);
}

#[test]
fn what_a_stream_in_python_asks_for_beside_the_address_arrives() {
    let listener = Listener::start();
    let config = format!("{{address: \"{}\", at_the_end: identify}}", listener.address());
    let more = granted(&listener)
        .replace("net: [", &format!("net: [\"tls://127.0.0.1:{}\", ", listener.port));
    let ran = telegraph(&config, &more).variable("TOKEN", "x").run().expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    assert!(log.contains("no handshake: tls"), "{log}");
    assert!(log.contains("there is no identity `nobody`"), "{log}");
    assert!(listener.heard().last().unwrap().contains("telegraph"), "offered in the handshake");
}

#[test]
fn a_secret_in_python_is_in_no_artifact() {
    let listener = Listener::start();
    let config = format!("{{address: \"{}\", at_the_end: raise}}", listener.address());
    let ran = telegraph(&config, &granted(&listener))
        .variable("TOKEN", "s3cr3t-of-the-sink")
        .run()
        .expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    assert!(log.contains("the token is ********, of 18 letters"), "{log}");
    assert!(log.contains("ValueError: a fault with ********"), "{log}");
    assert_eq!(ran.files_with("s3cr3t-of-the-sink"), [""; 0]);
    assert!(!ran.stderr.contains("s3cr3t") && !ran.stdout.contains("s3cr3t"), "{}", ran.stderr);
    assert!(!ran.files_with("a fault with").is_empty(), "this is how it would be found");
    assert_eq!(listener.heard()[0], "s3cr3t-of-the-sink starting\n");
}

#[test]
fn a_secret_in_python_can_be_denied_and_missing() {
    let listener = Listener::start();
    let config = format!("{{address: \"{}\"}}", listener.address());
    let allow = format!("allow: {{net: [\"{}\"]}}", listener.address());
    let ran = telegraph(&config, &allow).run().expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    let refusal = "plugin `telegraph` has no secret `token`: not granted; add `--plugin-secret telegraph.token=env:VARIABLE`, or `secrets` to its entry in env/plugins";
    assert_eq!(log.matches(refusal).count(), 1, "asked once, since it will not help: {log}");

    // It fails before the run, and when the plugin asks for the first time.
    let test = telegraph(&config, &allow);
    let (asked, token) = (test.room().join("asked"), test.room().join("token"));
    let (asked, token) = (asked.display(), token.display());
    let late = format!(
        "cat {token} || {{ [ -e {asked} ] && echo late > {token}; touch {asked}; false; }}"
    );
    let secret = format!("telegraph.token=command:sh -c '{late}'");
    let ran = test.arguments(&["--plugin-secret", &secret]).run().expect_code(0);
    let log = ran.artifact("plugins/telegraph/log");
    assert!(log.contains("the secret `token` has no value: `sh` failed"), "{log}");
    assert!(ran.plugin_line("telegraph").contains("3 statuses"), "it was tried again");
    assert_eq!(listener.heard(), ["late starting\n", "late running\n", "late successful\n"]);
}

#[test]
fn inspect_shows_the_settings_of_the_dataclass() {
    let inspect = |words: &[&str]| {
        let component = python_component("telegraph");
        let test =
            test().words(&[&["plugin", "inspect", component.to_str().unwrap()], words].concat());
        test.run().expect_code(0).stdout
    };
    let shown = inspect(&[]);
    for line in [
        "  setting address: Who hears of each status\n",
        "  setting padding: How many bytes more each message has\n",
        "  setting at_the_end: \"nothing\" or \"drop\" or \"hold\" or \"identify\" or \"raise\"\n",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    let shown: Value = serde_json::from_str(&inspect(&["--json"])).unwrap();
    let schema = &shown["settings"];
    assert_eq!(schema["properties"]["padding"]["default"], 0, "{schema}");
    assert_eq!(schema["required"], serde_json::json!(["address"]), "{schema}");
    assert_eq!(schema["additionalProperties"], false, "{schema}");
}

#[test]
fn the_package_and_its_example_pass_their_tests() {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk/python");
    for folder in [sdk.clone(), sdk.join("examples/slim")] {
        let output = Command::new(componentize_bin().join("python"))
            .args(["-W", "error", "-m", "unittest", "discover", "-s", "tests"])
            .env("PYTHONPATH", &sdk)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", folder.display());
        assert!(!said.contains("Ran 0 tests"), "{}", folder.display());
    }
}
