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
    #[error("there is no plugin `{name}`: looked for {}; give the path of a `.wasm` file, or install it with `playhouse plugin install`", looked.join(", "))]
    PluginMissing {
        /// As it was asked for.
        name: String,
        /// The files that are not there.
        looked: Vec<String>,
    },
    /// A file stands before the installed plugin of its name.
    #[error(
        "plugin `{name}` is `{}`, which stands before the installed plugin of that name and is another component, so it is not given what was written for `{name}`; say which is meant: take the file away, or ask for it by its path, or with its digest, `{name}@sha256:…`",
        file.display()
    )]
    PluginShadowed {
        /// The name.
        name: String,
        /// The file.
        file: std::path::PathBuf,
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
    /// The installed plugins cannot be looked at.
    #[error(transparent)]
    Installed(#[from] plugins::InstallError),
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
    /// What it leaves is not known yet.
    #[error(
        "the run `{ident}` is still under way, and its own program delivers; `playhouse status` says when it has ended"
    )]
    UnderWay {
        /// The run.
        ident: String,
    },
    /// Somebody else delivers already.
    #[error("another delivery of `{plugin}`, process {holder}, has not ended yet; wait for it")]
    Delivering {
        /// The plugin.
        plugin: String,
        /// The process that holds the lock.
        holder: String,
    },
    /// A sink with something waiting is not defined.
    #[error(
        "`{plugin}` has {entries} entries of the run `{ident}` waiting and is not defined here: add `--plugin {plugin}`, or its entry to env/plugins"
    )]
    Undefined {
        /// The sink.
        plugin: String,
        /// Entries behind its cursor.
        entries: u64,
        /// The run.
        ident: String,
    },
    /// A sink is not what it was in the run.
    #[error(
        "plugin `{plugin}` is not what it was in the run: its {what} was `{then}` and is `{now}`; give `--accept` to deliver with it all the same"
    )]
    PluginChanged {
        /// The sink.
        plugin: String,
        /// `sha256`, `grants`.
        what: &'static str,
        /// In the run.
        then: String,
        /// Now.
        now: String,
    },
    /// It was asked to stop before Ansible was started.
    #[error("the run was canceled before Ansible was started, while plugin `{plugin}` was at work")]
    Canceled {
        /// The plugin.
        plugin: String,
    },
    /// It was asked to stop before there was anything of it.
    #[error("the run was canceled before it began, while the secrets of its plugins were read")]
    CanceledAtSecrets,
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
            )
            | Self::Artifacts(ArtifactError::NoSuchRun { .. })
            | Self::UnderWay { .. } => exit_code::INPUT,
            Self::Input(InputError::PluginFlag { .. } | InputError::Cmdline { .. })
            | Self::Prepare(PrepareError::Ident { .. }) => exit_code::USAGE,
            Self::PreRun(plugins::PrepareError::Refused { .. }) | Self::PluginChanged { .. } => {
                exit_code::REFUSED
            }
            Self::Undefined { .. } => exit_code::UNDELIVERED,
            Self::Canceled { .. }
            | Self::CanceledAtSecrets
            | Self::JobTimeout { .. }
            | Self::IdleTimeout { .. } => exit_code::STOPPED,
            Self::Exec(ExecError::NotFound { .. }) => exit_code::NOT_FOUND,
            Self::Exec(
                ExecError::SshAgent { .. }
                | ExecError::SshKey { .. }
                | ExecError::Passphrase { .. },
            )
            | Self::Input(_)
            | Self::Prepare(_)
            | Self::PluginMissing { .. }
            | Self::PluginShadowed { .. }
            | Self::PluginNamedTwice { .. }
            | Self::NoSuchSink { .. }
            | Self::Plugin(_)
            | Self::Installed(_)
            | Self::PluginStart(_)
            | Self::PreRun(_)
            | Self::PluginAborted { .. }
            | Self::Unanswered { .. } => exit_code::CONFIGURATION,
            Self::Delivering { .. } | Self::Exec(_) | Self::Artifacts(_) | Self::System { .. } => {
                exit_code::ARTIFACTS
            }
        }
    }
}
