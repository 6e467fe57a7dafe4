//! The states a run goes through, as Ansible Runner names them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a run is. The last four are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Decided, and about to start Ansible.
    Starting,
    /// Ansible is being started.
    Running,
    /// Ansible ended with 0.
    Successful,
    /// Ansible ended with something else, or could not be run.
    Failed,
    /// It was asked to stop, and that is why it ended.
    Canceled,
    /// It took too long, and that is why it ended.
    Timeout,
}

impl RunStatus {
    /// As the `status` file has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Successful => "successful",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
        }
    }

    /// Whether no other will follow.
    pub fn is_final(self) -> bool {
        match self {
            Self::Starting | Self::Running => false,
            Self::Successful | Self::Failed | Self::Canceled | Self::Timeout => true,
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A status with what goes with it to sinks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusChange {
    /// 1, 2, 3, … in one run.
    pub number: u32,
    /// The state the run is now in.
    pub status: RunStatus,
    /// When it got there.
    pub created: Timestamp,
    /// The run's exit code, with a final status.
    pub rc: Option<i32>,
    /// What Ansible Runner gives its plugins: JSON text, secrets left out.
    pub json: String,
}
