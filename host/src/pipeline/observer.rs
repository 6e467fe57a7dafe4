//! Who hears of a run while it goes on.

use std::path::Path;

use tokio::sync::watch;

use super::LogState;
use crate::artifacts::StatusChange;
use crate::events::Event;

/// Is told of a run on the run's own thread, which it holds up as long as it takes.
pub trait Observer {
    /// The run has its artifact directory; `log` tells how far the journal in it is.
    fn begun(&mut self, artifact_dir: &Path, log: watch::Receiver<LogState>) {
        let _ = (artifact_dir, log);
    }

    /// A status was entered into the journal.
    fn status(&mut self, change: &StatusChange) {
        let _ = change;
    }

    /// Ansible was started.
    fn up(&mut self) {}

    /// Text for a terminal. What cannot be shown is the observer's own affair.
    fn show(&mut self, text: &str) {
        let _ = text;
    }

    /// An event was entered into the journal.
    fn event(&mut self, event: &Event) {
        let _ = event;
    }
}

/// Hears nothing.
impl Observer for () {}
