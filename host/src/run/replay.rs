//! A recorded run through any chain of plugins, without Ansible: its events and statuses go
//! the way they would have gone in the run. Nothing is written into the folder they are
//! read from.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use super::deliver::facts_of;
use super::record::run_entry;
use super::seats::{Purpose, Seats};
use super::{Playhouse, new_cancel};
use crate::artifacts::{
    ArtifactDir, ArtifactError, EventTexts, JournalReader, LogReader, Logged, RunRecord, RunStatus,
    StatusChange, What, event_files, to_python_json,
};
use crate::events::{Event, Segment};
use crate::input::{JobEvents, OutputForm, PrivateDataDir, RunSpec};
use crate::pipeline::{LogState, Observer, Pipeline, Queue};
use crate::plugins::{Ending, Rehearsal, RunFacts};
use crate::prepare::Environment;
use crate::secrets::{REDACTED, Secrets};
use crate::{PluginSummary, RunError};

/// How long a sink under test may try.
const TEST_LIMIT: Duration = Duration::from_secs(5);

/// What a replay came to.
#[derive(Debug)]
pub struct ReplayOutcome {
    /// Events in the recording, those that filters dropped among them.
    pub events: u64,
    /// One for each plugin, in chain order.
    pub plugins: Vec<PluginSummary>,
    /// What went wrong beside the plugins.
    pub error: Option<RunError>,
}

/// What is recorded of a run.
struct Recording {
    facts: RunFacts,
    /// The events, by counter or in the journal's order.
    events: EventTexts,
    /// Those before the first event and the final ones.
    statuses: (Vec<StatusChange>, Vec<StatusChange>),
}

impl Playhouse {
    /// Sends what `artifacts/<ident>/` has recorded, by us or by Ansible Runner, through the
    /// plugins of `spec`'s flags. The observer hears of the events that come out, each as
    /// one line of JSON. Sinks have `limit` to take them.
    pub fn replay(
        &self,
        spec: &RunSpec,
        ident: &str,
        limit: Duration,
        observer: &mut dyn Observer,
    ) -> Result<ReplayOutcome, RunError> {
        self.replay_for(&Purpose::Replay, spec, ident, limit, observer)
    }

    /// The same for plugins that are being written, which may have no secrets yet.
    pub fn try_out(
        &self,
        spec: &RunSpec,
        ident: &str,
        limit: Duration,
        observer: &mut dyn Observer,
    ) -> Result<ReplayOutcome, RunError> {
        self.replay_for(&Purpose::TryOut, spec, ident, limit, observer)
    }

    /// The same for plugins under test: `rehearsal` answers for the world, or hears what
    /// the world answers.
    pub fn rehearse(
        &self,
        spec: &RunSpec,
        ident: &str,
        rehearsal: Arc<Rehearsal>,
        observer: &mut dyn Observer,
    ) -> Result<ReplayOutcome, RunError> {
        let purpose = Purpose::Test(rehearsal);
        self.replay_for(&purpose, spec, ident, TEST_LIMIT, observer)
    }

    fn replay_for(
        &self,
        purpose: &Purpose,
        spec: &RunSpec,
        ident: &str,
        limit: Duration,
        observer: &mut dyn Observer,
    ) -> Result<ReplayOutcome, RunError> {
        let directory = PrivateDataDir::open(&spec.private_data_dir)?;
        let root = spec.artifact_dir.clone().unwrap_or_else(|| directory.path().join("artifacts"));
        let record = RunRecord::find(&root, ident)?;
        let recording = Recording::open(&record)?;

        let mut entries = Vec::new();
        spec.plugins.apply(&mut entries)?;
        let environment = Environment::inherited();
        let (plugins, _) =
            self.library.load(entries, &Map::new(), &environment, directory.path())?;
        let cancel = new_cancel()?;
        if matches!(purpose, Purpose::Replay) {
            self.read_secrets(&plugins, &cancel)?;
        }

        let system = |what| move |source| RunError::System { what, source };
        let scratch =
            tempfile::tempdir().map_err(system("a temporary directory cannot be made"))?;
        let scratch_dir = scratch.path().join("run");
        let (mut artifacts, _) = ArtifactDir::create(&scratch_dir, ident, JobEvents::Jsonl)?;
        let started = record.started.unwrap_or_else(Timestamp::now);
        artifacts.journal.push(run_entry(&recording.facts, started));
        let (log, _receiver) = watch::channel(LogState::default());
        let (secrets, facts) = (Secrets::default(), &recording.facts);
        let mut seats =
            Seats::take(plugins, facts, purpose, artifacts.path(), &secrets, &self.runtime)?;
        // A test's batches are cut by size and never by time: its sinks find a whole log.
        let is_test = matches!(purpose, Purpose::Test(_));
        if is_test {
            seats.start_path(&cancel)?;
        } else {
            seats.start(&log, &cancel)?;
        }
        let (before, after) = recording.statuses;
        for status in before {
            artifacts.journal.push(What::Status { status });
        }

        let pipeline = Pipeline {
            chain: seats.chain(),
            artifacts: &mut artifacts,
            observer,
            shows: true,
            stdout: None,
            form: OutputForm::JsonLines,
            log: &log,
            cancel: &cancel,
            secrets,
        };
        let queue = Queue::default();
        let (end, read) = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let read = feed(recording.events, &record.artifact_dir, &queue);
                queue.close();
                read
            });
            let end = pipeline.run(&queue);
            (end, reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        let error = read.err().or(end.artifact_error).map(RunError::from);
        let error = error.or(end.aborted_by.map(|plugin| RunError::PluginAborted { plugin }));
        seats.take_back(end.chain);
        let status = after.last().map_or("running", |change| change.status.as_str()).to_owned();
        let rc = after.last().and_then(|change| change.rc);
        for status in after {
            artifacts.journal.push(What::Status { status });
        }
        let last = artifacts.journal.flush()?;
        log.send_replace(LogState { last, ended: Some(Instant::now() + limit) });
        if is_test {
            seats.start_delivery(&log, &cancel)?;
        }
        let ending = Ending { status, rc, complete: true };
        Ok(ReplayOutcome { events: end.events, plugins: seats.close(&ending), error })
    }
}

/// Reads events into the queue, which holds the reader up when it is full.
fn feed(events: EventTexts, artifact_dir: &Path, queue: &Queue) -> Result<(), ArtifactError> {
    for (counter, json) in (1..).zip(events) {
        let event = Event::from_json(&json?);
        let event = event.ok_or_else(ArtifactError::no_event(artifact_dir, counter))?;
        queue.push(vec![Segment::Event(event)]);
    }
    Ok(())
}

impl Recording {
    fn open(record: &RunRecord) -> Result<Self, RunError> {
        let artifact_dir = &record.artifact_dir;
        match LogReader::open(artifact_dir) {
            Ok(log) => Self::of_journal(log, facts_of(artifact_dir, &record.ident)?, artifact_dir),
            Err(_) => Self::of_ansible_runner(record),
        }
    }

    fn of_journal(
        mut log: LogReader,
        facts: RunFacts,
        artifact_dir: &Path,
    ) -> Result<Self, RunError> {
        let mut statuses = Vec::new();
        let mut journal = JournalReader::open(artifact_dir)?;
        while let Some(entry) = journal.next_entry()? {
            if let What::Status { status } = entry.what {
                statuses.push(status);
            }
        }
        let events = std::iter::from_fn(move || {
            loop {
                match log.next() {
                    Ok(Some(Logged::Event { json, .. })) => return Some(Ok(json)),
                    Ok(Some(Logged::Status(_))) => {}
                    Ok(None) => return None,
                    Err(error) => return Some(Err(error)),
                }
            }
        });
        let statuses = statuses.into_iter().partition(|change| !change.status.is_final());
        Ok(Self { facts, events: Box::new(events), statuses })
    }

    /// Ansible Runner keeps the last status only; the others are as it would have sent them.
    fn of_ansible_runner(record: &RunRecord) -> Result<Self, RunError> {
        let files = event_files(&record.artifact_dir)?;
        let first = files.first().map(|path| read(path)).transpose()?.unwrap_or_default();
        let last = files.last().map(|path| read(path)).transpose()?.unwrap_or_default();
        let events = files.into_iter().map(|path| read(&path));
        let change = |number, status: RunStatus, rc, more: Value, event: &str| {
            let mut json = json!({"status": status.as_str(), "runner_ident": record.ident});
            if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
                json.extend(more);
            }
            StatusChange {
                number,
                status,
                created: created(event),
                rc,
                json: to_python_json(&json),
            }
        };
        let before = vec![
            change(1, RunStatus::Starting, None, command_of(&record.artifact_dir), &first),
            change(2, RunStatus::Running, None, Value::Null, &first),
        ];
        let rc = record.rc.as_deref().and_then(|rc| rc.parse().ok());
        let status: Option<RunStatus> = serde_json::from_value(json!(record.state.as_str())).ok();
        let after = status.map(|status| change(3, status, rc, Value::Null, &last));
        let after = after.into_iter().collect();
        let facts = RunFacts {
            id: id_of(&first),
            ident: record.ident.clone(),
            playbook: None,
            started: u64::try_from(created(&first).as_microsecond()).unwrap_or(0),
            ext: Vec::new(),
        };
        Ok(Self { facts, events: Box::new(events), statuses: (before, after) })
    }
}

fn read(path: &Path) -> Result<String, ArtifactError> {
    fs::read_to_string(path).map_err(ArtifactError::read(path))
}

/// When an event was made; the beginning of time where it does not say.
fn created(event: &str) -> Timestamp {
    serde_json::from_str::<Value>(event)
        .ok()
        .and_then(|event| event["created"].as_str()?.parse().ok())
        .unwrap_or_default()
}

/// Ansible Runner gives its runs no id. This one is the same each time, so that a receiver
/// can tell that it has a thing already.
fn id_of(first_event: &str) -> String {
    let digest = Sha256::digest(first_event.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// What `starting` carries, from the artifact `command`: no value of a variable.
fn command_of(artifact_dir: &Path) -> Value {
    let mut command: Value = fs::read(artifact_dir.join("command"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    if let Some(Value::Object(env)) = command.get_mut("env") {
        env.values_mut().for_each(|value| *value = json!(REDACTED));
    }
    command
}
