//! What reaches an endpoint, and what becomes of it when the endpoint is not well.

use receiver::{Answer, Receiver, Request, in_turn};
use serde_json::Value;
use tests::RunTest;

use crate::hello;

pub(crate) fn http_sink(test: RunTest, url: &str, more: &str) -> RunTest {
    test.file(
        "env/plugins",
        &format!("- plugin: http-sink\n  config: {{url: \"{url}/run\"}}\n{more}"),
    )
}

pub(crate) fn body(request: &Request) -> Value {
    serde_json::from_str(&request.text()).expect("JSON")
}

/// The statuses and the counters of the events, in the order they arrived.
pub(crate) fn order(requests: &[Request]) -> Vec<String> {
    requests
        .iter()
        .map(body)
        .map(|body| match body.get("counter") {
            Some(counter) => counter.to_string(),
            None => body["status"].as_str().expect("a status").to_owned(),
        })
        .collect()
}

pub(crate) const ALL: [&str; 9] =
    ["starting", "running", "1", "2", "3", "4", "5", "6", "successful"];

#[test]
fn every_status_and_event_arrives_in_order_and_none_twice() {
    let receiver = Receiver::start();
    let ran = http_sink(hello(), receiver.url(), "").run().expect_code(0);
    let requests = receiver.requests();
    assert_eq!(order(&requests), ALL);
    for (event, request) in ran.events().iter().zip(&requests[2..8]) {
        assert_eq!(&body(request), event, "the bytes of its file");
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
    let starting = body(&requests[0]);
    assert_eq!(starting["command"][0], "ansible-playbook");
    assert_eq!(starting["env"]["PATH"], "********", "names of variables, no values");
    let line = ran.plugin_line("http-sink");
    assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
    assert_eq!(ran.json("plugins/http-sink/cursor")["n"], 10);
}

#[test]
fn a_filter_can_be_for_one_sink_only() {
    let (all, few) = (Receiver::start(), Receiver::start());
    let ran = hello()
        .file(
            "env/plugins",
            &format!(
                "- plugin: only-failed\n  for: [few]\n- plugin: http-sink\n  name: all\n  config: {{url: {}}}\n- plugin: http-sink\n  name: few\n  config: {{url: {}}}\n",
                all.url(),
                few.url()
            ),
        )
        .run()
        .expect_code(0);
    assert_eq!(order(&all.requests()), ALL);
    assert_eq!(order(&few.requests()), ["starting", "running", "6", "successful"]);
    assert_eq!(ran.events().len(), 6, "the disk keeps them");
}

#[test]
fn the_settings_of_ansible_runners_plugin_load_ours() {
    let receiver = Receiver::start();
    let ran = hello()
        .file(
            "env/settings",
            &format!(
                "runner_http_url: {}/x\nrunner_http_headers: {{ secreto: \"beefdead\", nombre: Jane }}\n",
                receiver.url()
            ),
        )
        .run()
        .expect_code(0)
        .expect_stderr("plugin `http-sink` takes part because of ");
    let requests = receiver.requests();
    assert_eq!(order(&requests), ALL);
    assert_eq!(requests[0].header("secreto"), Some("beefdead"));
    assert_eq!(requests[0].header("nombre"), Some("Jane"));
    assert_eq!(requests[0].path, "/x");
    assert!(ran.plugin_line("http-sink").contains("0 waiting"));
}

#[test]
fn a_unix_socket_is_served() {
    let room = tempfile::tempdir().unwrap();
    let socket = room.path().join("in.sock");
    let receiver = Receiver::start_on_socket(&socket, |_| Answer::ok()).unwrap();
    hello()
        .file(
            "env/settings",
            &format!("runner_http_url: {}\nrunner_http_path: /events\n", socket.display()),
        )
        .run()
        .expect_code(0);
    assert_eq!(order(&receiver.requests()), ALL);
    assert_eq!(receiver.requests()[0].path, "/events");
}

#[test]
fn what_is_turned_away_for_now_comes_again_in_its_place() {
    let answers = [200, 503, 200, 429, 200].map(Answer::status);
    let receiver = Receiver::start_with(in_turn(answers));
    let ran = http_sink(hello(), receiver.url(), "").run().expect_code(0);
    let order = order(&receiver.requests());
    assert_eq!(order[..5], ["starting", "running", "running", "1", "1"]);
    assert_eq!(order[5..], ALL[3..]);
    assert!(ran.plugin_line("http-sink").contains("3 statuses and 6 events delivered, 0 waiting"));
}

#[test]
fn what_is_never_accepted_is_set_aside_and_the_rest_goes_on() {
    let receiver = Receiver::start_with(|request: &Request| {
        Answer::status(if request.text().contains("\"counter\": 3,") { 422 } else { 200 })
    });
    let ran = http_sink(hello(), receiver.url(), "").run().expect_code(0);
    let line = ran.plugin_line("http-sink");
    assert!(line.contains("3 statuses and 5 events delivered, 0 waiting"), "{line}");
    assert!(line.contains(", 1 set aside"), "the counts add up: {line}");
    assert!(
        order(&receiver.requests())
            .ends_with(&ALL[5..].iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
    );
    let aside = ran.artifact("plugins/http-sink/set-aside.jsonl");
    assert_eq!(aside, "{\"what\":\"event 3\",\"reason\":\"the receiver answered 422\"}\n");
}

#[test]
fn a_stopped_sink_keeps_its_place_and_costs_the_run_nothing() {
    let receiver = Receiver::start_with(|_: &Request| Answer::status(401));
    let ran = http_sink(hello(), receiver.url(), "").run().expect_code(0);
    let line = ran.plugin_line("http-sink");
    assert!(line.contains("0 statuses and 0 events delivered, 9 waiting"), "{line}");
    assert!(line.contains("the receiver answered 401"), "{line}");
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_dead_endpoint_loses_nothing_and_a_required_one_is_75() {
    // A port that was free a moment ago: nobody answers.
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    let ran = http_sink(hello(), &url, "  required: true\n")
        .run()
        .expect_code(75)
        .expect_stderr("a required sink has not taken everything");
    assert_eq!((ran.artifact("status"), ran.artifact("rc")), ("successful".into(), "0".into()));
    let line = ran.plugin_line("http-sink");
    assert!(line.contains("9 waiting") && line.contains("cannot be reached"), "{line}");
    assert_eq!(ran.events().len(), 6);
    assert_eq!(ran.journal().len(), 10, "everything is there to be delivered later");
}

#[test]
fn a_host_that_was_not_granted_is_refused_with_the_flag_that_grants_it() {
    let receiver = Receiver::start();
    let guest = tests::guest("rogue");
    let plugins = |allow: &str| {
        format!(
            "- plugin: {}\n  config: {{in: deliver-status, do: http, urls: [\"{}/x\"]}}\n  allow: {{{allow}}}\n",
            guest.display(),
            receiver.url()
        )
    };
    let ran = hello().file("env/plugins", &plugins("")).run().expect_code(0);
    assert_eq!(receiver.requests().len(), 0);
    let log = ran.artifact("plugins/rogue/log");
    assert!(log.contains(&format!("--plugin-allow rogue.http={}", receiver.url())), "{log}");
    assert!(ran.plugin_line("rogue").contains("3 refusals"), "{}", ran.stderr);

    let allow = format!("http: [\"{}\"]", receiver.url());
    let ran = hello().file("env/plugins", &plugins(&allow)).run().expect_code(0);
    assert_eq!(receiver.requests().len(), 3);
    assert!(!ran.plugin_line("rogue").contains("refusal"));
}

#[test]
fn a_name_that_resolves_to_loopback_needs_more_than_its_name() {
    let receiver = Receiver::start();
    let port = receiver.url().rsplit(':').next().unwrap();
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let resolves = std::net::ToSocketAddrs::to_socket_addrs(&format!("{name}:{port}"))
        .is_ok_and(|mut addresses| addresses.any(|address| address.ip().is_loopback()));
    if !resolves {
        // This machine's own name is not on loopback: an address in another form is.
        let url = format!("http://2130706433:{port}");
        let ran = http_sink(hello(), &url, "").run().expect_code(0);
        assert!(
            ran.plugin_line("http-sink").contains("0 waiting"),
            "it was written by the operator"
        );
        return;
    }
    let ran = http_sink(hello(), &format!("http://{name}:{port}"), "").run().expect_code(0);
    assert_eq!(receiver.requests().len(), 0);
    assert!(ran.artifact("plugins/http-sink/log").contains("127."), "the address is named");
}
