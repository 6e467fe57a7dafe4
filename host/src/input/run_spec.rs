//! [`RunSpec`]: what one run was asked to be, with nothing decided yet.

use std::path::PathBuf;
use std::time::Duration;

use super::PluginFlags;

/// A run as the operator asked for it. An empty option means "not said", whatever the
/// private data directory says of it.
#[derive(Debug, Clone, Default)]
pub struct RunSpec {
    /// Where `env/`, `inventory/` and `project/` are.
    pub private_data_dir: PathBuf,
    /// The playbook's name, relative to the project directory.
    pub playbook: String,
    /// The name of the run's folder under the artifact directory.
    pub ident: Option<String>,
    /// A file or folder, as given or under `inventory/`.
    pub inventory: Option<String>,
    /// Ansible's `--limit`.
    pub limit: Option<String>,
    /// Words for Ansible's command line, in place of `env/cmdline`.
    pub cmdline: Option<String>,
    /// In place of the setting `job_timeout`; zero is no limit.
    pub job_timeout: Option<Duration>,
    /// How many `v` to give to Ansible.
    pub verbosity: u8,
    /// Ansible's `--forks`.
    pub forks: Option<String>,
    /// Ansible's `--tags`.
    pub tags: Option<String>,
    /// Ansible's `--skip-tags`.
    pub skip_tags: Option<String>,
    /// Ansible's `--extra-vars`, each as it was given.
    pub extra_vars: Vec<String>,
    /// In place of `artifacts/`.
    pub artifact_dir: Option<PathBuf>,
    /// In place of `project/`.
    pub project_dir: Option<PathBuf>,
    /// What the terminal and the `stdout` file show.
    pub output: OutputForm,
    /// Plugins named by flags, after those of `env/plugins`.
    pub plugins: PluginFlags,
}

/// What the terminal and the `stdout` file show of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OutputForm {
    /// What Ansible prints.
    #[default]
    Text,
    /// One JSON object an event.
    JsonLines,
}
