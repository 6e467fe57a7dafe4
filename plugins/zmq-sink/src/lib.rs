//! Sends every status change and every event to a ZeroMQ socket, with the JSON that
//! Ansible Runner's ZeroMQ plugin sends.

mod session;

mod zmtp;

use std::time::Duration;

use playhouse_plugin::{
    Attempt, Batch, DeliveryError, DeliveryFailure, Ending, Event, EventSink, InitError, Plugin,
    Setup, StatusChange, StatusSink, Timer, plugin,
};
use schemars::JsonSchema;
use serde::Deserialize;

use session::{Session, Socket};

/// How often pings are looked for while nothing is delivered.
const TICK: Duration = Duration::from_millis(500);

/// See the README.
pub struct ZmqSink {
    address: String,
    socket: Socket,
    topic: Option<String>,
    session: Option<Session>,
}

/// The settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `tcp://host:port`, or the path of a Unix socket.
    url: String,
    /// What kind of socket this end is.
    #[serde(default)]
    socket: SocketSetting,
    /// A first part of each message, for subscribers to choose by.
    topic: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum SocketSetting {
    #[default]
    Push,
    Pub,
}

impl Plugin for ZmqSink {
    type Settings = Settings;

    fn init(settings: Settings, _: &Setup) -> Result<Self, InitError> {
        let socket = match settings.socket {
            SocketSetting::Push => Socket::Push,
            SocketSetting::Pub => Socket::Pub,
        };
        let address = address(&settings.url)?;
        Ok(Self { address, socket, topic: settings.topic, session: None })
    }

    fn finish(&mut self, _: &Ending) -> Result<(), String> {
        self.session.take().map_or(Ok(()), Session::close)
    }
}

impl StatusSink for ZmqSink {
    fn deliver_status(&mut self, change: &StatusChange<'_>) -> Result<(), DeliveryError> {
        self.send(&[change.json])
    }
}

impl EventSink for ZmqSink {
    fn deliver(&mut self, event: &Event<'_>) -> Result<(), DeliveryError> {
        self.send(&[json(event)?])
    }

    fn deliver_batch(&mut self, _: &Attempt<'_>, batch: &Batch<'_>) -> Result<(), DeliveryFailure> {
        let events: Vec<Event<'_>> = batch.events().collect();
        let (mut texts, mut refused) = (Vec::new(), None);
        for event in &events {
            match json(event) {
                Ok(text) => texts.push(text),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        self.send(&texts).map_err(|error| DeliveryFailure { accepted: 0, error })?;
        refused.map_or(Ok(()), |error| Err(DeliveryFailure { accepted: texts.len(), error }))
    }
}

impl Timer for ZmqSink {
    fn tick(&mut self) -> Option<Duration> {
        if self.session.as_mut().is_some_and(|session| session.look().is_err()) {
            self.session = None;
        }
        Some(TICK)
    }
}

impl ZmqSink {
    /// A session that has failed is over: the next delivery begins with a new one.
    fn send(&mut self, texts: &[&str]) -> Result<(), DeliveryError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.address, self.socket)?,
        };
        session.look()?;
        let topic = self.topic.as_deref().map(str::as_bytes);
        let messages: Vec<Vec<&[u8]>> =
            texts.iter().map(|text| topic.into_iter().chain([text.as_bytes()]).collect()).collect();
        session.send(&messages)?;
        self.session = Some(session);
        Ok(())
    }
}

fn json<'e>(event: &Event<'e>) -> Result<&'e str, DeliveryError> {
    event.json().ok_or_else(|| {
        DeliveryError::rejected(format!(
            "the event has {} bytes, more than this plugin may take; raise `event_bytes` in its `limits`",
            event.oversize().unwrap_or_default()
        ))
    })
}

/// `tcp://host:port`, or a Unix socket as a path or `unix:/path`.
fn address(url: &str) -> Result<String, InitError> {
    let wrong = |message: &str| Err(InitError::config("/url", message));
    if url.starts_with('/') {
        return Ok(format!("unix:{url}"));
    }
    if url.starts_with("unix:/") {
        return Ok(url.to_owned());
    }
    let Some(host) = url.strip_prefix("tcp://") else {
        return wrong("write tcp://HOST:PORT, or the path of a Unix socket");
    };
    if host.starts_with('*') {
        return wrong("a plugin connects and does not listen; write the peer's host");
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => Ok(url.to_owned()),
        _ => wrong("a host and a port belong there: tcp://HOST:PORT"),
    }
}

plugin!(ZmqSink: StatusSink, EventSink, Timer; "plugin.json");
