//! Publishes every status change and every event to an MQTT broker, with the JSON that
//! Ansible Runner's plugins send.
//!
//! `settings` says what was asked for, `topic` where a message goes, `session` speaks
//! MQTT with what is in `packet`, `answer` says what the broker's answers mean.

mod answer;

mod packet;

mod session;

mod settings;

mod topic;

use std::time::{Duration, Instant};

use playhouse_plugin::{
    Attempt, Batch, DeliveryError, DeliveryFailure, Ending, Event, EventSink, InitError, Plugin,
    Setup, StatusChange, StatusSink, Timer, plugin,
};

use packet::Message;
use session::Session;
use settings::Config;
use topic::Names;

pub use settings::Settings;

/// While there is no session the timer looks this often whether it is time for one.
const LOOK: Duration = Duration::from_secs(1);

/// See the README.
pub struct MqttSink {
    config: Config,
    session: Option<Session>,
    /// When to try again to have a session while nothing is delivered; none before the first.
    again_at: Option<Instant>,
}

impl Plugin for MqttSink {
    type Settings = Settings;

    fn init(settings: Settings, setup: &Setup) -> Result<Self, InitError> {
        Ok(Self { config: Config::new(settings, setup)?, session: None, again_at: None })
    }

    fn finish(&mut self, _: &Ending) -> Result<(), String> {
        self.session.take().map_or(Ok(()), Session::close)
    }
}

impl StatusSink for MqttSink {
    fn deliver_status(&mut self, change: &StatusChange<'_>) -> Result<(), DeliveryError> {
        let names = Names { status: Some(change.status), ..Names::default() };
        let message =
            Message { topic: self.config.status_topic.fill(&names), payload: change.json };
        self.publish(&[message]).map_err(|failure| failure.error)
    }
}

impl EventSink for MqttSink {
    fn deliver(&mut self, event: &Event<'_>) -> Result<(), DeliveryError> {
        let message = self.message(event)?;
        self.publish(&[message]).map_err(|failure| failure.error)
    }

    fn deliver_batch(&mut self, _: &Attempt<'_>, batch: &Batch<'_>) -> Result<(), DeliveryFailure> {
        let mut messages = Vec::new();
        let mut refused = None;
        let events: Vec<Event<'_>> = batch.events().collect();
        for event in &events {
            match self.message(event) {
                Ok(message) => messages.push(message),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        self.publish(&messages)?;
        refused.map_or(Ok(()), |error| Err(DeliveryFailure { accepted: messages.len(), error }))
    }
}

impl Timer for MqttSink {
    fn tick(&mut self) -> Option<Duration> {
        if self.config.keepalive == 0 {
            return None;
        }
        let now = Instant::now();
        if let Some(session) = &mut self.session {
            match session.keep_alive() {
                Ok(()) => return Some(session.next_timer().saturating_duration_since(now)),
                Err(_) => self.session = None,
            }
        } else if self.again_at.is_some_and(|again_at| again_at <= now) {
            // The host has put the reason into the log, and a delivery will hear it too.
            self.session = self.connect().ok();
        }
        Some(
            self.session
                .as_ref()
                .map_or(LOOK, |session| session.next_timer().saturating_duration_since(now)),
        )
    }
}

impl MqttSink {
    fn message<'e>(&self, event: &Event<'e>) -> Result<Message<'e>, DeliveryError> {
        let Some(payload) = event.json() else {
            return Err(DeliveryError::rejected(format!(
                "the event has {} bytes, more than this plugin may take; raise `event_bytes` in its `limits`",
                event.oversize().unwrap_or_default()
            )));
        };
        let names = Names {
            event: Some(event.name()),
            host: event.host(),
            counter: Some(event.counter()),
            status: None,
        };
        Ok(Message { topic: self.config.topic.fill(&names), payload })
    }

    /// A session that has failed is over: the next delivery begins with a new one.
    fn publish(&mut self, messages: &[Message<'_>]) -> Result<(), DeliveryFailure> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.connect().map_err(|error| DeliveryFailure { accepted: 0, error })?,
        };
        let published = session.publish(&self.config, messages);
        if session.is_usable() {
            self.session = Some(session);
        }
        published
    }

    fn connect(&mut self) -> Result<Session, DeliveryError> {
        self.again_at = Some(Instant::now() + Duration::from_secs(self.config.keepalive.into()));
        Session::open(&self.config)
    }
}

plugin!(MqttSink: StatusSink, EventSink, Timer; "plugin.json");
