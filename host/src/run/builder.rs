//! [`Run`]: how a program that embeds Playhouse says what it wants.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Playhouse;
use super::handle::{Handlers, RunHandle, spawn};
use crate::artifacts::StatusChange;
use crate::events::Event;
use crate::input::{EventData, Job, PluginEntry, RunSpec};
use crate::{RunError, RunOutcome};

/// One run of Ansible that is yet to begin.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use playhouse::{Playhouse, Run, plugins::PluginLibrary};
///
/// let library = PluginLibrary::new(Vec::new(), None);
/// let playhouse = Playhouse::new(tokio::runtime::Handle::current(), library);
/// let mut run = Run::builder("demo").playbook("site.yml").forks(20).start(&playhouse)?;
/// while let Some(update) = run.next().await? {
///     println!("{update:?}");
/// }
/// println!("{}", run.outcome().await?.status);
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Run {
    spec: RunSpec,
    handlers: Handlers,
}

impl Run {
    /// A run of what is in `private_data_dir`.
    pub fn builder(private_data_dir: impl Into<PathBuf>) -> Self {
        let mut run = Self::default();
        run.spec.private_data_dir = private_data_dir.into();
        run
    }

    /// Runs a playbook, by its name relative to the project directory.
    #[must_use]
    pub fn playbook(mut self, name: impl Into<String>) -> Self {
        self.spec.job = Job::Playbook(name.into());
        self
    }

    /// Runs something else.
    #[must_use]
    pub fn job(mut self, job: Job) -> Self {
        self.spec.job = job;
        self
    }

    /// Names the run's folder in the artifact directory, in place of a new UUID.
    #[must_use]
    pub fn ident(mut self, ident: impl Into<String>) -> Self {
        self.spec.ident = Some(ident.into());
        self
    }

    /// The inventory: a file or folder, as given or under `inventory/`.
    #[must_use]
    pub fn inventory(mut self, path: impl Into<String>) -> Self {
        self.spec.inventory = Some(path.into());
        self
    }

    /// Ansible's `--limit`.
    #[must_use]
    pub fn limit(mut self, hosts: impl Into<String>) -> Self {
        self.spec.limit = Some(hosts.into());
        self
    }

    /// Ansible's `--tags`.
    #[must_use]
    pub fn tags(mut self, tags: impl Into<String>) -> Self {
        self.spec.tags = Some(tags.into());
        self
    }

    /// Ansible's `--forks`.
    #[must_use]
    pub fn forks(mut self, forks: u32) -> Self {
        self.spec.forks = Some(forks.to_string());
        self
    }

    /// Words for Ansible's command line, in place of `env/cmdline`.
    #[must_use]
    pub fn cmdline(mut self, words: impl Into<String>) -> Self {
        self.spec.cmdline = Some(words.into());
        self
    }

    /// Variables for Ansible's `--extra-vars`. A text in them is a template, which can
    /// run commands on this machine: for what comes from strangers there is
    /// [`Run::untrusted_vars`].
    #[must_use]
    pub fn extra_vars(mut self, vars: Map<String, Value>) -> Self {
        self.spec.extra_vars.push(Value::Object(vars).to_string());
        self
    }

    /// Variables in which every text is a text, whatever stands in it. They win over
    /// other extra vars.
    #[must_use]
    pub fn untrusted_vars(mut self, vars: Map<String, Value>) -> Self {
        self.spec.untrusted_vars.extend(vars);
        self
    }

    /// A variable for Ansible's environment; `env/envvars` wins over it.
    #[must_use]
    pub fn envvar(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.envvars.push((name.into(), value.into()));
        self
    }

    /// An answer to a prompt that a Python regex matches; `env/passwords` wins over it.
    #[must_use]
    pub fn password(mut self, prompt: impl Into<String>, answer: impl Into<String>) -> Self {
        self.spec.passwords.push((prompt.into(), answer.into()));
        self
    }

    /// Private keys for the run's agent, in place of `env/ssh_key`.
    #[must_use]
    pub fn ssh_key(mut self, text: impl Into<String>) -> Self {
        self.spec.ssh_key = Some(text.into());
        self
    }

    /// A setting; `env/settings` wins over it.
    #[must_use]
    pub fn setting(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.spec.settings.insert(key.into(), value.into());
        self
    }

    /// A plugin, behind those of `env/plugins`.
    #[must_use]
    pub fn plugin(mut self, plugin: PluginEntry) -> Self {
        self.spec.plugin_entries.push(plugin);
        self
    }

    /// In place of the setting `job_timeout`; zero is no limit.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.spec.job_timeout = Some(limit);
        self
    }

    /// How much of `event_data` is kept.
    #[must_use]
    pub fn event_data(mut self, event_data: EventData) -> Self {
        self.spec.event_data = event_data;
        self
    }

    /// Leaves the run's extra vars, envvars, settings and words for the command line in `env/`.
    #[must_use]
    pub fn persist_inputs(mut self) -> Self {
        self.spec.persist_inputs = true;
        self
    }

    /// Everything else that can be said of a run.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut RunSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Hears of every event that reaches the log, on the run's thread.
    #[must_use]
    pub fn on_event(mut self, handler: impl FnMut(&Event) + Send + 'static) -> Self {
        self.handlers.event = Some(Box::new(handler));
        self
    }

    /// Hears of every status, on the run's thread.
    #[must_use]
    pub fn on_status(mut self, handler: impl FnMut(&StatusChange) + Send + 'static) -> Self {
        self.handlers.status = Some(Box::new(handler));
        self
    }

    /// Hears the text that a terminal would show, on the run's thread.
    #[must_use]
    pub fn on_text(mut self, handler: impl FnMut(&str) + Send + 'static) -> Self {
        self.handlers.text = Some(Box::new(handler));
        self
    }

    /// Begins it on a thread of its own. Any number of runs may go on at once.
    pub fn start(self, playhouse: &Playhouse) -> Result<RunHandle, RunError> {
        spawn(playhouse.clone(), self.spec, self.handlers)
    }

    /// Runs it to its end on this thread, which must not be one of the runtime's.
    pub fn run(mut self, playhouse: &Playhouse) -> Result<RunOutcome, RunError> {
        let cancel = super::new_cancel()?;
        playhouse.run(&self.spec, &cancel, &mut self.handlers)
    }
}
