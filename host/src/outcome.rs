//! How a run ended, and what its caller's exit code says of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::RunError;
use crate::artifacts::RunStatus;
use crate::events::HostStats;
use crate::plugins::PluginStats;

/// A run that has left artifacts.
#[derive(Debug)]
pub struct RunOutcome {
    /// The name of its artifact directory.
    pub ident: String,
    /// Where it is.
    pub artifact_dir: PathBuf,
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
