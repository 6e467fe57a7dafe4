//! A real MQTT broker on loopback, and what arrived at it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::certificates::{certify, run};
use crate::processes::{send, wait_until};

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it went.
    pub topic: String,
    /// What it says.
    pub payload: String,
}

/// The broker. It ends when this is dropped.
pub struct Mosquitto {
    process: Option<Child>,
    folder: TempDir,
    port: u16,
}

impl Mosquitto {
    /// One with these lines in its configuration, in which `DIR` is its folder; not
    /// running yet.
    pub fn new(lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Free a moment ago; whoever takes it meanwhile makes the broker say so.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        let config = format!(
            "listener {port} 127.0.0.1\nuser root\nlog_dest stderr\nlog_type all\npersistence true\n\
             persistence_location DIR/\nqueue_qos0_messages true\nmax_queued_messages 0\n{lines}\n"
        );
        let config = config.replace("DIR", &folder.path().display().to_string());
        fs::write(folder.path().join("config"), config).expect("a file");
        Self { process: None, folder, port }
    }

    /// One that lets everybody in, running.
    pub fn open() -> Self {
        let mut broker = Self::new("allow_anonymous true");
        broker.start();
        broker
    }

    /// One that is reached by TLS only and knows `tester` by a password, running. Its
    /// authority is `ca.pem` in its folder.
    pub fn closed(password: &str) -> Self {
        let mut broker = Self::new(
            "allow_anonymous false\npassword_file DIR/passwords\ncertfile DIR/server.pem\nkeyfile DIR/server.key",
        );
        let passwords = broker.path("passwords").display().to_string();
        run("mosquitto_passwd", &["-c", "-b", &passwords, "tester", password]);
        certify(broker.folder.path());
        broker.start();
        broker
    }

    /// One that is reached by TLS only and lets in whoever has a certificate of its
    /// authority, as `client.pem` and `client.key` in its folder are; running.
    pub fn for_certificates() -> Self {
        let mut broker = Self::new(
            "allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\n\
             cafile DIR/ca.pem\ncertfile DIR/server.pem\nkeyfile DIR/server.key",
        );
        certify(broker.folder.path());
        broker.start();
        broker
    }

    /// Starts it, on the same port as before, with the messages it had.
    pub fn start(&mut self) {
        let log = File::options().append(true).create(true).open(self.path("log")).expect("a log");
        let running = self.log().matches(" running").count();
        let process = Command::new("/usr/sbin/mosquitto")
            .arg("-c")
            .arg(self.path("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("`mosquitto` starts");
        self.process = Some(process);
        wait_until("the broker runs", || self.log().matches(" running").count() > running);
    }

    /// Ends it; it keeps what it has for its subscribers.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            send(process.id(), Signal::TERM);
            process.wait().expect("an end");
        }
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Everything it said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// From now on it keeps what is published for [`Mosquitto::read`].
    pub fn subscribe(&self, arguments: &[&str]) {
        let output = self.subscriber(arguments).arg("-E").output().expect("`mosquitto_sub` starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The next `count` messages that were published, in their order.
    pub fn read(&self, count: usize, arguments: &[&str]) -> Vec<Published> {
        let mut reader = self.subscriber(arguments);
        reader.args(["-C", &count.to_string(), "-W", "20", "-F", "%t %p"]);
        let output = reader.output().expect("`mosquitto_sub` starts");
        let read = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "fewer than {count} messages:\n{read}");
        read.lines().map(message).collect()
    }

    /// All that were published, up to the first whose payload has this text.
    pub fn read_until(&self, text: &str) -> Vec<Published> {
        let mut reader = self.subscriber(&["-W", "20", "-F", "%t %p"]);
        let mut reader = reader.stdout(Stdio::piped()).spawn().expect("`mosquitto_sub` starts");
        let mut messages: Vec<Published> = Vec::new();
        for line in BufReader::new(reader.stdout.take().expect("piped")).lines() {
            messages.push(message(&line.expect("UTF-8")));
            if messages.last().is_some_and(|message| message.payload.contains(text)) {
                break;
            }
        }
        let _ = reader.kill();
        let _ = reader.wait();
        messages
    }

    /// A subscriber that the broker remembers.
    fn subscriber(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("mosquitto_sub");
        let port = self.port.to_string();
        command.args(["-h", "127.0.0.1", "-p", &port, "-i", "reader", "-c", "-q", "1", "-t", "#"]);
        command.args(arguments);
        command
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn message(line: &str) -> Published {
    let (topic, payload) = line.split_once(' ').expect("a topic and a payload");
    Published { topic: topic.to_owned(), payload: payload.to_owned() }
}
