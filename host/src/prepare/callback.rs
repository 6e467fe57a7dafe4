//! Lays out the Ansible callback for a run, and tells it what it needs by an inherited
//! descriptor and Ansible by its environment.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::ansible_cfg::AnsibleCfg;
use super::laid_out::{make_private_dir, write_private};
use super::{Environment, PrepareError, RunConfig};
use crate::events::Nonce;
use crate::exec::ChannelAddress;
use crate::input::EventData;

/// The callback, as Ansible will load it. It imports Ansible, so it is under the GPL,
/// as its own head says.
const CALLBACK: &str = include_str!("callback/playhouse_display.py");

/// The name Ansible knows it by, which is its file's.
const CALLBACK_NAME: &str = "playhouse_display";

/// What the callback needs to reach us.
#[derive(Debug)]
pub struct CallbackSetup<'run> {
    /// The run's private temporary directory.
    pub directory: &'run Path,
    /// Where it sends its records.
    pub channel: &'run ChannelAddress,
    /// What it marks its text with.
    pub nonce: &'run Nonce,
}

impl CallbackSetup<'_> {
    /// Writes the callback into the temporary directory.
    pub fn lay_out(&self) -> Result<(), PrepareError> {
        let directory = self.callback_directory();
        make_private_dir(&directory)?;
        write_private(&directory.join(format!("{CALLBACK_NAME}.py")), CALLBACK)
    }

    /// What the callback reads from [`SETTINGS_DESCRIPTOR`](crate::exec::SETTINGS_DESCRIPTOR):
    /// a JSON object of texts. It is in no environment, which any process of this user can
    /// look into, and a variable of the same name in one says nothing to the callback.
    pub fn settings(&self, config: &RunConfig) -> Vec<u8> {
        let users = |name| config.environment.text(name).unwrap_or_default();
        json!({
            "channel": self.channel.to_string(),
            "nonce": self.nonce.as_str(),
            "stdout_callback": users("ANSIBLE_STDOUT_CALLBACK"),
            "callback_plugins": users("ANSIBLE_CALLBACK_PLUGINS"),
        })
        .to_string()
        .into_bytes()
    }

    /// Ansible's environment: the run's, what Ansible Runner forces, and where the callback is.
    pub fn environment(&self, config: &RunConfig) -> Environment {
        let mut environment = config.environment.for_ansible();
        let cfg = AnsibleCfg::read(&environment, &config.project_dir);

        let own = self.callback_directory().display().to_string();
        let callback_plugins = match environment.text("ANSIBLE_CALLBACK_PLUGINS") {
            Some(users) => format!("{users}:{own}"),
            None => own,
        };
        environment.set("ANSIBLE_CALLBACK_PLUGINS", callback_plugins);
        environment.set("ANSIBLE_STDOUT_CALLBACK", CALLBACK_NAME);
        environment.set("ANSIBLE_RETRY_FILES_ENABLED", "False");
        if environment.get("ANSIBLE_HOST_KEY_CHECKING").is_none() && !cfg.sets("host_key_checking")
        {
            environment.set("ANSIBLE_HOST_KEY_CHECKING", "False");
        }
        environment.set("AWX_ISOLATED_DATA_DIR", &config.artifact_dir);
        if environment.get("ANSIBLE_CACHE_PLUGIN").is_none() && !cfg.sets("fact_caching") {
            environment.set("ANSIBLE_CACHE_PLUGIN", "jsonfile");
            environment.set(
                "ANSIBLE_CACHE_PLUGIN_CONNECTION",
                config.artifact_dir.join(&config.settings.fact_cache),
            );
        }
        let python = |condition| if condition { "True" } else { "False" };
        environment.set("RUNNER_OMIT_EVENTS", python(config.event_data == EventData::Omitted));
        environment
            .set("RUNNER_ONLY_FAILED_EVENTS", python(config.event_data == EventData::OnlyFailed));
        environment
    }

    fn callback_directory(&self) -> PathBuf {
        self.directory.join("callback")
    }
}
