//! What can be wrong with a run before Ansible starts.

use std::io;
use std::path::PathBuf;

/// A run that cannot be prepared. Its text says what, where and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A key of `env/settings` has a value of the wrong kind.
    #[error("`{}`: `{key}` is {found}; write {wanted}", path.display())]
    Setting {
        /// The settings file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What stands there.
        found: String,
        /// What belongs there.
        wanted: &'static str,
    },

    /// A key of `env/settings` asks for isolation.
    #[error("`{}`: `{key}` asks for isolation, which there is none of yet; take it out to run as this user on this machine", path.display())]
    Isolation {
        /// The settings file.
        path: PathBuf,
        /// The key.
        key: &'static str,
    },

    /// A pattern of `env/passwords` cannot be honoured.
    #[error("`{}`: the pattern `{pattern}` cannot be used: {reason}", path.display())]
    Pattern {
        /// The passwords file.
        path: PathBuf,
        /// As it was given.
        pattern: String,
        /// Why.
        reason: String,
    },

    /// An extra var cannot be set.
    #[error("the variable `{name}` cannot be set: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },

    /// The ident cannot name a folder.
    #[error("the ident `{ident}` cannot name a folder under the artifact directory: {reason}")]
    Ident {
        /// As it was given.
        ident: String,
        /// Why.
        reason: &'static str,
    },

    /// A path could not be made absolute.
    #[error("`{}` cannot be made an absolute path: {source}", path.display())]
    Path {
        /// As it was given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A file in the run's private temporary directory could not be written.
    #[error("`{}` cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A folder could not be read.
    #[error("`{}` cannot be read: {source}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
