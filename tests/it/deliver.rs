//! Deliveries that outlive their run: an endpoint that is away, a program that is killed.

use std::net::TcpListener;
use std::path::Path;

use receiver::{Answer, Receiver, Request};
use rustix::process::Signal;
use serde_json::Value;
use tests::processes::{send, wait_until};
use tests::{RunTest, guest};

use crate::history::ask;
use crate::sinks::{ALL, body, http_sink, order};
use crate::stopping::SLEEP;
use crate::{hello, test};

/// A URL where nobody answers: its port was free a moment ago.
fn dead_url() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", socket.local_addr().unwrap())
}

/// Runs `hello` with a sink whose endpoint is away.
fn undelivered() -> RunTest {
    let test = http_sink(hello(), &dead_url(), "");
    assert!(test.command().output().unwrap().status.success());
    test
}

/// Lets the sink of `env/plugins` go elsewhere.
fn redirect(test: RunTest, receiver: &Receiver) -> RunTest {
    http_sink(test, receiver.url(), "")
}

#[test]
fn what_waits_is_named_and_delivered_once_the_endpoint_is_there() {
    let test = undelivered();
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(
        said.contains("10 entries that `http-sink` did not take; `playhouse deliver`"),
        "{said}"
    );
    let (code, said) = ask(&test, "deliver", &["--timeout", "0.5"]);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("0 events delivered, 9 waiting"), "{said}");

    let receiver = Receiver::start();
    let test = redirect(test, &receiver);
    let (code, said) = ask(&test, "deliver", &[]);
    assert_eq!(code, 77, "{said}");
    assert!(said.contains("its grants was") && said.contains("give `--accept`"), "{said}");
    assert_eq!(receiver.requests().len(), 0);
    let (code, said) = ask(&test, "deliver", &["job", "--accept"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("3 statuses and 6 events delivered, 0 waiting"), "{said}");
    assert_eq!(order(&receiver.requests()), ALL);
    let (code, said) = ask(&test, "deliver", &[]);
    assert_eq!((code, said.as_str()), (0, "nothing is waiting to be delivered\n"));
    let (_, said) = ask(&test, "status", &["job"]);
    assert!(!said.contains("did not take"), "{said}");
}

#[test]
fn what_cannot_be_delivered_says_what_to_do() {
    let test = undelivered().file("env/plugins", "[]");
    let (code, said) = ask(&test, "deliver", &[]);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("and is not defined here: add `--plugin http-sink`"), "{said}");
    let (code, said) = ask(&test, "deliver", &["nowhere"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("there is no run `nowhere`"), "{said}");

    let folder = test.private_data_dir().join("artifacts/job/plugins/http-sink");
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    std::fs::write(folder.join("lock"), "4711").unwrap();
    lock.lock().unwrap();
    let (code, said) = ask(&test, "deliver", &["--plugin", "http-sink", "--accept"]);
    assert_eq!(code, 73, "{said}");
    assert!(said.contains("another delivery of `http-sink`, process 4711"), "{said}");
}

#[test]
fn a_sink_that_is_not_defined_keeps_no_other_from_its_own() {
    let dead = dead_url();
    let of = |name: &str, url: &str| {
        let url = format!("{name}.url={url}");
        ["--plugin", &format!("http-sink={name}"), "--plugin-config", &url].map(str::to_owned)
    };
    let words = [of("one", &dead), of("two", &dead)].concat();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let test = hello().arguments(&words);
    assert!(test.command().output().unwrap().status.success());

    let receiver = Receiver::start();
    let second = of("two", receiver.url());
    let words: Vec<&str> = second.iter().map(String::as_str).chain(["--accept"]).collect();
    let (code, said) = ask(&test, "deliver", &words);
    assert_eq!(code, 75, "{said}");
    assert!(said.contains("and is not defined here: add `--plugin one`"), "{said}");
    assert!(said.contains("3 statuses and 6 events delivered, 0 waiting"), "{said}");
    assert_eq!(order(&receiver.requests()), ALL);
}

#[test]
fn another_component_under_the_same_name_is_refused() {
    let test = undelivered().file(
        "env/plugins",
        &format!(
            "- plugin: {}\n  name: http-sink\n  config: {{in: x, do: fail}}\n",
            guest("rogue").display()
        ),
    );
    let (code, said) = ask(&test, "deliver", &[]);
    assert_eq!(code, 77, "{said}");
    assert!(said.contains("its sha256 was `"), "{said}");
}

#[test]
fn a_killed_run_whose_events_are_lines_is_delivered_later() {
    killed_run("job_events: jsonl\n");
}

#[test]
fn a_run_under_way_delivers_itself_and_a_killed_one_is_delivered_later() {
    killed_run("{}");
}

fn killed_run(settings: &str) {
    let receiver = Receiver::start_with(|_: &Request| Answer::hang_up());
    let test = http_sink(test().local_hosts(&["web1"]), receiver.url(), "")
        .file("env/settings", settings)
        .playbook(&SLEEP.replace("60.0625", "61.1875"));
    let mut playhouse = test.start();
    let artifacts = test.private_data_dir().join("artifacts/job");
    wait_until("the task has begun", || events_on_disk(&artifacts) >= 4);
    let (code, said) = ask(&test, "deliver", &["job"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("the run `job` is still under way"), "{said}");
    send(playhouse.id(), Signal::KILL);
    playhouse.wait().unwrap();
    let on_disk = events_on_disk(&artifacts);
    assert!(on_disk >= 4);
    drop(receiver);

    let receiver = Receiver::start();
    let test = redirect(test, &receiver);
    let (code, said) = ask(&test, "deliver", &["--accept"]);
    assert_eq!(code, 0, "{said}");
    let arrived = order(&receiver.requests());
    assert_eq!(arrived[..2], ["starting", "running"]);
    let events: Vec<String> = (1..=on_disk).map(|counter| counter.to_string()).collect();
    assert_eq!(arrived[2..], events, "all that was on disk, in order");
}

fn events_on_disk(artifacts: &Path) -> usize {
    let journal = std::fs::read_to_string(artifacts.join("journal")).unwrap_or_default();
    journal.lines().filter(|line| line.contains("\"event\":")).count()
}

/// A loop, a mark, and the same loop again.
const HALVES: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: First half
      debug: {msg: \"{{ item }}\"}
      loop: \"{{ range(2500) | list }}\"
    - name: Mark
      file: {path: \"{{ mark }}\", state: touch}
    - name: Second half
      debug: {msg: \"{{ item }}\"}
      loop: \"{{ range(2500) | list }}\"
";

#[test]
fn an_endpoint_that_is_down_for_half_a_run_and_then_flaps_gets_every_event_in_order() {
    let test = test().local_hosts(&["web1"]).playbook(HALVES);
    let mark = test.room().join("mark");
    let (is_up, mut asked) = (mark.clone(), 0_u64);
    let receiver = Receiver::start_with(move |_: &Request| {
        asked += 1;
        match (is_up.exists(), asked % 500) {
            (false, _) | (true, 0) => Answer::hang_up(),
            (true, 250) => Answer::status(503),
            (true, _) => Answer::ok(),
        }
    });
    let test = http_sink(test, receiver.url(), "").arguments(&[
        "-e",
        &format!("mark={}", mark.display()),
        "-q",
    ]);
    let output = test.command().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, said) = ask(&test, "deliver", &["--timeout", "600"]);
    assert_eq!(code, 0, "{said}");

    let on_disk = events_on_disk(&test.private_data_dir().join("artifacts/job")) as u64;
    assert!(on_disk > 5_000, "{on_disk}");
    let mut next = 1;
    for counter in receiver.requests().iter().filter_map(|it| body(it)["counter"].as_u64()) {
        assert!(counter <= next, "{counter} came where {next} was due");
        assert!(counter + BATCH > next, "{counter} came again, far behind {next}");
        next = next.max(counter + 1);
    }
    assert_eq!(next, on_disk + 1, "each at least once, in order");
}

/// Events of a batch of http-sink. A delivery that the end of a run cuts short gives this
/// much again at the most.
const BATCH: u64 = 64;

#[test]
fn a_sink_that_holds_the_run_in_memory_is_given_all_of_it_again() {
    let metadata = concat!(env!("CARGO_MANIFEST_DIR"), "/guests/rogue/plugin.json");
    let mut metadata: Value = serde_json::from_slice(&std::fs::read(metadata).unwrap()).unwrap();
    metadata["name"] = "rogue".into();
    metadata["hooks"]["event-sink"]["cursor"] = "run".into();
    let test = hello();
    std::fs::write(test.room().join("plugin.json"), metadata.to_string()).unwrap();
    let mut annotate = std::process::Command::new(crate::PROGRAM);
    annotate.args(["plugin", "annotate"]).arg(guest("rogue"));
    annotate.args(["--metadata", "plugin.json", "-o", "report.wasm"]);
    test.seal(&mut annotate);
    let output = annotate.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let plugin = test.room().join("report.wasm");
    let entry = |what: &str| format!("- plugin: {}\n  config: {what}\n", plugin.display());

    let once = "{in: deliver-events, do: panic, at: 6, once: true}";
    let ran = test.file("env/plugins", &entry(once)).run().expect_code(0);
    let line = ran.plugin_line("rogue");
    assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
    let log = ran.artifact("plugins/rogue/log");
    let after = log.split("started again").nth(1).expect("a second instance");
    assert!(after.contains("events [1"), "from the first event on: {log}");
    assert!(ran.json("plugins/rogue/cursor")["n"].as_u64() > Some(9));
}
