//! One plugin of a run as the operator asked for it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Allow, Digest, IdentityFiles, LimitOverrides, PluginName, SecretSource, Select};
use crate::prepare::Environment;

/// What `env/plugins` and flags say of one plugin, its file found.
#[derive(Debug, Clone)]
pub struct PluginSpec {
    /// What it is called in this run; the metadata's name or the file's stem unless said.
    pub name: Option<PluginName>,
    /// The component's file.
    pub component: PathBuf,
    /// What the component must be.
    pub digest: Option<ExpectedDigest>,
    /// The private data directory: sockets in the settings and files of secrets and TLS
    /// are relative to it.
    pub base: PathBuf,
    /// The run's environment, of which the plugin sees what is granted.
    pub environment: Environment,
    /// Its settings.
    pub config: Map<String, Value>,
    /// Settings that came by keys which were not written for it: they are values and grant
    /// nothing, and `config` wins over them.
    pub foreign: Map<String, Value>,
    /// What it may do, of what its metadata asks for.
    pub allow: Allow,
    /// What it may do by having been installed.
    pub accepted: Allow,
    /// Where its own secrets come from.
    pub secrets: BTreeMap<String, SecretSource>,
    /// A file of certificates that it trusts in place of the system's.
    pub tls_ca: Option<PathBuf>,
    /// Client certificates, by the name it has for them.
    pub identities: BTreeMap<String, IdentityFiles>,
    /// Which events reach it, of those its metadata asks for.
    pub events: Select,
    /// What its failure does; by hook unless said.
    pub on_error: Option<OnError>,
    /// Whether undelivered events make a successful run fail.
    pub required: bool,
    /// For a filter: the sinks it hides events from; all and the disk when empty.
    pub only_for: Vec<PluginName>,
    /// In place of the documented limits.
    pub limits: LimitOverrides,
}

impl PluginSpec {
    /// A component with nothing said about it.
    pub fn new(component: PathBuf, base: PathBuf) -> Self {
        Self {
            name: None,
            component,
            digest: None,
            base,
            environment: Environment::default(),
            config: Map::new(),
            foreign: Map::new(),
            allow: Allow::default(),
            accepted: Allow::default(),
            secrets: BTreeMap::new(),
            tls_ca: None,
            identities: BTreeMap::new(),
            events: Select::default(),
            on_error: None,
            required: false,
            only_for: Vec::new(),
            limits: LimitOverrides::default(),
        }
    }
}

/// A digest that a component must have, and whose word that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedDigest {
    /// It was asked for with the plugin: `http-sink@sha256:…`.
    Pinned(Digest),
    /// It is that of the plugin which was installed.
    Installed {
        /// The name it is installed under.
        name: String,
        /// What the lock file says.
        digest: Digest,
    },
}

/// What the failure of a plugin does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The run does not start, or is stopped.
    Abort,
    /// The run goes on as if the plugin had said nothing; events it failed on are marked.
    Continue,
    /// The event goes on without its text and data: a redactor that fails shows nothing.
    Withhold,
}
