//! The examples of the README, with a scripted peer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use playhouse_plugin::testing::{Peer, Recording, TestPlugin, check_schema};
use playhouse_plugin::{DeliveryError, DeliveryFailure};
use serde_json::json;
use zmq_sink::ZmqSink;

const LINES: &str = include_str!("../examples/events.jsonl");

fn greeting() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[0] = 0xFF;
    bytes[9] = 0x7F;
    bytes[10..16].copy_from_slice(b"\x03\x01NULL");
    bytes
}

fn ready(socket_type: &str) -> Vec<u8> {
    let size = u8::try_from(socket_type.len()).unwrap();
    let body = [b"\x05READY\x0bSocket-Type\0\0\0", &[size][..], socket_type.as_bytes()].concat();
    [&[4, u8::try_from(body.len()).unwrap()][..], &body].concat()
}

/// A message of one frame.
fn message(text: &str) -> Vec<u8> {
    let head = match u8::try_from(text.len()) {
        Ok(size) => vec![0, size],
        Err(_) => [&[2][..], &(text.len() as u64).to_be_bytes()].concat(),
    };
    [&head, text.as_bytes()].concat()
}

fn recording() -> Recording {
    Recording::of_lines(LINES).unwrap()
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<ZmqSink>("plugin.json"), Ok(()));
}

#[test]
fn a_pull_socket_gets_everything_and_its_pings_are_answered() {
    let sent: Vec<u8> = LINES.lines().flat_map(message).collect();
    let status = r#"{"status": "running", "runner_ident": "test"}"#;
    let peer = Peer::at("tcp://collector.example:5555")
        .expect(greeting())
        .answer([greeting(), ready("PULL")].concat())
        .expect([ready("PUSH"), message(status)].concat())
        .answer(b"\x04\x08\x04PING\0\x0ax")
        .expect(b"\x04\x06\x04PONGx")
        .expect(sent);
    let settings = serde_json::from_str(include_str!("../examples/settings.json")).unwrap();
    let mut plugin = TestPlugin::<ZmqSink>::start(settings).unwrap().peer(peer);
    plugin.deliver_status(1, "running").unwrap();
    assert!(plugin.tick().is_some());
    plugin.deliver(&recording()).unwrap();
    let expected: usize = LINES.lines().map(|line| message(line).len()).sum();
    let all = 64 + ready("PUSH").len() + message(status).len() + 8 + expected;
    let [stream] = &plugin.streams()[..] else { panic!("one connection") };
    assert_eq!(stream.sent.len(), all);
}

#[test]
fn a_publisher_sends_what_is_subscribed_to() {
    let start = |subscription: &[u8]| {
        let peer =
            Peer::at("tcp://h:1").answer([&greeting()[..], &ready("SUB"), subscription].concat());
        let settings = json!({"url": "tcp://h:1", "socket": "pub", "topic": "job"});
        TestPlugin::<ZmqSink>::start(settings).unwrap().peer(peer)
    };
    let handshake = 64 + ready("PUB").len();
    for (subscription, is_sent) in [
        (&b"\x00\x01\x01"[..], true),
        (b"\x04\x0d\x09SUBSCRIBEjob", true),
        (b"\x04\x0f\x09SUBSCRIBEother", false),
        (b"\x00\x01\x01\x00\x01\x00", false),
        (b"\x00\x01\x01\x00\x01\x01\x00\x01\x00", true),
        (b"", false),
    ] {
        let mut plugin = start(subscription);
        plugin.deliver(&recording()).unwrap();
        let sent = &plugin.streams()[0].sent[handshake..];
        assert_eq!(sent.starts_with(b"\x01\x03job"), is_sent, "{subscription:?}");
        assert_eq!(sent.is_empty(), !is_sent);
    }
}

#[test]
fn a_peer_that_does_not_fit_or_goes_is_named() {
    let deliver = |peer: Peer| {
        let plugin = TestPlugin::<ZmqSink>::start(json!({"url": "tcp://h:1"})).unwrap();
        plugin.peer(peer).deliver(&recording()).unwrap_err()
    };
    let failure = |error| DeliveryFailure { accepted: 0, error };
    assert_eq!(
        deliver(Peer::at("tcp://h:1").answer([greeting(), ready("SUB")].concat())),
        failure(DeliveryError::stopped(
            "the peer is a SUB socket, and a PUSH socket has nothing to say to it"
        ))
    );
    assert_eq!(
        deliver(Peer::at("tcp://h:1").answer(greeting()).close()),
        failure(DeliveryError::retry("the peer ended the connection"))
    );
    assert_eq!(
        deliver(Peer::at("tcp://other:1")),
        failure(DeliveryError::retry("the test has no peer at `tcp://h:1`"))
    );
    assert_eq!(
        deliver(Peer::at("tcp://h:1").answer("HTTP/1.1 400 Bad Request\r\n")),
        failure(DeliveryError::stopped("the peer cannot be talked to: it does not speak ZMTP"))
    );
}

#[test]
fn what_is_no_address_is_refused() {
    for url in ["", "tcp://*:5555", "tcp://h", "tcp://:5", "ipc://x", "h:1", "tcp://h:99999"] {
        let error = TestPlugin::<ZmqSink>::start(json!({"url": url})).err();
        assert!(error.is_some(), "{url}");
    }
    assert!(TestPlugin::<ZmqSink>::start(json!({"url": "/run/x.sock"})).is_ok());
}
