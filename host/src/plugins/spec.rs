//! One plugin of a run as the operator asked for it.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Allow, LimitOverrides, PluginName, Select};

/// What `env/plugins` and flags say of one plugin, its file found.
#[derive(Debug, Clone)]
pub struct PluginSpec {
    /// What it is called in this run; the metadata's name or the file's stem unless said.
    pub name: Option<PluginName>,
    /// The component's file.
    pub component: PathBuf,
    /// The private data directory: a Unix socket in the settings is relative to it.
    pub base: PathBuf,
    /// Its settings.
    pub config: Map<String, Value>,
    /// What it may do, of what its metadata asks for.
    pub allow: Allow,
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
            base,
            config: Map::new(),
            allow: Allow::default(),
            events: Select::default(),
            on_error: None,
            required: false,
            only_for: Vec::new(),
            limits: LimitOverrides::default(),
        }
    }
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
