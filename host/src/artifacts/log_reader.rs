//! A run's statuses and events in their one order, while it goes on or later.

use std::path::Path;

use super::{ArtifactError, EventReader, JournalReader, StatusChange, What};

/// Reads the journal and the events it names.
#[derive(Debug)]
pub struct LogReader {
    events: EventReader,
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
        Ok(Self { events: EventReader::new(artifact_dir), journal })
    }

    /// What comes next; none where nothing has come yet.
    #[expect(clippy::should_implement_trait, reason = "an end for now is no end for good")]
    pub fn next(&mut self) -> Result<Option<Logged>, ArtifactError> {
        while let Some(entry) = self.journal.next_entry()? {
            match entry.what {
                What::Status { status } => return Ok(Some(Logged::Status(status))),
                What::Event { event, uuid, at, .. } => {
                    let json = self.events.read(event, &uuid, at)?;
                    return Ok(Some(Logged::Event { counter: event, json }));
                }
                What::Run { .. } | What::Dropped { .. } => {}
            }
        }
        Ok(None)
    }
}
