//! One run's folder: made, locked while the run lives, and filled.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::job_events::{EventWriter, FILES, LINES, UNFINISHED, Written};
use super::{Act, ArtifactError, Journal, What, to_python_json, undelivered};
use crate::events::Event;
use crate::input::JobEvents;
use crate::own_file::{check_own_folder, open_own};

/// `artifacts/<ident>/` of a live run. The journal's lock says that it lives.
#[derive(Debug)]
pub struct ArtifactDir {
    path: PathBuf,
    events: EventWriter,
    /// Where statuses and events are entered.
    pub journal: Journal,
}

impl ArtifactDir {
    /// Makes the folder, or takes over that of a run that has ended: its events, status
    /// and plugin files go, its facts stay. Also says what its sinks had not taken yet.
    pub fn create(
        path: &Path,
        ident: &str,
        job_events: JobEvents,
    ) -> Result<(Self, Vec<String>), ArtifactError> {
        let parent = path.parent().unwrap_or(path);
        fs::create_dir_all(parent).map_err(ArtifactError::write(parent))?;
        make_private_dir(path)?;

        let journal = path.join("journal");
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let file = open_own(&mut options, &journal).map_err(ArtifactError::write(&journal))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ArtifactError::InUse {
                    ident: ident.to_owned(),
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(ArtifactError::Write { path: journal, source });
            }
        }
        let lost = undelivered(path)
            .into_iter()
            .map(|left| {
                format!(
                    "the run before this one in `{}` had {left}; they are lost, since its ident is used again",
                    path.display()
                )
            })
            .collect();
        file.set_len(0).map_err(ArtifactError::write(&journal))?;
        for name in [FILES, "plugins"] {
            remove(&path.join(name), |path| fs::remove_dir_all(path))?;
        }
        for name in ["command", LINES, UNFINISHED, "rc", "status", "stderr", "stdout"] {
            remove(&path.join(name), |path| fs::remove_file(path))?;
        }
        let directory = Self {
            path: path.to_owned(),
            events: EventWriter::create(path, ident, job_events)?,
            journal: Journal::new(journal, file),
        };
        Ok((directory, lost))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `command`: the words, the working directory and the environment of Ansible.
    pub fn write_command(&self, command: &Value) -> Result<(), ArtifactError> {
        write_whole(&self.path.join("command"), to_python_json(command).as_bytes())
    }

    /// Opens `stdout`, and `stderr`, which stays empty: a PTY has one stream.
    pub fn open_stdout(&self) -> Result<File, ArtifactError> {
        let stderr = self.path.join("stderr");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        open_own(&mut options, &stderr).map_err(ArtifactError::write(&stderr))?;
        let stdout = self.path.join("stdout");
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        open_own(&mut options, &stdout).map_err(ArtifactError::write(&stdout))
    }

    /// Writes events; of each, what became of it. They are in no journal yet.
    pub fn write_events<'event>(
        &mut self,
        events: impl Iterator<Item = &'event Event>,
    ) -> Vec<Result<Written, ArtifactError>> {
        self.events.write(events)
    }

    /// The JSON of an event that was written last, or with it.
    pub fn json(&self, written: &Written) -> &str {
        self.events.json(written)
    }

    /// Enters an event in the journal. Sinks of `not_for` are not shown it, and `acts` is
    /// what plugins did to it.
    pub fn enter(
        &mut self,
        event: &Event,
        written: &Written,
        not_for: Vec<Arc<str>>,
        acts: Vec<Arc<Act>>,
    ) {
        let (event, uuid) = (event.counter, event.uuid.clone());
        self.journal.push(What::Event { event, uuid, at: written.at, not_for, acts });
    }

    /// Writes `status` and `rc`.
    pub fn write_result(&self, status: &str, rc: i32) -> Result<(), ArtifactError> {
        write_whole(&self.path.join("status"), status.as_bytes())?;
        write_whole(&self.path.join("rc"), rc.to_string().as_bytes())
    }
}

/// The folder of a plugin among a run's artifacts, made when it is asked for.
pub(crate) fn plugin_folder(artifact_dir: &Path, name: &str) -> Result<PathBuf, ArtifactError> {
    let plugins = artifact_dir.join("plugins");
    make_private_dir(&plugins)?;
    let folder = plugins.join(name);
    make_private_dir(&folder)?;
    Ok(folder)
}

/// Writes a file, for this user only, under a temporary name and renames it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    // What a killed run left, or somebody put there, would be in the way.
    let _ = fs::remove_file(&temporary);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|source| {
            // Half a file under a temporary name helps nobody; that it cannot be taken
            // away changes nothing about the error.
            let _ = fs::remove_file(&temporary);
            ArtifactError::Write { path: path.to_owned(), source }
        })
}

pub(super) fn make_private_dir(path: &Path) -> Result<(), ArtifactError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| check_own_folder(path))
        .map_err(ArtifactError::write(path))
}

fn remove(path: &Path, remove: impl Fn(&Path) -> io::Result<()>) -> Result<(), ArtifactError> {
    match remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ArtifactError::Write { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
