//! `zmq-sink` against real libzmq: what a PULL and a SUB socket get.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;
use tests::{Core, RunTest};

use crate::sinks::ALL;
use crate::{hello, test};

/// Binds a socket, says where, prints each message as a JSON list of its parts, ends with
/// the run and says how often somebody had connected.
const PEER: &str = r#"
import json, sys, zmq
kind, topic, port, heartbeat = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
socket = zmq.Context().socket(getattr(zmq, kind))
if kind == "SUB":
    socket.subscribe(topic)
if heartbeat:
    socket.setsockopt(zmq.HEARTBEAT_IVL, heartbeat)
monitor = socket.get_monitor_socket(zmq.EVENT_ACCEPTED)
socket.bind("tcp://127.0.0.1:" + port)
print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
while True:
    if not socket.poll(20000):
        sys.exit("nothing came for 20 s")
    parts = [part.decode() for part in socket.recv_multipart()]
    print(json.dumps(parts), flush=True)
    if '"status": "successful"' in parts[-1]:
        break
accepted = 0
while monitor.poll(0):
    monitor.recv_multipart()
    accepted += 1
print(accepted, flush=True)
"#;

/// A socket of libzmq, in a process of its own. It ends when this is dropped.
struct Peer {
    process: Child,
    lines: BufReader<ChildStdout>,
    url: String,
}

impl Peer {
    fn start(kind: &str, topic: &str, port: &str, heartbeat: u32) -> Self {
        let python = Core::V2_19.bin().join("python");
        let mut process = Command::new(python)
            .args(["-c", PEER, kind, topic, port, &heartbeat.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped"));
        let mut url = String::new();
        lines.read_line(&mut url).expect("an address");
        Self { process, lines, url: url.trim().to_owned() }
    }

    fn port(&self) -> &str {
        self.url.rsplit(':').next().expect("a port")
    }

    /// The next message, by its parts.
    fn message(&mut self) -> Vec<String> {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("no message: {line:?}"))
    }

    /// All messages up to the run's end, for which the sink has connected once.
    fn messages(&mut self) -> Vec<Vec<String>> {
        let mut messages = vec![self.message()];
        while !messages.iter().flatten().any(|part| part.contains("\"status\": \"successful\"")) {
            messages.push(self.message());
        }
        let mut connections = String::new();
        self.lines.read_line(&mut connections).expect("a line");
        assert_eq!(connections.trim(), "1", "nobody was taken for dead");
        messages
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Statuses and the counters of events, as they arrived.
fn order(messages: &[Vec<String>]) -> Vec<String> {
    let name = |message: &Vec<String>| {
        let body: Value = serde_json::from_str(message.last().expect("a part")).expect("JSON");
        match body.get("counter") {
            Some(counter) => counter.to_string(),
            None => body["status"].as_str().expect("a status").to_owned(),
        }
    };
    messages.iter().map(name).collect()
}

fn zmq_sink(test: RunTest, url: &str, more: &str) -> RunTest {
    test.file("env/plugins", &format!("- plugin: zmq-sink\n  config: {{url: \"{url}\"{more}}}\n"))
}

#[test]
fn a_pull_socket_gets_every_status_and_event_in_order() {
    let mut peer = Peer::start("PULL", "", "*", 0);
    let settings = format!("runner_socket_url: {}\n", peer.url);
    let ran = hello()
        .file("env/settings", &settings)
        .run()
        .expect_code(0)
        .expect_stderr("plugin `zmq-sink` takes part because of ");
    let messages = peer.messages();
    assert_eq!(order(&messages), ALL);
    for (event, message) in ran.events().iter().zip(&messages[2..8]) {
        assert_eq!(message.len(), 1);
        assert_eq!(&serde_json::from_str::<Value>(&message[0]).unwrap(), event);
    }
    let line = ran.plugin_line("zmq-sink");
    assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
}

#[test]
fn a_subscriber_gets_what_it_subscribed_to() {
    for subscription in ["", "job"] {
        let mut peer = Peer::start("SUB", subscription, "*", 0);
        let ran = zmq_sink(hello(), &peer.url, ", socket: pub, topic: job").run().expect_code(0);
        let line = ran.plugin_line("zmq-sink");
        assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
        let messages = peer.messages();
        assert_eq!(order(&messages), ALL, "{subscription:?}");
        assert!(messages.iter().all(|message| message[0] == "job"), "{messages:?}");
    }
}

#[test]
fn a_socket_that_does_not_fit_is_named() {
    let peer = Peer::start("SUB", "", "*", 0);
    let ran = zmq_sink(hello(), &peer.url, "").run().expect_code(0);
    let line = ran.plugin_line("zmq-sink");
    assert!(line.contains("9 waiting"), "{line}");
    assert!(line.contains("the peer is a SUB socket, and a PUSH socket"), "{line}");
}

#[test]
fn heartbeats_are_answered_while_nothing_happens() {
    let mut peer = Peer::start("PULL", "", "*", 1_000);
    let quiet = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Quiet, wait_for: {timeout: 5}}
    - {name: Greet, debug: {msg: hello}}
";
    let ran =
        zmq_sink(test().local_hosts(&["web1"]).playbook(quiet), &peer.url, "").run().expect_code(0);
    let messages = peer.messages();
    assert_eq!(order(&messages).len(), ran.events().len() + 3);
}

/// A mark to wait for, and something before and after it.
const MARK: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Greet, debug: {msg: hello}}
    - name: Wait
      wait_for: {path: \"{{ mark }}\", sleep: 1}
    - {name: Greet, debug: {msg: hello}}
";

#[test]
fn a_peer_that_goes_and_comes_again_gets_the_rest() {
    let mut peer = Peer::start("PULL", "", "*", 0);
    let test = zmq_sink(test().local_hosts(&["web1"]).playbook(MARK), &peer.url, "");
    let mark = test.room().join("mark");
    let test = test.arguments(&["-e", &format!("mark={}", mark.display())]);
    let playhouse = test.start();
    let mut first = Vec::new();
    // Up to the beginning of the task that waits.
    while first.len() < 9 {
        first.push(peer.message());
    }
    let port = peer.port().to_owned();
    drop(peer);
    std::fs::write(mark, "").unwrap();
    let mut peer = Peer::start("PULL", "", &port, 0);
    let output = playhouse.wait_with_output().unwrap();
    let ran = test.ended(&output).expect_code(0);
    let rest = peer.messages();
    let all: Vec<String> = order(&first).into_iter().chain(order(&rest)).collect();
    assert_eq!(all.len(), ran.events().len() + 3, "{all:?}");
    assert_eq!(all.last().map(String::as_str), Some("successful"));
}
