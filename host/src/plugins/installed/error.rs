//! Why a plugin is not installed, upgraded or removed.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::exit_code;
use crate::plugins::PluginError;

/// See the module's head.
#[derive(Debug, Error)]
pub enum InstallError {
    /// The component is no plugin, or not the one that was meant.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// This user has no folder for them.
    #[error("there is no place to install plugins: set `HOME` or `XDG_DATA_HOME`")]
    NoHome,
    /// The folder is not one to trust.
    #[error("the folder `{}` cannot hold plugins: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The lock file says nothing that can be used.
    #[error(
        "the lock file `{}` cannot be used: {reason}; correct it, or remove it and install its plugins anew",
        path.display()
    )]
    Lock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is one of this name.
    #[error(
        "a plugin `{name}` is installed already, version {version}; to replace it: `playhouse plugin upgrade {}`",
        component.display()
    )]
    AlreadyInstalled {
        /// The name.
        name: String,
        /// The version that is there.
        version: String,
        /// What was to be installed.
        component: PathBuf,
    },
    /// It asks for what needs a word of its own.
    #[error(
        "`{name}` asks for what may run code on this machine: {}; it was not installed; to accept that: `playhouse plugin install --accept {}`",
        what.join(", "),
        component.display()
    )]
    MayRunCode {
        /// The name.
        name: String,
        /// What it asks for.
        what: Vec<String>,
        /// What was to be installed.
        component: PathBuf,
    },
    /// There is none of this name.
    #[error("no plugin `{name}` is installed{}", if installed.is_empty() { String::new() } else { format!(", only {}", installed.join(", ")) })]
    NotInstalled {
        /// The name.
        name: String,
        /// Those that are.
        installed: Vec<String>,
    },
    /// A file of the folder cannot be written or removed.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl InstallError {
    /// For a file that cannot be written.
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// The exit code that stands for it.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Write { .. } => exit_code::ARTIFACTS,
            Self::MayRunCode { .. } => exit_code::REFUSED,
            Self::Plugin(_)
            | Self::NoHome
            | Self::Folder { .. }
            | Self::Lock { .. }
            | Self::AlreadyInstalled { .. }
            | Self::NotInstalled { .. } => exit_code::CONFIGURATION,
        }
    }
}
