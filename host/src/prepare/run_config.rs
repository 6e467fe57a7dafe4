//! [`RunConfig`]: a run with everything decided.

use std::collections::BTreeSet;
use std::path::PathBuf;

use jiff::Timestamp;
use uuid::Uuid;

use super::extra_vars::ExtraVars;
use super::{Environment, RunSettings};
use crate::exec::Answers;
use crate::input::{CommandFile, EventData, ExtravarsFile, Job, OutputForm, SshKeys};
use crate::secrets::Secrets;

/// What a run is going to be. Pre-run plugins may change it; after them nothing does.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// Unique to this execution; the ident is not.
    pub run_id: Uuid,
    /// When it was asked for.
    pub started: Timestamp,
    /// The name of the artifact directory.
    pub ident: String,
    /// Absolute.
    pub private_data_dir: PathBuf,
    /// Ansible's working directory, absolute.
    pub project_dir: PathBuf,
    /// `artifacts`, absolute.
    pub artifact_root: PathBuf,
    /// `artifacts/<ident>`, absolute.
    pub artifact_dir: PathBuf,
    /// What Ansible is to do.
    pub job: Job,
    /// In place of Ansible's own program.
    pub binary: Option<String>,
    /// The file `args`: the whole command, in place of everything else.
    pub whole_command: Option<Vec<String>>,
    /// For `-i`, in order.
    pub inventory: Vec<String>,
    /// For `--limit`.
    pub limit: Option<String>,
    /// The plugin that made that smaller.
    pub narrowed_by: Option<String>,
    /// For `--tags`.
    pub tags: Option<String>,
    /// For `--skip-tags`.
    pub skip_tags: Option<String>,
    /// For `--forks`.
    pub forks: Option<String>,
    /// How many `v` Ansible gets.
    pub verbosity: u8,
    /// Words from `--cmdline` or `env/cmdline`.
    pub cmdline: Vec<String>,
    /// `env/extravars`.
    pub extravars_file: Option<ExtravarsFile>,
    /// `--extra-vars`, as given.
    pub extra_vars: Vec<String>,
    /// Extra vars in which no text is a template: what plugins set, and what an embedding
    /// program has from strangers.
    pub data_vars: ExtraVars,
    /// Ansible's environment, without what Playhouse itself adds for the callback.
    pub environment: Environment,
    /// Names in it that come from `env/envvars`.
    pub envvars: BTreeSet<String>,
    /// Variables that plugins' secrets come from: never shown in the artifacts.
    pub secret_variables: BTreeSet<String>,
    /// What plugins set, by its pointer into the view: never shown in the artifacts.
    pub set_by_plugins: BTreeSet<String>,
    /// `env/passwords`.
    pub answers: Answers,
    /// Its patterns as they were written, and those of plugins.
    pub password_patterns: Vec<String>,
    /// `env/ssh_key`, for the run's agent.
    pub ssh_keys: Option<SshKeys>,
    /// What `env/settings` says to the runner.
    pub settings: RunSettings,
    /// How many runs stay in the artifact root; 0 for all.
    pub rotate_artifacts: usize,
    /// What is hidden by its value, wherever it stands.
    pub secrets: Secrets,
    /// What the `command` artifact tells.
    pub command_file: CommandFile,
    /// How much of `event_data` is kept.
    pub event_data: EventData,
    /// What the terminal and the `stdout` file show.
    pub output: OutputForm,
}

impl RunConfig {
    /// Keeps a variable that is the source of a plugin's secret from Ansible, unless
    /// `env/envvars` names it. A pre-run plugin may still set it.
    pub fn withhold_variable(&mut self, name: &str) {
        if !self.envvars.contains(name) {
            self.environment.remove(name);
        }
        self.secret_variables.insert(name.to_owned());
    }
}
