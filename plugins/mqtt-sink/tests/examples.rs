//! The examples of the README with a scripted broker, and each answer's meaning.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use mqtt_sink::MqttSink;
use playhouse_plugin::testing::{Peer, Recording, TestPlugin, check_schema};
use playhouse_plugin::{DeliveryError, DeliveryFailure, InitError};
use serde_json::{Value, json};

const BROKER: &str = "tcp://broker.example:1883";
const LINES: &str = include_str!("../examples/events.jsonl");

fn recording() -> Recording {
    Recording::of_lines(LINES).unwrap()
}

/// A packet: its first byte, how long it is, and the rest.
fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut bytes = vec![first];
    let mut size = body.len();
    while size >= 0x80 {
        bytes.push(u8::try_from(size % 0x80).unwrap() | 0x80);
        size /= 0x80;
    }
    bytes.push(u8::try_from(size).unwrap());
    bytes.extend(body);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn publish(topic: &str, id: u16, payload: &str) -> Vec<u8> {
    packet(0x32, &[&text(topic), &id.to_be_bytes(), payload.as_bytes()])
}

fn puback(id: u16) -> Vec<u8> {
    packet(0x40, &[&id.to_be_bytes()])
}

#[test]
fn the_schema_is_that_of_the_settings() {
    assert_eq!(check_schema::<MqttSink>("plugin.json"), Ok(()));
}

#[test]
fn statuses_and_events_are_published_and_answered_for() {
    let settings = serde_json::from_str(include_str!("../examples/settings.json")).unwrap();
    let secrets = [("password", "swordfish")];
    let connect = packet(
        0x10,
        &[&text("MQTT"), &[4, 0xC2, 0, 60], &text("lab"), &text("tester"), &text("swordfish")],
    );
    let status = r#"{"status": "running", "runner_ident": "test"}"#;
    let names = [
        "runner_on_start",
        "runner_on_ok",
        "runner_on_failed",
        "runner_on_failed",
        "runner_on_unreachable",
        "playbook_on_stats",
    ];
    let mut peer = Peer::at(BROKER)
        .expect(connect)
        .answer([0x20, 2, 0, 0])
        .expect(publish("lab/test/status", 1, status))
        .answer(puback(1));
    let mut answers = Vec::new();
    // The status's identifier, 1, is free again by then.
    for (id, (name, line)) in (1..).zip(names.iter().zip(LINES.lines())) {
        peer = peer.expect(publish(&format!("lab/test/{name}"), id, line));
        answers.extend(puback(id));
    }
    let peer = peer.answer(answers).expect([0xE0, 0]).close();
    let mut plugin =
        TestPlugin::<MqttSink>::start_with_secrets(settings, &secrets).unwrap().peer(peer);
    plugin.deliver_status(1, "running").unwrap();
    plugin.deliver(&recording()).unwrap();
    plugin.finish().unwrap();
    let [stream] = &plugin.streams()[..] else { panic!("one connection") };
    assert!(stream.finished && stream.closed);
    assert!(stream.sent.ends_with(&[0xE0, 0]), "DISCONNECT");
}

#[test]
fn each_answer_has_its_meaning() {
    let deliver = |more: Value, peer: Peer| {
        let mut settings = json!({"url": "mqtt://broker.example"});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let plugin = TestPlugin::<MqttSink>::start(settings).unwrap();
        plugin.peer(peer).deliver(&recording()).unwrap_err()
    };
    let failure = |accepted, error| DeliveryFailure { accepted, error };
    for (code, error) in [
        (3, DeliveryError::retry("the broker refuses the connection: server unavailable")),
        (4, DeliveryError::stopped("the broker refuses the connection: bad user name or password")),
        (5, DeliveryError::stopped("the broker refuses the connection: not authorized")),
    ] {
        let peer = Peer::at(BROKER).answer([0x20, 2, 0, code]);
        assert_eq!(deliver(json!({}), peer), failure(0, error));
    }
    let published = |properties: &[u8]| -> Vec<u8> {
        let messages = (1..).zip(LINES.lines());
        let publish = |(id, line): (u16, &str)| {
            packet(0x32, &[&text("t"), &id.to_be_bytes(), properties, line.as_bytes()])
        };
        messages.flat_map(publish).collect()
    };
    let settings = |protocol: u8| json!({"client_id": "lab", "topic": "t", "protocol": protocol});
    let peer = Peer::at(BROKER)
        .expect(packet(0x10, &[&text("MQTT"), &[4, 2, 0, 60], &text("lab")]))
        .answer([0x20, 2, 0, 0])
        .expect(published(&[]))
        .answer([puback(1), puback(2)].concat())
        .close();
    assert_eq!(
        deliver(settings(4), peer),
        failure(2, DeliveryError::retry("the broker ended the connection"))
    );
    // MQTT 5: the third message may not be published there.
    let peer = Peer::at(BROKER)
        .expect(packet(0x10, &[&text("MQTT"), &[5, 2, 0, 60, 0], &text("lab")]))
        .answer([0x20, 3, 0, 0, 0])
        .expect(published(&[0]))
        .answer([&puback(1)[..], &puback(2), &[0x40, 4, 0, 3, 0x87, 0]].concat());
    assert_eq!(
        deliver(settings(5), peer),
        failure(2, DeliveryError::stopped("the broker does not take a message: not authorized"))
    );
    // It takes packets of 100 bytes.
    let small = Peer::at(BROKER).answer([0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 100]);
    assert_eq!(
        deliver(json!({"protocol": 5}), small),
        failure(
            0,
            DeliveryError::rejected("the broker takes 100 bytes a packet, and this one has more")
        )
    );
    let refused = deliver(json!({}), Peer::at("tcp://elsewhere:1"));
    assert!(matches!(refused.error, DeliveryError::Retry { .. }), "{refused:?}");
}

#[test]
fn settings_that_do_not_fit_are_named() {
    for (settings, pointer) in [
        (json!({}), "/url"),
        (json!({"url": "http://h"}), "/url"),
        (json!({"url": "mqtt://user@h"}), "/url"),
        (json!({"url": "mqtt://h/topic"}), "/url"),
        (json!({"hostname": "h", "port": "x"}), "/port"),
        (json!({"hostname": "h", "tls": {"ca_certs": "/ca.pem"}}), "/tls"),
        (json!({"url": "mqtt://h", "topic": "a/{b}"}), "/topic"),
        (json!({"url": "mqtt://h", "topic": "a/{event"}), "/topic"),
        (json!({"url": "mqtt://h", "topic": "a/#"}), "/topic"),
        (json!({"url": "mqtt://h", "status_topic": ""}), "/status_topic"),
        (json!({"url": "mqtt://h", "qos": 3}), "/qos"),
        (json!({"url": "mqtt://h", "protocol": 3}), "/protocol"),
        (json!({"url": "mqtt://h", "transport": "websockets"}), "/transport"),
        (json!({"url": "mqtt://h", "retain": "maybe"}), "/retain"),
        (json!({"url": "mqtt://h", "will": {"topic": "+"}}), "/will/topic"),
        (json!({"url": "mqtt://h", "wil": 1}), "/wil"),
    ] {
        match TestPlugin::<MqttSink>::start(settings.clone()).err() {
            Some(InitError::Config { setting, .. }) => assert_eq!(setting, pointer, "{settings}"),
            other => panic!("{settings}: {other:?}"),
        }
    }
}

#[test]
fn an_address_is_what_the_host_grants() {
    for (settings, address) in [
        (json!({"url": "mqtt://h"}), "tcp://h:1883"),
        (json!({"url": "mqtts://h"}), "tls://h:8883"),
        (json!({"url": "mqtts://h:7/"}), "tls://h:7"),
        (json!({"url": "mqtt://[::1]"}), "tcp://[::1]:1883"),
        (json!({"url": "/run/broker.sock"}), "unix:/run/broker.sock"),
        (json!({"hostname": "h"}), "tcp://h:1883"),
        (json!({"hostname": "h", "port": "1884", "tls": {}}), "tls://h:1884"),
    ] {
        let peer = Peer::at(address).close();
        let mut plugin = TestPlugin::<MqttSink>::start(settings).unwrap().peer(peer);
        plugin.deliver_status(1, "running").unwrap_err();
        assert_eq!(plugin.streams().len(), 1, "{address}");
    }
}
