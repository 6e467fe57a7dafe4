//! `mqtt-sink` against a real broker: what reaches it, and what becomes of it when the
//! broker is not well.

use serde_json::Value;
use tests::processes::wait_until;
use tests::{Mosquitto, Published, Ran, RunTest};

use crate::sinks::ALL;
use crate::{hello, test};

fn mqtt_sink(test: RunTest, broker: &Mosquitto, more: &str) -> RunTest {
    test.file(
        "env/plugins",
        &format!(
            "- plugin: mqtt-sink\n  config: {{url: \"mqtt://127.0.0.1:{}\"{more}}}\n",
            broker.port()
        ),
    )
}

/// Statuses and the counters of events, as they arrived.
fn order(messages: &[Published]) -> Vec<String> {
    let name = |message: &Published| {
        let body: Value = serde_json::from_str(&message.payload).expect("JSON");
        match body.get("counter") {
            Some(counter) => counter.to_string(),
            None => body["status"].as_str().expect("a status").to_owned(),
        }
    };
    messages.iter().map(name).collect()
}

fn delivered_all(ran: &Ran) {
    let line = ran.plugin_line("mqtt-sink");
    assert!(line.contains("3 statuses and 6 events delivered, 0 waiting"), "{line}");
}

#[test]
fn every_status_and_event_reaches_the_broker_in_order_with_each_version_and_quality() {
    for (protocol, qos) in [("3.1.1", 0), ("3.1.1", 1), ("3.1.1", 2), ("5", 0), ("5", 1), ("5", 2)]
    {
        let broker = Mosquitto::open();
        broker.subscribe(&[]);
        let more = format!(", protocol: \"{protocol}\", qos: {qos}");
        let ran = mqtt_sink(hello(), &broker, &more).run().expect_code(0);
        delivered_all(&ran);
        let messages = broker.read(ALL.len(), &[]);
        assert_eq!(order(&messages), ALL, "{more}");
        assert_eq!(messages[0].topic, "playhouse/job/status");
        assert_eq!(messages[2].topic, "playhouse/job/events/playbook_on_start");
        for (event, message) in ran.events().iter().zip(&messages[2..8]) {
            let body: Value = serde_json::from_str(&message.payload).unwrap();
            assert_eq!(&body, event, "the bytes of its file");
        }
        let log = broker.log();
        assert!(log.contains("Received DISCONNECT from playhouse"), "{log}");
    }
}

#[test]
fn a_broker_with_tls_and_passwords_lets_in_who_has_both() {
    let broker = Mosquitto::closed("swordfish");
    let ca = broker.path("ca.pem");
    let known = ["-u", "tester", "-P", "swordfish", "--cafile", ca.to_str().unwrap()];
    broker.subscribe(&known);
    let entry = |trusted: &str| {
        format!(
            "- plugin: mqtt-sink\n  config: {{url: \"mqtts://127.0.0.1:{}\", username: tester}}\n  secrets: {{password: {{env: BROKER_PASSWORD}}}}\n{trusted}",
            broker.port()
        )
    };
    let trusted = entry(&format!("  tls_ca: {}\n", ca.display()));
    let ran = hello()
        .file("env/plugins", &trusted)
        .variable("BROKER_PASSWORD", "swordfish")
        .run()
        .expect_code(0);
    delivered_all(&ran);
    assert_eq!(order(&broker.read(ALL.len(), &known)), ALL);

    let ran = hello()
        .file("env/plugins", &trusted)
        .variable("BROKER_PASSWORD", "guessed")
        .run()
        .expect_code(0);
    let line = ran.plugin_line("mqtt-sink");
    assert!(line.contains("0 events delivered, 9 waiting"), "{line}");
    assert!(line.contains("the broker refuses the connection: "), "{line}");
    assert_eq!(broker.log().matches("New client connected").count(), 3, "{}", broker.log());

    let ran = hello()
        .file("env/plugins", &entry(""))
        .variable("BROKER_PASSWORD", "swordfish")
        .run()
        .expect_code(0);
    let line = ran.plugin_line("mqtt-sink");
    assert!(line.contains("9 waiting") && line.contains("is not trusted"), "{line}");
}

#[test]
fn a_broker_that_asks_for_a_certificate_is_given_the_operators() {
    let broker = Mosquitto::for_certificates();
    let at = |name: &str| broker.path(name).display().to_string();
    let (ca, certificate, key) = (at("ca.pem"), at("client.pem"), at("client.key"));
    let known = ["--cafile", &ca, "--cert", &certificate, "--key", &key];
    broker.subscribe(&known);
    let entry = |identity: &str| {
        format!(
            "- plugin: mqtt-sink\n  config: {{url: \"mqtts://127.0.0.1:{}\", protocol: 5{identity}}}\n  tls_ca: {ca}\n  identities: {{me: {{cert: {certificate}, key: {key}}}}}\n",
            broker.port()
        )
    };
    let ran = hello().file("env/plugins", &entry(", identity: me")).run().expect_code(0);
    delivered_all(&ran);
    assert_eq!(order(&broker.read(ALL.len(), &known)), ALL);
    assert!(broker.log().contains("u'tester'"), "by the certificate's name: {}", broker.log());

    for (identity, said) in [("", "9 waiting"), (", identity: you", "you")] {
        let ran = hello().file("env/plugins", &entry(identity)).run().expect_code(0);
        let line = ran.plugin_line("mqtt-sink");
        assert!(line.contains("9 waiting") && line.contains(said), "{line}");
    }
}

#[test]
fn a_broker_on_a_unix_socket_is_reached_by_its_path() {
    let mut broker = Mosquitto::new("allow_anonymous true\nlistener 0 DIR/socket");
    broker.start();
    broker.subscribe(&[]);
    let entry = format!(
        "- plugin: mqtt-sink\n  config: {{url: \"{}\"}}\n",
        broker.path("socket").display()
    );
    let ran = hello().file("env/plugins", &entry).run().expect_code(0);
    delivered_all(&ran);
    assert_eq!(order(&broker.read(ALL.len(), &[])), ALL);
}

/// Two marks to wait for, and something after each.
const MARKS: &str = "\
- hosts: all
  gather_facts: false
  tasks:
    - name: Wait for the broker
      wait_for: {path: \"{{ mark }}.1\", sleep: 1}
    - name: Say so
      debug: {msg: \"{{ item }}\"}
      loop: \"{{ range(200) | list }}\"
    - name: Wait for another
      wait_for: {path: \"{{ mark }}.2\", sleep: 1}
    - name: Say so
      debug: {msg: \"{{ item }}\"}
      loop: \"{{ range(200) | list }}\"
";

#[test]
fn a_broker_that_comes_late_and_starts_again_gets_every_event_in_order() {
    let mut broker = Mosquitto::new("allow_anonymous true");
    let test = mqtt_sink(test().local_hosts(&["web1"]).playbook(MARKS), &broker, ", qos: 1");
    let mark = test.room().join("mark");
    let test = test.arguments(&["-e", &format!("mark={}", mark.display())]);
    let playhouse = test.start();
    let log = test.private_data_dir().join("artifacts/job/plugins/mqtt-sink/log");
    wait_until("the sink has tried", || {
        std::fs::read_to_string(&log).is_ok_and(|log| log.contains("cannot be reached"))
    });
    broker.start();
    broker.subscribe(&[]);
    std::fs::write(mark.with_extension("1"), "").unwrap();
    wait_until("something has arrived", || broker.log().matches("Received PUBLISH").count() > 100);
    broker.stop();
    broker.start();
    std::fs::write(mark.with_extension("2"), "").unwrap();
    let output = playhouse.wait_with_output().unwrap();
    let ran = test.ended(&output).expect_code(0);
    let events = ran.events().len();
    assert!(events > 400, "{events}");
    let line = ran.plugin_line("mqtt-sink");
    assert!(line.contains(&format!("{events} events delivered, 0 waiting")), "{line}");

    let arrived = order(&broker.read_until("\"status\": \"successful\""));
    // What the broker took and could not say so any more comes again; the first of each count.
    let mut counters: Vec<usize> = Vec::new();
    for counter in arrived.iter().filter_map(|name| name.parse().ok()) {
        if !counters.contains(&counter) {
            counters.push(counter);
        }
    }
    assert_eq!(counters, (1..=events).collect::<Vec<_>>(), "each of them, in order");
}

#[test]
fn a_session_outlives_a_long_task() {
    let broker = Mosquitto::open();
    broker.subscribe(&[]);
    let quiet = "\
- hosts: all
  gather_facts: false
  tasks:
    - {name: Quiet, wait_for: {timeout: 5}}
    - {name: Greet, debug: {msg: hello}}
";
    let will = ", keepalive: 1, will: {topic: \"lost/{ident}\", payload: gone}";
    let ran = mqtt_sink(test().local_hosts(&["web1"]).playbook(quiet), &broker, will)
        .run()
        .expect_code(0);
    let messages = broker.read(ran.events().len() + 3, &[]);
    assert!(messages.iter().all(|message| !message.topic.starts_with("lost")), "{messages:?}");
    let log = broker.log();
    let pings = log.matches("Received PINGREQ from playhouse").count();
    assert!(pings >= 3, "{log}");
    assert!(!log.contains("exceeded timeout"), "{log}");
    assert_eq!(log.matches(" as playhouse").count(), 1, "one session: {log}");
}

#[test]
fn the_settings_of_ansible_runners_plugin_load_ours() {
    let broker = Mosquitto::open();
    broker.subscribe(&[]);
    let settings = format!(
        "mqtt_topic: ansible\nmqtt_hostname: 127.0.0.1\nmqtt_port: {}\nmqtt_qos: 1\n",
        broker.port()
    );
    let ran = hello()
        .file("env/settings", &settings)
        .run()
        .expect_code(0)
        .expect_stderr("plugin `mqtt-sink` takes part because of ");
    delivered_all(&ran);
    let messages = broker.read(ALL.len(), &[]);
    assert_eq!(order(&messages), ALL);
    assert!(messages.iter().all(|message| message.topic == "ansible"), "{messages:?}");

    let broker = Mosquitto::open();
    broker.subscribe(&[]);
    let ran = hello()
        .variable("MQTT_TOPIC", "from/the/environment")
        .variable("MQTT_HOSTNAME", "127.0.0.1")
        .variable("MQTT_PORT", &broker.port().to_string())
        .run()
        .expect_code(0);
    delivered_all(&ran);
    let messages = broker.read(ALL.len(), &[]);
    assert_eq!(order(&messages), ALL);
    assert_eq!(messages[0].topic, "from/the/environment");
}
