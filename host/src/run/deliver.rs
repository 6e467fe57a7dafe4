//! Deliveries after a run: sinks go on where their cursors are.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::Playhouse;
use super::seats::{Purpose, Seats};
use crate::artifacts::{
    ArtifactError, JournalReader, RunRecord, Undelivered, What, is_live, plugin_folder,
};
use crate::input::{EnvFiles, PrivateDataDir, RunSpec};
use crate::own_file::open_own;
use crate::pipeline::LogState;
use crate::plugins::{Ending, Plugin, RunFacts};
use crate::prepare::resolve;
use crate::secrets::Secrets;
use crate::{PluginSummary, RunError};

/// What deliveries of one run came to.
#[derive(Debug)]
pub struct DeliverOutcome {
    /// The run.
    pub ident: String,
    /// One for each sink that was given what was waiting for it.
    pub plugins: Vec<PluginSummary>,
    /// Why others were given nothing.
    pub errors: Vec<RunError>,
}

impl Playhouse {
    /// Gives the sinks of runs that have ended what they have not taken, for `limit` at
    /// most a run. `spec` says where, and which plugins; its `ident` names one run, else
    /// all are looked at. A sink that is not what it was in the run is refused unless
    /// `accepts_change`; the others get theirs all the same.
    pub fn deliver(
        &self,
        spec: &RunSpec,
        limit: Duration,
        accepts_change: bool,
    ) -> Result<Vec<DeliverOutcome>, RunError> {
        let directory = PrivateDataDir::open(&spec.private_data_dir)?;
        let files = EnvFiles::read(&directory)?.with_given(spec)?;
        let (config, _) = resolve(spec, &directory, &files, Timestamp::now())?;
        let records = match &spec.ident {
            None => RunRecord::all(&config.artifact_root)?,
            Some(ident) => {
                let record = RunRecord::find(&config.artifact_root, ident)?;
                if is_live(&record.artifact_dir) {
                    return Err(RunError::UnderWay { ident: ident.clone() });
                }
                vec![record]
            }
        };
        let waiting: Vec<RunRecord> =
            records.into_iter().filter(|record| !record.undelivered.is_empty()).collect();
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let mut entries = files.plugins.clone();
        spec.plugins.apply(&mut entries)?;
        let (plugins, _) =
            self.library.load(entries, &files.settings, &config.environment, directory.path())?;
        let is_waited_for = |plugin: &&Arc<Plugin>| {
            let left = waiting.iter().flat_map(|record| &record.undelivered);
            left.into_iter().any(|left| left.plugin == plugin.name().as_str())
        };
        let sinks: Vec<_> = plugins.iter().filter(is_waited_for).cloned().collect();
        self.read_secrets(&sinks, &super::new_cancel()?)?;
        let deliver = |record: &RunRecord| {
            self.deliver_run(record, &plugins, limit, accepts_change).unwrap_or_else(|error| {
                DeliverOutcome {
                    ident: record.ident.clone(),
                    plugins: Vec::new(),
                    errors: vec![error],
                }
            })
        };
        Ok(waiting.iter().map(deliver).collect())
    }

    fn deliver_run(
        &self,
        record: &RunRecord,
        plugins: &[Arc<Plugin>],
        limit: Duration,
        accepts_change: bool,
    ) -> Result<DeliverOutcome, RunError> {
        let artifact_dir = &record.artifact_dir;
        // While this is held no run takes the folder over, and none is rotated away.
        let journal = artifact_dir.join("journal");
        let journal = File::open(&journal).map_err(ArtifactError::read(&journal))?;
        journal
            .try_lock_shared()
            .map_err(|_| RunError::UnderWay { ident: record.ident.clone() })?;
        let facts = facts_of(artifact_dir, &record.ident)?;
        let mut chosen = Vec::new();
        let mut locks = Vec::new();
        let mut errors = Vec::new();
        for left in &record.undelivered {
            match choose(left, plugins, record, accepts_change) {
                Ok((plugin, lock)) => {
                    chosen.push(plugin);
                    locks.push(lock);
                }
                Err(error) => errors.push(error),
            }
        }
        let (log, _receiver) =
            watch::channel(LogState { last: u64::MAX, ended: Some(Instant::now() + limit) });
        let secrets = Secrets::default();
        let mut seats =
            Seats::take(chosen, &facts, &Purpose::Deliver, artifact_dir, &secrets, &self.runtime)?;
        seats.start_delivery(&log, &super::new_cancel()?)?;
        let ending = Ending { status: record.state.as_str().to_owned(), rc: None, complete: true };
        Ok(DeliverOutcome { ident: record.ident.clone(), plugins: seats.close(&ending), errors })
    }
}

/// The sink that something waits for, if it may have it, and the lock of its delivery.
fn choose(
    left: &Undelivered,
    plugins: &[Arc<Plugin>],
    record: &RunRecord,
    accepts_change: bool,
) -> Result<(Arc<Plugin>, File), RunError> {
    let plugin = plugin_for(left, plugins, record)?;
    let folder = plugin_folder(&record.artifact_dir, &left.plugin)?;
    let lock = lock(&folder, &left.plugin)?;
    if !accepts_change {
        check_unchanged(&folder, plugin)?;
    }
    Ok((Arc::clone(plugin), lock))
}

fn plugin_for<'plugins>(
    left: &Undelivered,
    plugins: &'plugins [Arc<Plugin>],
    record: &RunRecord,
) -> Result<&'plugins Arc<Plugin>, RunError> {
    plugins.iter().find(|plugin| plugin.name().as_str() == left.plugin).ok_or_else(|| {
        RunError::Undefined {
            plugin: left.plugin.clone(),
            entries: left.entries,
            ident: record.ident.clone(),
        }
    })
}

/// The run as its journal has it.
pub(super) fn facts_of(artifact_dir: &Path, ident: &str) -> Result<RunFacts, RunError> {
    let first = JournalReader::open(artifact_dir)?.next_entry()?.map(|entry| entry.what);
    let Some(What::Run { run, started, playbook, about }) = first else {
        let error = ArtifactError::Damaged {
            path: artifact_dir.join("journal"),
            at: 0,
            reason: "its first entry does not name the run".to_owned(),
        };
        return Err(error.into());
    };
    let text = |value: Value| value.as_str().map(str::to_owned);
    Ok(RunFacts {
        id: run,
        ident: ident.to_owned(),
        playbook,
        started: u64::try_from(started.as_microsecond()).unwrap_or(0),
        ext: about.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect(),
    })
}

/// One delivery of a plugin at a time. The file says who has the lock.
fn lock(folder: &Path, plugin: &str) -> Result<File, RunError> {
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = open_own(&mut options, &path).map_err(ArtifactError::write(&path))?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        // Who it is only makes the message better.
        let _ = file.read_to_string(&mut holder);
        return Err(RunError::Delivering { plugin: plugin.to_owned(), holder });
    }
    file.set_len(0)
        .and_then(|()| file.write_all(std::process::id().to_string().as_bytes()))
        .map_err(ArtifactError::write(&path))?;
    Ok(file)
}

/// Another component, or one that may do more, is not what the operator delivered with.
fn check_unchanged(folder: &Path, plugin: &Plugin) -> Result<(), RunError> {
    let path = folder.join("plugin.json");
    let bytes = fs::read(&path).map_err(ArtifactError::read(&path))?;
    let then: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let now = plugin.record();
    for (member, what) in [("digest", "sha256"), ("grants", "grants")] {
        if then[member] != now[member] {
            let shown = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
            return Err(RunError::PluginChanged {
                plugin: plugin.name().to_string(),
                what,
                then: shown(&then[member]),
                now: shown(&now[member]),
            });
        }
    }
    Ok(())
}
