//! A guest that misbehaves on purpose, in the hook and in the way its settings name:
//! `{"in": "keep", "do": "spin", "at": 7}`. Everything else it does well.
#![cfg(target_family = "wasm")]
#![expect(
    unsafe_code,
    clippy::allow_attributes_without_reason,
    reason = "the export macros make the component's symbols"
)]

mod credentials;
mod misdeed;
mod wasi_http;

use std::sync::OnceLock;

use playhouse_plugin::bindings::{
    base, event_enricher, event_filter, event_sink, pre_run, status_sink, timer,
};
use playhouse_plugin::http::Request;
use playhouse_plugin::{debug, info};
use serde::Deserialize;
use serde_json::Value;

use base::exports::playhouse::plugin::lifecycle;
use base::playhouse::plugin::net::{Connection, Options};
use base::playhouse::plugin::secret;
use base::playhouse::plugin::types::{Batch, IoError};
use event_enricher::exports::playhouse::plugin::event_enricher as enricher;
use event_sink::exports::playhouse::plugin::event_sink as sink;
use misdeed::{Misdeed, token};
use pre_run::exports::playhouse::plugin::pre_run as prerun;
use status_sink::exports::playhouse::plugin::status_sink as status;
use status_sink::playhouse::plugin::delivery::DeliveryError;
use timer::exports::playhouse::plugin::timer as tick;

struct Rogue;

/// The settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The hook's function.
    r#in: String,
    r#do: Misdeed,
    /// At this event only.
    at: Option<u64>,
    /// Not in an instance that comes after a lost one.
    #[serde(default)]
    once: bool,
    /// In this lane only: `path` or `delivery`.
    lane: Option<String>,
    /// For the misdeeds `http` and `net`.
    #[serde(default)]
    urls: Vec<String>,
    /// What it says or writes.
    text: Option<String>,
    /// How often.
    times: Option<usize>,
    /// For `prepare`: JSON Pointers and what to set there.
    #[serde(default)]
    set: Vec<(String, Value)>,
}

static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// What is to be done in this function, if anything.
fn misdeed(function: &str, batch: Option<&Batch>) -> Option<&'static Settings> {
    let settings = SETTINGS.get()?;
    let is_there = |counter| {
        batch.is_none_or(|batch| batch.events.iter().any(|event| event.counter == counter))
    };
    (settings.r#in == function && settings.at.is_none_or(is_there)).then_some(settings)
}

impl lifecycle::Guest for Rogue {
    fn init(setup: lifecycle::Setup) -> Result<(), lifecycle::InitError> {
        let settings: Settings = serde_json::from_str(&setup.config).map_err(|error| {
            lifecycle::InitError::Config(lifecycle::ConfigError {
                setting: "/do".to_owned(),
                message: error.to_string(),
            })
        })?;
        let lane = match setup.lane {
            lifecycle::Lane::Path => "path",
            lifecycle::Lane::Delivery => "delivery",
        };
        if settings.once && setup.restart > 0 {
            info!("started again");
            return Ok(());
        }
        if settings.lane.as_deref().is_some_and(|wanted| wanted != lane) {
            return Ok(());
        }
        let settings = SETTINGS.get_or_init(|| settings);
        if settings.r#in == "init" {
            match settings.r#do {
                Misdeed::Config => {
                    return Err(lifecycle::InitError::Config(lifecycle::ConfigError {
                        setting: "/at".to_owned(),
                        message: "seven is too many; write six".to_owned(),
                    }));
                }
                Misdeed::Fail => {
                    return Err(lifecycle::InitError::Failed("no luck today".to_owned()));
                }
                Misdeed::Tell => return Err(lifecycle::InitError::Failed(token())),
                Misdeed::TellAndReject => {
                    let (setting, message) = ("/at".to_owned(), token());
                    let error = lifecycle::ConfigError { setting, message };
                    return Err(lifecycle::InitError::Config(error));
                }
                _ => settings.r#do.commit(),
            }
        }
        Ok(())
    }

    fn finish(_ending: lifecycle::Ending) -> Result<(), String> {
        match misdeed("finish", None) {
            Some(Settings { r#do: Misdeed::Fail, .. }) => Err("could not say goodbye".to_owned()),
            Some(Settings { r#do: Misdeed::Tell, .. }) => Err(token()),
            Some(settings) => {
                settings.r#do.commit();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl prerun::Guest for Rogue {
    fn prepare(view: String) -> Result<Vec<prerun::Edit>, prerun::PrepareError> {
        info!("the view is {view}");
        let Some(settings) = misdeed("prepare", None) else { return Ok(Vec::new()) };
        match settings.r#do {
            Misdeed::Refuse => Err(prerun::PrepareError::Refused(prerun::Refusal {
                reason: settings.text.clone().unwrap_or_else(|| "not on a Friday".to_owned()),
                ext: Vec::new(),
            })),
            Misdeed::Fail => Err(prerun::PrepareError::Failed("the vault is shut".to_owned())),
            Misdeed::Tell => Err(prerun::PrepareError::Failed(token())),
            Misdeed::TellAndReject => Err(prerun::PrepareError::Refused(prerun::Refusal {
                reason: token(),
                ext: Vec::new(),
            })),
            Misdeed::Set => Ok(settings
                .set
                .iter()
                .map(|(path, value)| {
                    prerun::Edit::Set(prerun::Assignment {
                        path: path.clone(),
                        value: value.to_string(),
                        reason: match settings.text.as_deref() {
                            Some(text) if text.contains("{token}") => {
                                text.replace("{token}", &token())
                            }
                            Some(text) => text.to_owned(),
                            None => "because".to_owned(),
                        },
                    })
                })
                .collect()),
            Misdeed::NotJson | Misdeed::DeepJson => {
                Ok(vec![prerun::Edit::Set(prerun::Assignment {
                    path: "/extravars/a".to_owned(),
                    value: "[".repeat(10_000),
                    reason: String::new(),
                })])
            }
            _ => {
                settings.r#do.commit();
                Ok(Vec::new())
            }
        }
    }
}

impl event_filter::exports::playhouse::plugin::event_filter::Guest for Rogue {
    fn keep(batch: Batch) -> Vec<bool> {
        let answers = vec![true; batch.events.len()];
        match misdeed("keep", Some(&batch)) {
            Some(Settings { r#do: Misdeed::WrongCount, .. }) => vec![true; answers.len() + 1],
            Some(Settings { r#do: Misdeed::HugeAnswer, .. }) => vec![true; 128 << 20],
            Some(settings) => {
                settings.r#do.commit();
                answers
            }
            None => answers,
        }
    }
}

impl enricher::Guest for Rogue {
    fn enrich(batch: Batch) -> Vec<enricher::Change> {
        let note = |counter, key: &str, value: &str, data: Option<&str>| enricher::Change {
            counter,
            notes: vec![enricher::Note { key: key.to_owned(), value: value.to_owned() }],
            data: data.map(str::to_owned),
            stdout: None,
            ext: Vec::new(),
        };
        let Some(settings) = misdeed("enrich", Some(&batch)) else { return Vec::new() };
        let first = batch.events[0].counter;
        match settings.r#do {
            Misdeed::WrongCount => vec![note(u64::MAX, "a", "1", None)],
            Misdeed::NotJson => vec![note(first, "a", "{", Some("[]"))],
            Misdeed::DeepJson => {
                let deep = [&"[".repeat(10_000), &"]".repeat(10_000)].map(String::as_str).concat();
                let data = format!("{{\"a\": {deep}}}");
                vec![note(first, "a", &deep, Some(&data))]
            }
            Misdeed::Duplicate => {
                vec![note(first, "a", "1", None), note(first, "a", "2", None)]
            }
            Misdeed::Tell => {
                let told = Value::from(token()).to_string();
                let data = format!("{{\"{{}}\": [{told}, {{{told}: 1}}]}}");
                let change = note(first, "a", &told, Some(&data));
                vec![enricher::Change { stdout: Some(token()), ..change }]
            }
            Misdeed::Rewrite => {
                let text = settings.text.clone().unwrap_or_default();
                let text = text.repeat(settings.times.unwrap_or(1));
                let rewrite = |event: &base::playhouse::plugin::types::Event| enricher::Change {
                    counter: event.counter,
                    notes: Vec::new(),
                    data: None,
                    stdout: Some(text.clone()),
                    ext: Vec::new(),
                };
                let is_meant = |counter| settings.at.is_none_or(|at| at == counter);
                let meant = batch.events.iter().filter(|event| is_meant(event.counter));
                meant.map(rewrite).collect()
            }
            Misdeed::HugeAnswer => {
                vec![note(first, "a", &"x".repeat(100 << 20), None)]
            }
            _ => {
                settings.r#do.commit();
                Vec::new()
            }
        }
    }
}

impl status::Guest for Rogue {
    fn deliver_status(_change: status::StatusChange) -> Result<(), DeliveryError> {
        deliver("deliver-status", None)
    }
}

impl sink::Guest for Rogue {
    fn deliver_events(_attempt: sink::Attempt, batch: Batch) -> Result<(), sink::DeliveryFailure> {
        let counters: Vec<u64> = batch.events.iter().map(|event| event.counter).collect();
        debug!("events {counters:?}");
        deliver("deliver-events", Some(&batch)).map_err(|error| {
            let at = SETTINGS.get().and_then(|settings| settings.at);
            let accepted = at
                .map_or(0, |at| batch.events.iter().take_while(|event| event.counter < at).count());
            let accepted = u32::try_from(accepted).unwrap_or(0);
            sink::DeliveryFailure { accepted, error }
        })
    }
}

fn deliver(function: &str, batch: Option<&Batch>) -> Result<(), DeliveryError> {
    let Some(settings) = misdeed(function, batch) else { return Ok(()) };
    match settings.r#do {
        Misdeed::Reject => Err(DeliveryError::Rejected("never".to_owned())),
        Misdeed::TellAndReject => Err(DeliveryError::Rejected(token())),
        Misdeed::Tell => Err(DeliveryError::Stopped(token())),
        Misdeed::Fail => Err(DeliveryError::Stopped("no such topic".to_owned())),
        Misdeed::Http => {
            for url in &settings.urls {
                match Request::get(url.clone()).send() {
                    Ok(response) => info!("{url} answered {}", response.status),
                    Err(error) => info!("{url}: {:?}: {}", error.kind, error.message),
                }
            }
            Ok(())
        }
        Misdeed::WasiHttp => {
            settings.urls.iter().for_each(|url| match wasi_http::get(url) {
                Ok(status) => info!("{url} answered {status}"),
                Err(error) => info!("{url}: {error}"),
            });
            Ok(())
        }
        Misdeed::Send => {
            settings.urls.iter().for_each(|url| credentials::send(url));
            Ok(())
        }
        Misdeed::Net => {
            for url in &settings.urls {
                match greet(url) {
                    Ok(answer) => info!("{url} answered {answer}"),
                    Err(error) => info!("{url}: {:?}: {}", error.kind, error.message),
                }
            }
            Ok(())
        }
        Misdeed::Secret => {
            match secret::get("token") {
                Ok(value) => info!("the token is {value}, of {} bytes", value.len()),
                Err(error) => info!("no token: {error:?}"),
            }
            match secret::get("other") {
                Ok(_) => info!("another one"),
                Err(error) => info!("no other: {error:?}"),
            }
            Ok(())
        }
        _ => {
            settings.r#do.commit();
            Ok(())
        }
    }
}

/// Says a word to a peer and hears one.
fn greet(address: &str) -> Result<String, IoError> {
    let options = Options { timeout: 2_000, alpn: Vec::new(), identity: None, ext: Vec::new() };
    let connection = Connection::connect(address, &options)?;
    connection.write(b"hello\n", 2_000)?;
    connection.finish()?;
    let mut answer = Vec::new();
    loop {
        let piece = connection.read(4, 2_000)?;
        if piece.is_empty() {
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
        answer.extend(piece);
    }
}

impl tick::Guest for Rogue {
    fn tick() -> Option<u32> {
        let settings = misdeed("tick", None)?;
        info!("tick");
        match settings.r#do {
            Misdeed::Hurry => Some(0),
            _ => {
                settings.r#do.commit();
                None
            }
        }
    }
}

base::export_lifecycle!(Rogue with_types_in base);
pre_run::export_pre_run!(Rogue with_types_in pre_run);
event_filter::export_event_filter!(Rogue with_types_in event_filter);
event_enricher::export_event_enricher!(Rogue with_types_in event_enricher);
status_sink::export_status_sink!(Rogue with_types_in status_sink);
event_sink::export_event_sink!(Rogue with_types_in event_sink);
timer::export_timer!(Rogue with_types_in timer);

const HEAD: &str = concat!(
    "{\"name\":\"",
    env!("CARGO_PKG_NAME"),
    "\",\"version\":\"",
    env!("CARGO_PKG_VERSION"),
    "\","
);
const OBJECT: &str = include_str!("../plugin.json");
#[used]
#[unsafe(link_section = "playhouse:plugin")]
static METADATA: [u8; HEAD.len() + OBJECT.len() - 1] =
    playhouse_plugin::export::metadata(HEAD, OBJECT);
