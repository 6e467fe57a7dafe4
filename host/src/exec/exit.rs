//! How a child ended, and why.

use std::time::Duration;

use super::LeftProcess;

/// Why a child was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// By its [`Cancel`].
    Canceled,
    /// It took longer than this.
    JobTimeout(Duration),
    /// It said nothing for this long.
    IdleTimeout(Duration),
    /// It asks this, and there is no answer.
    Unanswered(String),
    /// Its keeper was ended, and it could not be left alone.
    KeeperLost,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it was made to end, if it did not end by itself.
    pub stop: Option<Stop>,
    /// What a stop has left alive.
    pub left: Vec<LeftProcess>,
    /// Whether the callback ever spoke to us. If not, all of the run is text.
    pub has_events: bool,
}
