//! Wires one run: the only place that knows all stages.

mod ansible;
mod builder;
mod deliver;
mod handle;
mod pre_run;
mod record;
mod replay;
mod seat;
mod seats;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tracing::debug;

use crate::artifacts::{ArtifactDir, RunStatus, StatusChange, What, rotate, to_python_json};
use crate::exec::{Cancel, Keeper, KeeperProgram};
use crate::input::{EnvFiles, PluginEntry, PrivateDataDir, RunSpec};
use crate::pipeline::{LogState, Observer, PipelineEnd};
use crate::plugins::{Ending, Plugin, PluginLibrary, read_secrets};
use crate::prepare::{RunConfig, persist_inputs, resolve};
use crate::{RunError, RunOutcome};
use record::{run_entry, run_facts};
use seats::{Purpose, Seats};

/// How long sinks may go on after Ansible has ended.
const SINK_DEADLINE: Duration = Duration::from_secs(10);

pub use builder::Run;
pub use deliver::DeliverOutcome;
pub use handle::RunHandle;
pub use replay::ReplayOutcome;

/// Runs private data directories. A clone shares everything with its origin.
#[derive(Clone)]
pub struct Playhouse {
    runtime: Handle,
    library: Arc<PluginLibrary>,
    keeper: Option<KeeperProgram>,
}

/// A run that has its artifact directory.
struct Stage<'run> {
    runtime: &'run Handle,
    config: RunConfig,
    artifacts: ArtifactDir,
    log: watch::Sender<LogState>,
    seats: Seats,
    warnings: Vec<String>,
    statuses: u32,
    keeper: Option<Keeper>,
    observer: &'run mut dyn Observer,
}

/// What Ansible, or the lack of it, came to.
struct Ended {
    status: RunStatus,
    rc: i32,
    pipeline: Option<PipelineEnd>,
    error: Option<RunError>,
}

impl Playhouse {
    /// Plugin calls are driven on `runtime`, which must have threads of its own.
    pub fn new(runtime: Handle, library: PluginLibrary) -> Self {
        Self { runtime, library: Arc::new(library), keeper: None }
    }

    /// Puts a keeper between this program and Ansible, so that a run ends with this
    /// program even where that is killed. Without one Ansible itself is asked to end
    /// then, on Linux, and what does not obey lives on.
    #[must_use]
    pub fn with_keeper(mut self, program: KeeperProgram) -> Self {
        self.keeper = Some(program);
        self
    }

    /// Runs one private data directory to its end. Blocks; must not be called from the
    /// runtime's own threads. An error means that there are no artifacts; what happens
    /// after that is in the outcome.
    pub fn run(
        &self,
        spec: &RunSpec,
        cancel: &Cancel,
        observer: &mut dyn Observer,
    ) -> Result<RunOutcome, RunError> {
        let started = Timestamp::now();
        let directory = PrivateDataDir::open(&spec.private_data_dir)?;
        let files = EnvFiles::read(&directory)?.with_given(spec)?;
        let (mut config, mut warnings) = resolve(spec, &directory, &files, started)?;
        // It starts while the plugins are loaded.
        let keeper = self.keeper.as_ref().map(Keeper::start).transpose()?;
        debug!(run = %config.run_id, ident = config.ident, "decided");
        let mut entries = files.plugins.clone();
        spec.plugins.apply(&mut entries)?;
        if spec.strict_plugins {
            entries.iter_mut().for_each(PluginEntry::make_strict);
        }
        let (plugins, notices) =
            self.library.load(entries, &files.settings, &config.environment, directory.path())?;
        warnings.extend(notices);
        for plugin in &plugins {
            debug!(plugin = %plugin.name(), version = plugin.version(), "loaded");
        }
        self.read_secrets(&plugins, cancel)?;
        for name in plugins.iter().flat_map(|plugin| plugin.secret_variables()) {
            config.withhold_variable(name);
        }

        let job_events = config.settings.job_events;
        let (mut artifacts, lost) =
            ArtifactDir::create(&config.artifact_dir, &config.ident, job_events)?;
        warnings.extend(lost);
        if spec.persist_inputs {
            persist_inputs(spec, &directory)?;
        }
        if config.rotate_artifacts > 0 {
            let kept = rotate(&config.artifact_root, &config.artifact_dir, config.rotate_artifacts);
            warnings.extend(kept.unwrap_or_else(|error| vec![error.to_string()]));
        }
        let facts = run_facts(&config);
        artifacts.journal.push(run_entry(&facts, started));
        let (folder, secrets) = (artifacts.path(), &config.secrets);
        let seats = Seats::take(plugins, &facts, &Purpose::Run, folder, secrets, &self.runtime)?;
        let (log, receiver) = watch::channel(LogState::default());
        observer.begun(&config.artifact_dir, receiver);
        let mut stage = Stage {
            runtime: &self.runtime,
            config,
            artifacts,
            log,
            seats,
            warnings,
            statuses: 0,
            keeper,
            observer,
        };

        let started = stage.seats.start(&stage.log, cancel);
        let ended = match started.and_then(|()| stage.prepare_run(spec.shadow_plugins, cancel)) {
            Ok(()) => stage.run_ansible(cancel),
            Err(error @ RunError::Canceled { .. }) => Ended {
                status: RunStatus::Canceled,
                rc: error.exit_code(),
                pipeline: None,
                error: Some(error),
            },
            Err(error) => Ended {
                status: RunStatus::Failed,
                rc: error.exit_code(),
                pipeline: None,
                error: Some(error),
            },
        };
        Ok(stage.end(ended))
    }

    /// Reads the plugins' secrets, all of which have to be there, unless the run is canceled
    /// meanwhile.
    fn read_secrets(&self, plugins: &[Arc<Plugin>], cancel: &Cancel) -> Result<(), RunError> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.canceled() => Err(RunError::CanceledAtSecrets),
                read = read_secrets(plugins) => Ok(read?),
            }
        })
    }
}

/// A handle nobody has used yet.
fn new_cancel() -> Result<Cancel, RunError> {
    Cancel::new().map_err(|source| RunError::System { what: "a pipe cannot be made", source })
}

impl Stage<'_> {
    /// Writes the result, lets the sinks finish and puts the outcome together.
    fn end(mut self, ended: Ended) -> RunOutcome {
        let Ended { status, rc, pipeline, mut error } = ended;
        let explanation = error.as_ref().map(|error| ("job_explanation", json!(error.to_string())));
        let mut artifact_error = None;
        let (stats, events) = match pipeline {
            None => (None, 0),
            Some(end) => {
                self.seats.take_back(end.chain);
                artifact_error = end.artifact_error;
                (end.stats, end.events)
            }
        };
        let written =
            self.artifacts.write_result(status.as_str(), rc).map_err(RunError::from).and_then(
                |()| self.enter_status(status, Some(rc), explanation.into_iter().collect()),
            );
        if let Some(failed) = artifact_error.map(RunError::from).or(written.err()) {
            error = error.or(Some(failed));
        }

        let deadline = Instant::now() + SINK_DEADLINE;
        self.log.send_modify(|state| state.ended = Some(deadline));
        let ending = Ending { status: status.to_string(), rc: Some(rc), complete: true };
        let plugins = self.seats.close(&ending);
        let mut warnings = self.warnings;
        for warning in &mut warnings {
            self.config.secrets.hide_in(warning);
        }
        RunOutcome {
            ident: self.config.ident,
            fact_cache: self.config.artifact_dir.join(&self.config.settings.fact_cache),
            artifact_dir: self.config.artifact_dir,
            status,
            rc,
            stats,
            events,
            error,
            warnings,
            plugins,
        }
    }

    /// Enters a status into the journal, with what Ansible Runner gives its plugins.
    fn enter_status(
        &mut self,
        status: RunStatus,
        rc: Option<i32>,
        more: Vec<(&str, Value)>,
    ) -> Result<(), RunError> {
        self.statuses += 1;
        let mut json = json!({"status": status.as_str(), "runner_ident": self.config.ident});
        for (key, mut value) in more {
            self.config.secrets.hide_in_value(&mut value);
            json[key] = value;
        }
        let change = StatusChange {
            number: self.statuses,
            status,
            created: Timestamp::now(),
            rc,
            json: to_python_json(&json),
        };
        debug!(%status, rc, "status");
        self.observer.status(&change);
        self.artifacts.journal.push(What::Status { status: change });
        let last = self.artifacts.journal.flush()?;
        self.log.send_modify(|state| state.last = last);
        Ok(())
    }
}
