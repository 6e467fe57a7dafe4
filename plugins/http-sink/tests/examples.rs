//! The examples of the README, and each answer's meaning.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use http_sink::{DELIVERY_HEADER, HttpSink};
use playhouse_plugin::http::{Error, ErrorKind, Response};
use playhouse_plugin::testing::{Recording, TestPlugin, check_schema};
use playhouse_plugin::{DeliveryError, DeliveryFailure};

fn start() -> TestPlugin<HttpSink> {
    let settings = serde_json::from_str(include_str!("../examples/settings.json")).unwrap();
    TestPlugin::start(settings).unwrap()
}

fn recording() -> Recording {
    Recording::of_lines(include_str!("../examples/events.jsonl")).unwrap()
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<HttpSink>("plugin.json"), Ok(()));
}

#[test]
fn statuses_and_events_are_posted_one_by_one() {
    let mut plugin = start();
    for _ in 0..7 {
        plugin = plugin.answer_status(200);
    }
    plugin.deliver_status(1, "running").unwrap();
    plugin.deliver(&recording()).unwrap();
    let requests = plugin.requests();
    assert_eq!(requests.len(), 7);
    for request in &requests {
        assert_eq!(
            (request.method.as_str(), request.url.as_str()),
            ("POST", "https://hooks.example/run")
        );
        assert!(request.headers.contains(&("secreto".into(), "beefdead".into())));
        assert!(request.headers.contains(&("content-type".into(), "application/json".into())));
    }
    assert_eq!(requests[0].body, br#"{"status": "running", "runner_ident": "test"}"#);
    let lines: Vec<&[u8]> =
        include_bytes!("../examples/events.jsonl").split(|&byte| byte == b'\n').collect();
    assert_eq!(requests[3].body, lines[2], "the bytes of the event's file");
    let delivery = &requests[3].headers.iter().find(|(name, _)| name == DELIVERY_HEADER).unwrap().1;
    assert_eq!(delivery, "0b1c2d3e-0000-4000-8000-000000000001/event/3");
}

#[test]
fn each_answer_has_its_meaning() {
    let retry = |after: Option<u64>, reason: &str| DeliveryError::Retry {
        after: after.map(Duration::from_secs),
        reason: reason.into(),
    };
    let mut busy = Response { status: 503, ..Response::default() };
    busy.headers.push(("retry-after".into(), "7".into()));
    let down = Error { kind: ErrorKind::Unreachable, message: "nobody listens".into() };
    let denied = Error { kind: ErrorKind::Denied, message: "not granted".into() };
    for (answer, expected) in [
        (Ok(busy), retry(Some(7), "the receiver answered 503")),
        (
            Ok(Response { status: 429, ..Response::default() }),
            retry(None, "the receiver answered 429"),
        ),
        (Err(down), retry(None, "nobody listens")),
        (Err(denied), DeliveryError::stopped("not granted")),
        (
            Ok(Response { status: 400, ..Response::default() }),
            DeliveryError::rejected("the receiver answered 400"),
        ),
        (
            Ok(Response { status: 401, ..Response::default() }),
            DeliveryError::stopped("the receiver answered 401; look at the URL and the headers"),
        ),
    ] {
        let mut plugin = start().answer_status(200).answer_status(204).answer(answer);
        let failure = plugin.deliver(&recording()).unwrap_err();
        assert_eq!(failure, DeliveryFailure { accepted: 2, error: expected });
        assert_eq!(plugin.requests().len(), 3, "nothing is sent past a failure");
    }
}
