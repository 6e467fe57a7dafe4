//! `artifacts/<ident>/journal`: the one order of a run's events and status changes.
//!
//! One JSON object a line, numbered from 1 by `n` without gaps:
//! `{"n":1,"run":"<uuid>","started":"…"}`, `{"n":2,"status":{…}}`,
//! `{"n":3,"event":1,"uuid":"…"}`, `{"n":4,"event":2,"uuid":"…","not_for":["http-sink"]}`,
//! `{"n":5,"dropped":3,"by":["only-failed"]}`. The events themselves are in `job_events/`, or
//! in `events.jsonl` at the byte that `at` names.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::growing_file::GrowingFile;
use super::{ArtifactError, StatusChange};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number.
    pub n: u64,
    /// What it says.
    #[serde(flatten)]
    pub what: What,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum What {
    /// The journal's first line.
    Run {
        /// The run's id.
        run: String,
        /// When it was asked for.
        started: jiff::Timestamp,
        /// The playbook, as given; none for modules and roles.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        playbook: Option<String>,
        /// What else plugins are told of the run at `init`.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        about: Map<String, Value>,
    },
    /// The run's status changed.
    Status {
        /// To what.
        status: StatusChange,
    },
    /// An event is in `job_events/<event>-<uuid>.json`, or on a line of `events.jsonl`.
    Event {
        /// Its counter.
        event: u64,
        /// Its UUID.
        uuid: String,
        /// The byte of `events.jsonl` at which its line begins, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// Sinks that filters hide it from.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_for: Vec<Arc<str>>,
        /// What plugins did to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        acts: Vec<Arc<Act>>,
    },
    /// A filter dropped an event.
    Dropped {
        /// Its counter.
        dropped: u64,
        /// The filter.
        by: Vec<Arc<str>>,
    },
}

/// What one plugin did to one event: what kind of thing and how large, never the text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Act {
    /// Its name in the run.
    pub plugin: Arc<str>,
    /// Sinks it hid the event from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hid_from: Vec<Arc<str>>,
    /// Keys of the notes it left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Bytes of `event_data` before and after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<(usize, usize)>,
    /// Bytes of the event's text before and after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<(usize, usize)>,
    /// It failed on the event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// How far a reader has come: an entry of one run's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The run's id: an ident may be used again.
    pub run: String,
    /// The last entry taken.
    pub n: u64,
}

/// The end that is written.
#[derive(Debug)]
pub struct Journal {
    file: GrowingFile,
    lines: Vec<u8>,
    last: u64,
}

impl Journal {
    /// Continues an empty file.
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self { file: GrowingFile::new(path, file), lines: Vec::new(), last: 0 }
    }

    /// Adds an entry, which [`Journal::flush`] writes.
    pub fn push(&mut self, what: What) {
        self.last += 1;
        let entry = Entry { n: self.last, what };
        serde_json::to_writer(&mut self.lines, &entry).expect("an entry has text keys");
        self.lines.push(b'\n');
    }

    /// Writes what was pushed; the number of the last entry that is now to be read. What
    /// there is no room for is written the next time.
    pub fn flush(&mut self) -> Result<u64, ArtifactError> {
        self.file.push(&self.lines)?;
        self.lines.clear();
        Ok(self.last)
    }
}

/// The end that is read, while it is written or later.
#[derive(Debug)]
pub struct JournalReader {
    path: PathBuf,
    file: BufReader<File>,
    read: u64,
    line: String,
}

impl JournalReader {
    /// Opens the journal of an artifact directory at its first entry.
    pub fn open(artifact_dir: &Path) -> Result<Self, ArtifactError> {
        let path = artifact_dir.join("journal");
        let file = File::open(&path).map_err(ArtifactError::read(&path))?;
        Ok(Self { path, file: BufReader::new(file), read: 0, line: String::new() })
    }

    /// The next entry; none where the next line is not written, or not whole, yet.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ArtifactError> {
        self.line.clear();
        let size =
            self.file.read_line(&mut self.line).map_err(ArtifactError::read(&self.path))? as u64;
        if !self.line.ends_with('\n') {
            self.file.seek(SeekFrom::Start(self.read)).map_err(ArtifactError::read(&self.path))?;
            return Ok(None);
        }
        let entry = serde_json::from_str(&self.line).map_err(|error| ArtifactError::Damaged {
            path: self.path.clone(),
            at: self.read,
            reason: error.to_string(),
        })?;
        self.read += size;
        Ok(Some(entry))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_half_a_line_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let mut journal = Journal::new(path.clone(), File::create(&path).unwrap());
        let mut reader = JournalReader::open(directory.path()).unwrap();
        let event = What::Event {
            event: 1,
            uuid: "u".into(),
            at: None,
            not_for: vec!["http-sink".into()],
            acts: Vec::new(),
        };
        journal.push(event.clone());
        assert_eq!(reader.next_entry().unwrap(), None, "nothing is flushed");
        assert_eq!(journal.flush().unwrap(), 1);
        assert_eq!(reader.next_entry().unwrap(), Some(Entry { n: 1, what: event }));

        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"n\":2,\"dropped\":").unwrap();
        assert_eq!(reader.next_entry().unwrap(), None);
        file.write_all(b"2,\"by\":[\"x\"]}\n").unwrap();
        let dropped = What::Dropped { dropped: 2, by: vec!["x".into()] };
        assert_eq!(reader.next_entry().unwrap(), Some(Entry { n: 2, what: dropped }));

        file.write_all(b"rubbish\n").unwrap();
        assert!(reader.next_entry().unwrap_err().to_string().contains("damaged at byte"));
    }
}
