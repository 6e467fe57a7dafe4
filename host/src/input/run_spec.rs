//! [`RunSpec`]: what one run was asked to be, with nothing decided yet.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Job, PluginEntry, PluginFlags};

/// A run as the operator asked for it. An empty option means "not said", whatever the
/// private data directory says of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
#[derive(Debug, Clone, Default)]
pub struct RunSpec {
    /// Where `env/`, `inventory/` and `project/` are.
    pub private_data_dir: PathBuf,
    /// What Ansible is to do.
    pub job: Job,
    /// In place of `ansible-playbook` or `ansible`; then only the options are given to it,
    /// as Ansible Runner does.
    pub binary: Option<String>,
    /// For `ANSIBLE_ROLES_PATH`.
    pub roles_path: Option<String>,
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
    /// Variables in which every text is a text and never a template.
    pub untrusted_vars: Map<String, Value>,
    /// For Ansible's environment, below `env/envvars`.
    pub envvars: Vec<(String, String)>,
    /// Patterns of prompts and answers, below `env/passwords`.
    pub passwords: Vec<(String, String)>,
    /// In place of `env/ssh_key`.
    pub ssh_key: Option<String>,
    /// Below `env/settings`, key by key.
    pub settings: Map<String, Value>,
    /// In place of `artifacts/`.
    pub artifact_dir: Option<PathBuf>,
    /// In place of `project/`.
    pub project_dir: Option<PathBuf>,
    /// How much of `event_data` is kept.
    pub event_data: EventData,
    /// Keep only so many runs in the artifact directory; 0 for all.
    pub rotate_artifacts: usize,
    /// What the terminal and the `stdout` file show.
    pub output: OutputForm,
    /// What the `command` artifact tells.
    pub command_file: CommandFile,
    /// Whether what the run was given is left in `env/`.
    pub persist_inputs: bool,
    /// Plugins, after those of `env/plugins`.
    pub plugin_entries: Vec<PluginEntry>,
    /// Nothing on the terminal, unless `env/settings` says otherwise.
    pub quiet: bool,
    /// Plugins named by flags, after those of `env/plugins`.
    pub plugins: PluginFlags,
    /// Makes the failure of any plugin the run's.
    pub strict_plugins: bool,
    /// Lets pre-run plugins say what they would change, and changes nothing.
    pub shadow_plugins: bool,
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

/// What the `command` artifact tells of Ansible's environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommandFile {
    /// All names, and values but for those that look like secrets.
    #[default]
    Redacted,
    /// All of it, as Ansible Runner does.
    Full,
}

/// Where a run's events lie: `job_events` in `env/settings`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JobEvents {
    /// `files`: each in a file of `job_events/`, as Ansible Runner has them.
    #[default]
    Files,
    /// `jsonl`: each on a line of `events.jsonl`.
    Jsonl,
    /// `both`.
    Both,
}

/// How much of `event_data` events keep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EventData {
    /// All of it.
    #[default]
    All,
    /// That of failures.
    OnlyFailed,
    /// None.
    Omitted,
}
