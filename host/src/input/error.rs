//! What can be wrong with what was asked.

use std::io;
use std::path::PathBuf;

/// An input that cannot be used. Its text says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The private data directory is not there.
    #[error("the private data directory `{}` does not exist; create it, with the playbook in its `project/`", path.display())]
    PrivateDataDirMissing {
        /// As it was given.
        path: PathBuf,
    },

    /// There is something else in its place.
    #[error("`{}` is not a directory; name the private data directory, with the playbook in its `project/`", path.display())]
    PrivateDataDirIsNotADirectory {
        /// As it was given.
        path: PathBuf,
    },

    /// `--inventory` names nothing.
    #[error("Value for --inventory does not appear to be a valid path: neither `{given}` nor `{}` exists", inside.display())]
    InventoryMissing {
        /// As it was given.
        given: String,
        /// Where else it was looked for.
        inside: PathBuf,
    },

    /// A file could not be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file of `env/` is not YAML or JSON.
    #[error("`{}`, line {line}, column {column}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
        /// Counted from 1.
        column: u64,
        /// The parser's words.
        reason: String,
    },

    /// A file of `env/` is YAML or JSON, and not what belongs there.
    #[error("`{}`: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong and what belongs there.
        reason: String,
    },

    /// `env/cmdline` or `--cmdline` cannot be split into words.
    #[error("{origin} cannot be split into words: a quote is not closed in `{text}`")]
    Cmdline {
        /// The file or the flag.
        origin: String,
        /// Its text.
        text: String,
    },

    /// A flag about plugins cannot be read.
    #[error("`{flag} {value}`: {reason}")]
    PluginFlag {
        /// The flag's name.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What is wrong and what belongs there.
        reason: String,
    },
}
