//! A run's statuses and events in their one order, while it goes on or later.

use std::fs;
use std::path::{Path, PathBuf};

use super::{ArtifactError, JournalReader, StatusChange, What, event_path};

/// Reads the journal and the events it names.
#[derive(Debug)]
pub struct LogReader {
    artifact_dir: PathBuf,
    journal: JournalReader,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Logged {
    /// Its status changed.
    Status(StatusChange),
    /// An event, in the JSON of its file.
    Event {
        /// Its place in the terminal's order.
        counter: u64,
        /// One JSON object.
        json: String,
    },
}

impl LogReader {
    /// Opens the log of an artifact directory at its beginning.
    pub fn open(artifact_dir: &Path) -> Result<Self, ArtifactError> {
        let journal = JournalReader::open(artifact_dir)?;
        Ok(Self { artifact_dir: artifact_dir.to_owned(), journal })
    }

    /// What comes next; none where nothing has come yet.
    #[expect(clippy::should_implement_trait, reason = "an end for now is no end for good")]
    pub fn next(&mut self) -> Result<Option<Logged>, ArtifactError> {
        while let Some(entry) = self.journal.next_entry()? {
            match entry.what {
                What::Status { status } => return Ok(Some(Logged::Status(status))),
                What::Event { event, uuid, .. } => {
                    let path = event_path(&self.artifact_dir, event, &uuid);
                    let json = fs::read_to_string(&path).map_err(ArtifactError::read(&path))?;
                    return Ok(Some(Logged::Event { counter: event, json }));
                }
                What::Run { .. } | What::Dropped { .. } => {}
            }
        }
        Ok(None)
    }
}
