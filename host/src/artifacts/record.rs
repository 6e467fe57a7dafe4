//! What an artifact directory says of its run, while it goes on or later.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    ArtifactError, EventReader, JournalReader, RunStatus, Undelivered, What, event_files,
    undelivered,
};
use crate::events::HostStats;

/// A run as its artifacts have it: ours, or Ansible Runner's.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Its name below the artifact directory.
    pub ident: String,
    /// Where it is.
    pub artifact_dir: PathBuf,
    /// How far it came.
    pub state: RunState,
    /// What its `rc` says; none without one.
    pub rc: Option<String>,
    /// When it was asked for.
    pub started: Option<Timestamp>,
    /// When it had its final status.
    pub ended: Option<Timestamp>,
    /// How many events it has left.
    pub events: u64,
    /// The play recap; none where Ansible did not come that far.
    pub stats: Option<BTreeMap<String, HostStats>>,
    /// What its sinks have not taken.
    pub undelivered: Vec<Undelivered>,
}

/// How far a run came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// It goes on.
    UnderWay(Option<RunStatus>),
    /// It has ended with this `status`.
    Ended(String),
    /// Its program was killed, and nobody wrote how it ended.
    Interrupted,
}

impl RunState {
    /// One word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnderWay(Some(status)) => status.as_str(),
            Self::UnderWay(None) => "preparing",
            Self::Ended(status) => status,
            Self::Interrupted => "interrupted",
        }
    }
}

impl RunRecord {
    /// The runs below an artifact directory, the oldest first. One level of folders is looked at.
    pub fn all(artifact_root: &Path) -> Result<Vec<Self>, ArtifactError> {
        let entries = match fs::read_dir(artifact_root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            result => result.map_err(ArtifactError::read(artifact_root))?,
        };
        let mut records = Vec::new();
        for entry in entries {
            let entry = entry.map_err(ArtifactError::read(artifact_root))?;
            let ident = entry.file_name().to_string_lossy().into_owned();
            records.extend(Self::read(artifact_root, &ident)?);
        }
        records.sort_by_key(|record| (record.started, record.ident.clone()));
        Ok(records)
    }

    /// One run, which must be there.
    pub fn find(artifact_root: &Path, ident: &str) -> Result<Self, ArtifactError> {
        let missing =
            || ArtifactError::NoSuchRun { ident: ident.to_owned(), root: artifact_root.to_owned() };
        Self::read(artifact_root, ident)?.ok_or_else(missing)
    }

    /// One run; none where there is no folder of a run.
    pub fn read(artifact_root: &Path, ident: &str) -> Result<Option<Self>, ArtifactError> {
        let artifact_dir = artifact_root.join(ident);
        let is_live = is_live(&artifact_dir);
        let mut record = Self {
            ident: ident.to_owned(),
            state: RunState::Interrupted,
            rc: read_small(&artifact_dir.join("rc"))?,
            started: None,
            ended: None,
            events: 0,
            stats: None,
            undelivered: Vec::new(),
            artifact_dir,
        };
        let status = read_small(&record.artifact_dir.join("status"))?;
        let last = match JournalReader::open(&record.artifact_dir) {
            Ok(journal) => record.read_journal(journal)?,
            Err(_) if status.is_none() && record.rc.is_none() => return Ok(None),
            Err(_) => (None, record.read_events()?),
        };
        record.state = match (status, is_live) {
            (Some(status), false) => RunState::Ended(status),
            (None, false) => RunState::Interrupted,
            (_, true) => RunState::UnderWay(last.0),
        };
        if !is_live {
            record.undelivered = undelivered(&record.artifact_dir);
        }
        record.stats = last.1.and_then(|event| read_stats(&event));
        Ok(Some(record))
    }

    /// The last status, and the last event.
    fn read_journal(
        &mut self,
        mut journal: JournalReader,
    ) -> Result<(Option<RunStatus>, Option<String>), ArtifactError> {
        let (mut last_status, mut last_event) = (None, None);
        while let Some(entry) = journal.next_entry()? {
            match entry.what {
                What::Run { started, .. } => self.started = Some(started),
                What::Status { status } => {
                    self.ended = status.status.is_final().then_some(status.created);
                    last_status = Some(status.status);
                }
                What::Event { event, uuid, at, .. } => {
                    self.events += 1;
                    last_event = Some((event, uuid, at));
                }
                What::Dropped { .. } => {}
            }
        }
        // A file that somebody took away costs the recap and nothing else.
        let last = last_event.and_then(|(event, uuid, at)| {
            EventReader::new(&self.artifact_dir).read(event, &uuid, at).ok()
        });
        Ok((last_status, last))
    }

    /// The last event of a run without a journal.
    fn read_events(&mut self) -> Result<Option<String>, ArtifactError> {
        let files = event_files(&self.artifact_dir)?;
        self.events = files.len() as u64;
        Ok(files.last().and_then(|path| fs::read_to_string(path).ok()))
    }
}

/// Whether the run holds its journal's lock.
pub fn is_live(artifact_dir: &Path) -> bool {
    File::open(artifact_dir.join("journal")).is_ok_and(|journal| journal.try_lock_shared().is_err())
}

fn read_small(path: &Path) -> Result<Option<String>, ArtifactError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(ArtifactError::read(path)(error)),
    }
}

fn read_stats(event: &str) -> Option<BTreeMap<String, HostStats>> {
    let event: Value = serde_json::from_str(event).ok()?;
    if event["event"] != "playbook_on_stats" {
        return None;
    }
    HostStats::of_data(&event["event_data"].to_string())
}
