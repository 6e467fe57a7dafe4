//! What can keep a child from running.

use std::io;
use std::path::PathBuf;

/// The child could not be started or watched.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// There is no such program, or it may not be executed.
    #[error("The command was not found or was not executable: {program}.")]
    NotFound {
        /// The first word of the command.
        program: String,
    },

    /// The operating system refused something the child needs.
    #[error("`{program}` cannot be started: {step}: {reason}")]
    Start {
        /// The first word of the command.
        program: String,
        /// What was being done.
        step: String,
        /// The system's words.
        reason: String,
    },

    /// The channel for events could not be made.
    #[error("the channel for events cannot be opened in `{directory}`: {source}")]
    Channel {
        /// The run's private temporary directory.
        directory: String,
        /// Why.
        source: io::Error,
    },

    /// The keeper could not be started.
    #[error("the keeper of the run cannot be started: `{}`: {source}", program.display())]
    Keeper {
        /// Its program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The keeper ended while there was something to keep.
    #[error(
        "the keeper of the run, a process of its own, was ended from outside; Ansible was stopped"
    )]
    KeeperLost,

    /// A program of OpenSSH's could not be run.
    #[error(
        "`env/ssh_key` needs `{program}`, which cannot be run: {reason}; is OpenSSH's client installed?"
    )]
    SshAgent {
        /// `ssh-agent` or `ssh-add`.
        program: &'static str,
        /// Why.
        reason: String,
    },

    /// The agent does not take a key.
    #[error("`env/ssh_key`: {reason}")]
    SshKey {
        /// In the words of `ssh-add`.
        reason: String,
    },

    /// A key is encrypted, and its passphrase is not known.
    #[error("`env/ssh_key`: a key cannot be opened: {}", if *is_wrong { "the passphrase that env/passwords gives is wrong" } else { "env/passwords has no passphrase for it" })]
    Passphrase {
        /// Whether there was one.
        is_wrong: bool,
    },

    /// Reading the child failed.
    #[error("the child's terminal cannot be read: {0}")]
    Read(#[source] io::Error),
    /// An answer could not be typed.
    #[error("the child's terminal cannot be written to: {0}")]
    Type(#[source] io::Error),
}
