//! What can keep a run from being what it was asked to be.

use crate::artifacts::ArtifactError;
use crate::exec::ExecError;
use crate::exit_code;
use crate::input::InputError;
use crate::plugins;
use crate::prepare::PrepareError;

/// A run that does not start, or ends by something that is not Ansible's doing. Its text
/// says what happened, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What was asked for cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// It cannot be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A plugin that was asked for is nowhere.
    #[error("there is no plugin `{name}`: looked for {}; give the path of a `.wasm` file, or put it there", looked.join(", "))]
    PluginMissing {
        /// As it was asked for.
        name: String,
        /// The files that are not there.
        looked: Vec<String>,
    },
    /// Two plugins would share a folder.
    #[error(
        "two plugins of this run are called `{name}`; give one of them a name of its own, with `name:` in env/plugins or `--plugin {name}=other`"
    )]
    PluginNamedTwice {
        /// The name.
        name: String,
    },
    /// A filter is for a sink that is not there.
    #[error(
        "plugin `{plugin}` is for `{sink}`, and no sink of that name takes part in this run; correct its `for:`"
    )]
    NoSuchSink {
        /// The filter.
        plugin: String,
        /// What its `for:` names.
        sink: String,
    },
    /// A plugin cannot be loaded.
    #[error(transparent)]
    Plugin(#[from] plugins::PluginError),
    /// A plugin does not start.
    #[error(transparent)]
    PluginStart(#[from] plugins::StartError),
    /// A plugin failed or refused before the run.
    #[error(transparent)]
    PreRun(#[from] plugins::PrepareError),
    /// A plugin whose failure is to stop the run has failed.
    #[error(
        "the run was stopped because plugin `{plugin}` failed and is `on_error: abort`; see plugins/{plugin}/log"
    )]
    PluginAborted {
        /// The plugin.
        plugin: String,
    },
    /// Ansible took too long.
    #[error("the run was stopped after {seconds} s, its `job_timeout`")]
    JobTimeout {
        /// The limit.
        seconds: f64,
    },
    /// Ansible said nothing for too long.
    #[error("the run was stopped because Ansible said nothing for {seconds} s, its `idle_timeout`")]
    IdleTimeout {
        /// The limit.
        seconds: f64,
    },
    /// Ansible asks something that nobody answers.
    #[error(
        "the run was stopped because nobody answers the prompt `{prompt}`; add to env/passwords: `'{pattern}': the answer`"
    )]
    Unanswered {
        /// The line on the terminal.
        prompt: String,
        /// A pattern that matches it.
        pattern: String,
    },
    /// Ansible cannot be run.
    #[error(transparent)]
    Exec(#[from] ExecError),
    /// The artifacts are not what they should be.
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    /// The operating system refused a thread, a pipe or a folder.
    #[error("{what}: {source}")]
    System {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
}

impl RunError {
    /// For a prompt as it stands on the terminal.
    pub(crate) fn unanswered(prompt: String) -> Self {
        let pattern = format!(r"^{}\s*?$", regex::escape(&prompt)).replace('\'', "''");
        Self::Unanswered { prompt, pattern }
    }

    /// The exit code that stands for it.
    pub fn exit_code(&self) -> i32 {
        match self {
            Self::Input(
                InputError::PrivateDataDirMissing { .. }
                | InputError::PrivateDataDirIsNotADirectory { .. }
                | InputError::InventoryMissing { .. },
            ) => exit_code::INPUT,
            Self::Input(InputError::PluginFlag { .. } | InputError::Cmdline { .. })
            | Self::Prepare(PrepareError::Ident { .. }) => exit_code::USAGE,
            Self::PreRun(plugins::PrepareError::Refused { .. }) => exit_code::REFUSED,
            Self::JobTimeout { .. } | Self::IdleTimeout { .. } => exit_code::STOPPED,
            Self::Exec(ExecError::NotFound { .. }) => exit_code::NOT_FOUND,
            Self::Exec(
                ExecError::SshAgent { .. }
                | ExecError::SshKey { .. }
                | ExecError::Passphrase { .. },
            )
            | Self::Input(_)
            | Self::Prepare(_)
            | Self::PluginMissing { .. }
            | Self::PluginNamedTwice { .. }
            | Self::NoSuchSink { .. }
            | Self::Plugin(_)
            | Self::PluginStart(_)
            | Self::PreRun(_)
            | Self::PluginAborted { .. }
            | Self::Unanswered { .. } => exit_code::CONFIGURATION,
            Self::Exec(_) | Self::Artifacts(_) | Self::System { .. } => exit_code::ARTIFACTS,
        }
    }
}
