//! What can go wrong on the way to disk.

use std::io;
use std::path::{Path, PathBuf};

/// Artifacts that cannot be written or read. Its text says what and where.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Another run with this ident has not ended.
    #[error("a run with the ident `{ident}` is under way in `{}`; wait for its end, or choose another with `--ident`", path.display())]
    InUse {
        /// The ident.
        ident: String,
        /// The artifact directory.
        path: PathBuf,
    },

    /// There is no such run.
    #[error("there is no run `{ident}` in `{}`; `playhouse status` shows which there are", root.display())]
    NoSuchRun {
        /// As it was asked for.
        ident: String,
        /// Where it was looked for.
        root: PathBuf,
    },

    /// A file or folder cannot be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file or folder cannot be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// What lies where an event should be is none.
    #[error("event {counter} in `{}` is no event", artifact_dir.display())]
    NoEvent {
        /// The run's folder.
        artifact_dir: PathBuf,
        /// The event, by its counter or its place.
        counter: u64,
    },

    /// The journal holds something that is no entry.
    #[error("`{}` is damaged at byte {at}: {reason}", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where, counted from 0.
        at: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl ArtifactError {
    /// For `map_err` on a file that is being written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// For `ok_or_else` on an event that is being read.
    pub(crate) fn no_event(artifact_dir: &Path, counter: u64) -> impl FnOnce() -> Self {
        let artifact_dir = artifact_dir.to_owned();
        move || Self::NoEvent { artifact_dir, counter }
    }

    /// For `map_err` on a file that is being read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}
