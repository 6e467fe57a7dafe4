//! How a run ended, and what its caller's exit code says of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::RunError;
use crate::artifacts::{ArtifactError, LogReader, Logged, RunStatus, read_facts};
use crate::events::HostStats;
use crate::plugins::PluginStats;

/// A run that has left artifacts.
#[derive(Debug)]
pub struct RunOutcome {
    /// The name of its artifact directory.
    pub ident: String,
    /// Where it is.
    pub artifact_dir: PathBuf,
    /// Where facts of hosts are kept, unless the operator's configuration keeps them
    /// elsewhere.
    pub fact_cache: PathBuf,
    /// A final status.
    pub status: RunStatus,
    /// What the `rc` file says: Ansible's own code, 128 and the signal that ended
    /// Ansible, or ours where Ansible was not started.
    pub rc: i32,
    /// The play recap by host; none where Ansible did not come that far.
    pub stats: Option<BTreeMap<String, HostStats>>,
    /// Events in the run, those that filters dropped among them.
    pub events: u64,
    /// Why Ansible was not started, or what ended the run that is not Ansible's doing.
    pub error: Option<RunError>,
    /// What the run survived.
    pub warnings: Vec<String>,
    /// One for each plugin, in chain order.
    pub plugins: Vec<PluginSummary>,
}

/// What a plugin did in a run.
#[derive(Debug)]
pub struct PluginSummary {
    /// Its name in this run.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// What its lanes counted, together.
    pub stats: PluginStats,
    /// Changes it made to the configuration.
    pub config_changes: u64,
    /// For a sink.
    pub delivery: Option<DeliverySummary>,
    /// What went wrong, in words.
    pub trouble: Option<String>,
}

/// What a sink took and left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverySummary {
    /// Statuses it has taken.
    pub statuses: u64,
    /// Events it has taken.
    pub events: u64,
    /// Statuses and events it has not.
    pub waiting: u64,
    /// Whether that makes the run fail.
    pub required: bool,
}

impl RunOutcome {
    /// What the terminal showed: the `stdout` artifact.
    pub fn stdout(&self) -> Result<String, ArtifactError> {
        let path = self.artifact_dir.join("stdout");
        let bytes = std::fs::read(&path).map_err(ArtifactError::read(&path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The run's statuses and events, from the first on.
    pub fn log(&self) -> Result<LogReader, ArtifactError> {
        LogReader::open(&self.artifact_dir)
    }

    /// The events that name a host, each one JSON object.
    pub fn host_events(&self, host: &str) -> Result<Vec<Value>, ArtifactError> {
        let mut log = self.log()?;
        let mut events = Vec::new();
        while let Some(logged) = log.next()? {
            if let Logged::Event { json, .. } = logged
                && let Ok(event) = serde_json::from_str::<Value>(&json)
                && event["event_data"]["host"] == host
            {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// What the run's fact cache has of a host.
    pub fn facts(&self, host: &str) -> Result<Option<Value>, ArtifactError> {
        read_facts(&self.fact_cache, host)
    }

    /// The code to exit with: `rc`, unless all was well with Ansible and not with us.
    pub fn exit_code(&self) -> i32 {
        use crate::exit_code;
        match (&self.error, self.rc) {
            (Some(error), 0) => error.exit_code(),
            (None, 0) if self.is_undelivered() => exit_code::UNDELIVERED,
            (_, rc) => rc,
        }
    }

    /// Whether a sink that had to take everything has not.
    pub fn is_undelivered(&self) -> bool {
        self.plugins
            .iter()
            .filter_map(|plugin| plugin.delivery.as_ref())
            .any(|delivery| delivery.required && delivery.waiting > 0)
    }
}
