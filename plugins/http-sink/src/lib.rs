//! Posts every status change and every event to one URL, one request each, with the
//! JSON that Ansible Runner's HTTP plugin sends.

mod answer;
mod target;

use playhouse_plugin::http::Request;
use playhouse_plugin::{
    DeliveryError, Event, EventSink, InitError, Plugin, Setup, StatusChange, StatusSink, plugin,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use target::Target;

/// The header that names what a request carries: `<run id>/event/<counter>` or
/// `<run id>/status/<number>`. What was delivered twice has it twice.
pub const DELIVERY_HEADER: &str = "x-playhouse-delivery";

/// See the README.
pub struct HttpSink {
    target: Target,
    headers: Vec<(String, String)>,
    run: String,
}

/// The settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A URL, `http://` or `https://`, or the path of a Unix socket.
    url: String,
    /// What is asked for, where `url` is a socket.
    path: Option<String>,
    /// Headers of each request.
    #[serde(default)]
    headers: Map<String, Value>,
}

impl Plugin for HttpSink {
    type Settings = Settings;

    fn init(settings: Settings, setup: &Setup) -> Result<Self, InitError> {
        Ok(Self {
            target: Target::new(&settings.url, settings.path.as_deref())?,
            headers: headers(settings.headers)?,
            run: setup.run.id.clone(),
        })
    }
}

impl StatusSink for HttpSink {
    fn deliver_status(&mut self, change: &StatusChange<'_>) -> Result<(), DeliveryError> {
        self.post(change.json, format!("{}/status/{}", self.run, change.number))
    }
}

impl EventSink for HttpSink {
    fn deliver(&mut self, event: &Event<'_>) -> Result<(), DeliveryError> {
        match event.json() {
            Some(json) => self.post(json, format!("{}/event/{}", self.run, event.counter())),
            None => Err(DeliveryError::rejected(format!(
                "the event has {} bytes, more than this plugin may take; raise `event_bytes` in its `limits`",
                event.oversize().unwrap_or_default()
            ))),
        }
    }
}

impl HttpSink {
    fn post(&self, json: &str, delivery: String) -> Result<(), DeliveryError> {
        let mut request = Request::post(self.target.url())
            .header("content-type", "application/json")
            .header(DELIVERY_HEADER, delivery)
            .body(json);
        request.headers.extend(self.headers.iter().cloned());
        answer::judge(request.send())
    }
}

/// Header values may be written as numbers or booleans; anything else is no header.
fn headers(headers: Map<String, Value>) -> Result<Vec<(String, String)>, InitError> {
    headers
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(_) | Value::Bool(_) => Ok((name, value.to_string())),
            _ => Err(InitError::config(
                playhouse_plugin::pointer(["headers", &name]),
                "a header's value is one text",
            )),
        })
        .collect()
}

plugin!(HttpSink: StatusSink, EventSink; "plugin.json");
