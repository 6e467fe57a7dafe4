//! Tests a plugin natively, without WebAssembly: recorded events go in, and what the
//! plugin said and asked of the host comes out.
//!
//! A recording is a `job_events` folder, Playhouse's or Ansible Runner's, or JSON lines
//! as `playhouse run -j` prints them. The host of a test records log lines, requests and
//! what goes into streams; requests are answered and peers act from a script.

mod peer;
mod schema;

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::bindings::base::playhouse::plugin::types;
use crate::event::Batch;
use crate::export;
use crate::host::{Host, with_host};
use crate::http::{Error, Request, Response};
use crate::log::Level;
use crate::plugin::{
    Attempt, Change, DeliveryError, DeliveryFailure, Ending, Enricher, EventSink, Filter,
    InitError, Lane, Plugin, PreRun, PrepareError, RunFacts, Setup, StatusChange, StatusSink,
    Timer,
};
use crate::run::{Edit, Run};

pub use peer::{Peer, Stream};
pub use schema::{check_schema, schema_of};

/// Recorded events, with everything a plugin could ask for.
#[derive(Debug, Clone)]
pub struct Recording(types::Batch);

impl Recording {
    /// The events of JSON lines, in the order of the lines.
    ///
    /// # Errors
    ///
    /// Where a line is no event.
    pub fn of_lines(lines: &str) -> io::Result<Self> {
        let mut batch = types::Batch { scopes: Vec::new(), events: Vec::new() };
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            push_event(&mut batch, line).map_err(io::Error::other)?;
        }
        Ok(Self(batch))
    }

    /// The events of a `job_events` folder, by counter.
    ///
    /// # Errors
    ///
    /// Where a file cannot be read or is no event.
    pub fn of_folder(folder: impl AsRef<Path>) -> io::Result<Self> {
        let mut batch = types::Batch { scopes: Vec::new(), events: Vec::new() };
        for file in fs::read_dir(folder)? {
            push_event(&mut batch, &fs::read_to_string(file?.path())?).map_err(io::Error::other)?;
        }
        batch.events.sort_by_key(|event| event.counter);
        Ok(Self(batch))
    }

    /// The events, as one batch.
    pub fn batch(&self) -> Batch<'_> {
        Batch(&self.0)
    }
}

/// A plugin in a test, with the host it talks to.
pub struct TestPlugin<P> {
    plugin: P,
}

impl<P: Plugin> TestPlugin<P> {
    /// Starts it as the host would, for a run called `test`.
    ///
    /// # Errors
    ///
    /// What the plugin's `init` says; settings that do not fit are named by their JSON
    /// Pointer.
    pub fn start(settings: Value) -> Result<Self, InitError> {
        Self::start_with_secrets(settings, &[])
    }

    /// The same with secrets, by name and value.
    ///
    /// # Errors
    ///
    /// As [`TestPlugin::start`] has them.
    #[expect(clippy::needless_pass_by_value, reason = "`json!` gives values")]
    pub fn start_with_secrets(
        settings: Value,
        secrets: &[(&str, &str)],
    ) -> Result<Self, InitError> {
        let secrets =
            secrets.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        with_host(|host| *host = Host { secrets, ..Host::default() });
        let run = RunFacts {
            id: "0b1c2d3e-0000-4000-8000-000000000001".to_owned(),
            ident: "test".to_owned(),
            playbook: Some("site.yml".to_owned()),
            started: 1_764_000_000_000_000,
            facts: vec![("controller".to_owned(), "localhost".to_owned())],
        };
        let setup = Setup {
            name: "test".to_owned(),
            host_version: env!("CARGO_PKG_VERSION").to_owned(),
            lane: Lane::Path,
            purpose: "test".to_owned(),
            restart: 0,
            run,
        };
        Ok(Self { plugin: export::start(&settings.to_string(), &setup)? })
    }

    /// The next request gets this answer; each answers one.
    #[must_use]
    pub fn answer(self, answer: Result<Response, Error>) -> Self {
        with_host(|host| host.answers.push_back(answer));
        self
    }

    /// The next request gets an empty answer of this status.
    #[must_use]
    pub fn answer_status(self, status: u16) -> Self {
        self.answer(Ok(Response { status, ..Response::default() }))
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        with_host(|host| host.requests.clone())
    }

    /// The next connection to the peer's address gets this one.
    #[must_use]
    pub fn peer(self, peer: Peer) -> Self {
        with_host(|host| host.peers.push_back((peer.address, peer.steps)));
        self
    }

    /// The connections so far, closed ones too.
    pub fn streams(&self) -> Vec<Stream> {
        with_host(|host| host.streams.iter().map(Stream::of).collect())
    }

    /// The log so far.
    pub fn log(&self) -> Vec<(Level, String)> {
        with_host(|host| host.log.clone())
    }

    /// Calls `finish` as after a run that went well.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn finish(&mut self) -> Result<(), String> {
        let ending = Ending { status: "successful".to_owned(), rc: Some(0), complete: true };
        self.plugin.finish(&ending)
    }
}

impl<P: Filter> TestPlugin<P> {
    /// The counters of the events it keeps.
    pub fn keep(&mut self, recording: &Recording) -> Vec<u64> {
        recording
            .batch()
            .events()
            .filter(|event| self.plugin.keep(event))
            .map(|event| event.counter())
            .collect()
    }
}

impl<P: Enricher> TestPlugin<P> {
    /// What it changes, by counter.
    pub fn enrich(&mut self, recording: &Recording) -> Vec<(u64, Enriched)> {
        let mut changes = Vec::new();
        for event in recording.batch().events() {
            let mut change = Change::default();
            self.plugin.enrich(&event, &mut change);
            if !change.is_empty() {
                let notes = change
                    .notes
                    .into_iter()
                    .map(|(key, value)| (key, serde_json::from_str(&value).unwrap_or_default()))
                    .collect();
                changes.push((
                    event.counter(),
                    Enriched { notes, data: change.data, stdout: change.stdout },
                ));
            }
        }
        changes
    }
}

/// What an enricher made of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Enriched {
    /// The notes it left.
    pub notes: Vec<(String, Value)>,
    /// What it puts in place of `event_data`.
    pub data: Option<String>,
    /// What it puts in place of the text.
    pub stdout: Option<String>,
}

impl<P: PreRun> TestPlugin<P> {
    /// The changes it asks for, shown this view.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn prepare(&mut self, view: Value) -> Result<Vec<Edit>, PrepareError> {
        let mut run = Run::new(view);
        self.plugin.prepare(&mut run)?;
        Ok(run.edits)
    }
}

impl<P: StatusSink> TestPlugin<P> {
    /// Gives it a status.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn deliver_status(&mut self, number: u32, status: &str) -> Result<(), DeliveryError> {
        let json = format!("{{\"status\": \"{status}\", \"runner_ident\": \"test\"}}");
        let is_final = !matches!(status, "starting" | "running");
        self.plugin.deliver_status(&StatusChange {
            number,
            status,
            is_final,
            created: 1_764_000_000_000_000,
            rc: (status == "successful").then_some(0),
            json: &json,
        })
    }
}

impl<P: EventSink> TestPlugin<P> {
    /// Gives it the recording as one batch.
    ///
    /// # Errors
    ///
    /// What the plugin says.
    pub fn deliver(&mut self, recording: &Recording) -> Result<(), DeliveryFailure> {
        self.plugin.deliver_batch(&Attempt { id: "test/1-1", number: 1 }, &recording.batch())
    }
}

impl<P: Timer> TestPlugin<P> {
    /// Calls its timer.
    pub fn tick(&mut self) -> Option<Duration> {
        self.plugin.tick()
    }
}

#[derive(Deserialize)]
struct File<'a> {
    counter: u64,
    uuid: String,
    #[serde(default)]
    event: String,
    #[serde(default)]
    stdout: String,
    #[serde(borrow)]
    event_data: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    playbook: Option<String>,
    play: Option<String>,
    play_uuid: Option<String>,
    role: Option<String>,
    task: Option<String>,
    task_uuid: Option<String>,
    task_action: Option<String>,
    resolved_action: Option<String>,
    task_path: Option<String>,
    host: Option<String>,
    duration: Option<f64>,
    ignore_errors: Option<bool>,
    res: Value,
}

fn push_event(batch: &mut types::Batch, json: &str) -> serde_json::Result<()> {
    let file: File = serde_json::from_str(json)?;
    let text = file.event_data.map(RawValue::get);
    let data: Data = text.map(serde_json::from_str).transpose()?.unwrap_or_default();
    let outcome = match file.event.as_str() {
        "runner_on_ok" | "runner_item_on_ok" | "runner_on_async_ok" => Some(types::Outcome::Ok),
        "runner_on_failed" | "runner_item_on_failed" | "runner_on_async_failed" => {
            Some(types::Outcome::Failed)
        }
        "runner_on_skipped" | "runner_item_on_skipped" => Some(types::Outcome::Skipped),
        "runner_on_unreachable" => Some(types::Outcome::Unreachable),
        _ => None,
    };
    batch.scopes.push(types::Scope {
        playbook: data.playbook,
        play: data.play,
        play_uuid: data.play_uuid,
        role: data.role,
        task: data.task,
        task_uuid: data.task_uuid,
        action: data.resolved_action.or(data.task_action),
        path: data.task_path,
        ext: Vec::new(),
    });
    batch.events.push(types::Event {
        counter: file.counter,
        uuid: file.uuid,
        name: file.event,
        created: 1_764_000_000_000_000,
        scope: u32::try_from(batch.scopes.len() - 1).unwrap_or(u32::MAX),
        host: data.host,
        outcome,
        changed: outcome.is_some() && data.res["changed"] == true,
        ignored: outcome == Some(types::Outcome::Failed) && data.ignore_errors == Some(true),
        duration: data.duration.map(micros),
        stdout: Some(file.stdout),
        data: text.map(str::to_owned),
        json: Some(json.trim_end().to_owned()),
        oversize: None,
        annotations: Vec::new(),
        ext: Vec::new(),
    });
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float to integer cast saturates, which is what a nonsensical duration deserves"
)]
fn micros(seconds: f64) -> u64 {
    (seconds * 1_000_000.0).round() as u64
}
