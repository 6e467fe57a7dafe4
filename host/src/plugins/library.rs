//! Finds the plugins a run asks for and loads them.
//!
//! In: the entries of `env/plugins` and flags. Out: loaded plugins in chain order, each
//! with a name of its own. A key of `env/settings` that a plugin at hand reads in place
//! of Ansible Runner's Python plugin loads that plugin too, as it would there.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Map, Value};

use super::{
    CompiledCache, Lane, Metadata, Plugin, PluginError, PluginHost, PluginName, PluginSpec,
};
use crate::RunError;
use crate::input::PluginEntry;
use crate::prepare::Environment;

/// Keys of `env/settings` that Ansible Runner itself reads, so that no plugin is looked
/// for on their account.
const RUNNER_SETTINGS: [&str; 22] = [
    "container_auth_data",
    "container_image",
    "container_options",
    "container_volume_mounts",
    "directory_isolation_base_path",
    "directory_isolation_cleanup",
    "fact_cache",
    "fact_cache_type",
    "idle_timeout",
    "job_timeout",
    "pexpect_timeout",
    "pexpect_use_poll",
    "process_isolation",
    "process_isolation_executable",
    "process_isolation_hide_paths",
    "process_isolation_path",
    "process_isolation_ro_paths",
    "process_isolation_show_paths",
    "subprocess_timeout",
    "suppress_ansible_output",
    "suppress_env_files",
    "suppress_output_file",
];

/// Which of our plugins reads the settings of which Python plugin, for the hint.
const SUCCESSORS: [(&str, &str); 1] = [("runner_http_", "http-sink")];

/// Where plugins are, with the engine that runs them. The engine starts with the first
/// plugin, so that a run without any does not pay for it.
pub struct PluginLibrary {
    folders: Vec<PathBuf>,
    cache: Option<CompiledCache>,
    host: Mutex<Option<Arc<PluginHost>>>,
}

impl PluginLibrary {
    /// Looks for plugins in `folders`, in this order; keeps compiled ones in `cache`.
    pub fn new(folders: Vec<PathBuf>, cache: Option<CompiledCache>) -> Self {
        Self { folders, cache, host: Mutex::new(None) }
    }

    /// Looks for plugins in this folder too, after all others.
    #[must_use]
    pub fn with_bundled(mut self, folder: Option<PathBuf>) -> Self {
        self.folders.extend(folder);
        self
    }

    /// Loads what `entries` ask for and what `settings` imply. `base` is the private data
    /// directory. Also gives what the operator should hear.
    pub fn load(
        &self,
        mut entries: Vec<PluginEntry>,
        settings: &Map<String, Value>,
        environment: &Environment,
        base: &Path,
    ) -> Result<(Vec<Arc<Plugin>>, Vec<String>), RunError> {
        let mut notices = self.apply_runner_settings(&mut entries, settings, environment);
        if entries.is_empty() {
            return Ok((Vec::new(), notices));
        }
        let host = self.host()?;
        notices.extend(host.take_notice());
        let mut specs = Vec::new();
        for entry in entries {
            specs.push(PluginSpec {
                component: self.find(&entry.plugin)?,
                base: base.to_owned(),
                environment: environment.clone(),
                secrets: entry.secrets,
                tls_ca: entry.tls_ca,
                identities: entry.identities,
                name: entry.name,
                config: entry.config,
                allow: entry.allow,
                events: entry.events,
                on_error: entry.on_error,
                required: entry.required,
                only_for: entry.only_for,
                limits: entry.limits,
            });
        }
        let mut plugins: Vec<Arc<Plugin>> = Vec::new();
        for plugin in load_all(&host, specs) {
            let plugin = plugin?;
            if plugins.iter().any(|other| other.name() == plugin.name()) {
                return Err(RunError::PluginNamedTwice { name: plugin.name().to_string() });
            }
            plugins.push(Arc::new(plugin));
        }
        for plugin in &plugins {
            let is_sink = |name: &PluginName| {
                plugins
                    .iter()
                    .any(|other| other.name() == name && other.hooks().has_lane(Lane::Delivery))
            };
            if let Some(sink) = plugin.only_for().iter().find(|&name| !is_sink(name)) {
                return Err(RunError::NoSuchSink {
                    plugin: plugin.name().to_string(),
                    sink: sink.to_string(),
                });
            }
        }
        Ok((plugins, notices))
    }

    fn host(&self) -> Result<Arc<PluginHost>, RunError> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = &*host {
            return Ok(Arc::clone(host));
        }
        let started = Arc::new(PluginHost::new(self.cache.as_ref())?);
        *host = Some(Arc::clone(&started));
        Ok(started)
    }

    /// A path is a path; a name is looked up.
    fn find(&self, plugin: &str) -> Result<PathBuf, RunError> {
        if is_path(plugin) {
            return Ok(PathBuf::from(plugin));
        }
        let candidates: Vec<PathBuf> =
            self.folders.iter().map(|folder| folder.join(format!("{plugin}.wasm"))).collect();
        candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
            RunError::PluginMissing {
                name: plugin.to_owned(),
                looked: candidates.iter().map(|path| format!("`{}`", path.display())).collect(),
            }
        })
    }

    /// Ansible Runner's plugins are active once they are installed and find their keys.
    /// So are ours that read those keys; what `env/plugins` and flags say comes first.
    fn apply_runner_settings(
        &self,
        entries: &mut Vec<PluginEntry>,
        settings: &Map<String, Value>,
        environment: &Environment,
    ) -> Vec<String> {
        let mut foreign: Vec<&String> =
            settings.keys().filter(|key| !RUNNER_SETTINGS.contains(&key.as_str())).collect();
        let has_variables =
            environment.iter().any(|(name, _)| name.as_encoded_bytes().starts_with(b"RUNNER_"));
        if foreign.is_empty() && !has_variables {
            return Vec::new();
        }
        let mut notices = Vec::new();
        for (file, name, metadata) in self.described() {
            let mut config = Map::new();
            let mut keys = Vec::new();
            for (key, pointer) in &metadata.settings.runner_keys {
                if let Some(value) = settings.get(key) {
                    set(&mut config, pointer, value.clone());
                    foreign.retain(|known| *known != key);
                    keys.push(format!("`{key}` in env/settings"));
                }
            }
            for (variable, pointer) in &metadata.settings.env_keys {
                if let Some(value) = environment.text(variable) {
                    set(&mut config, pointer, Value::String(value.to_owned()));
                    keys.push(format!("`{variable}` in the environment"));
                }
            }
            if keys.is_empty() {
                continue;
            }
            let asked_for =
                |entry: &&mut PluginEntry| entry.plugin == name || Path::new(&entry.plugin) == file;
            match entries.iter_mut().find(asked_for) {
                Some(entry) => {
                    for (key, value) in config {
                        entry.config.entry(key).or_insert(value);
                    }
                }
                None => {
                    notices
                        .push(format!("plugin `{name}` takes part because of {}", keys.join(", ")));
                    entries.push(PluginEntry { config, ..PluginEntry::of(&name) });
                }
            }
        }
        for (prefix, plugin) in SUCCESSORS {
            if let Some(key) = foreign.iter().find(|key| key.starts_with(prefix)) {
                notices.push(format!(
                    "nothing reads `{key}` of env/settings; `{plugin}` would: put `{plugin}.wasm` into {}",
                    self.folders.first().map_or_else(
                        || "a folder for plugins".to_owned(),
                        |folder| format!("`{}`", folder.display())
                    )
                ));
            }
        }
        notices
    }

    /// The plugins in the folders that can be asked for by name, with their metadata.
    /// What cannot be read is found out when somebody asks for it.
    fn described(&self) -> Vec<(PathBuf, String, Metadata)> {
        let mut found: Vec<(PathBuf, String, Metadata)> = Vec::new();
        for folder in &self.folders {
            let Ok(files) = fs::read_dir(folder) else { continue };
            let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
            files.sort();
            for file in files {
                let Some(name) =
                    file.file_name().and_then(|name| name.to_str()?.strip_suffix(".wasm"))
                else {
                    continue;
                };
                if found.iter().any(|(_, known, _)| known == name) {
                    continue;
                }
                let metadata = fs::read(&file)
                    .ok()
                    .and_then(|bytes| Metadata::of_component(&bytes).ok().flatten());
                if let Some(metadata) = metadata {
                    let name = name.to_owned();
                    found.push((file, name, metadata));
                }
            }
        }
        found
    }
}

/// Side by side: those that are not compiled yet are compiled at the same time.
fn load_all(host: &PluginHost, specs: Vec<PluginSpec>) -> Vec<Result<Plugin, PluginError>> {
    thread::scope(|scope| {
        let loading: Vec<_> =
            specs.into_iter().map(|spec| scope.spawn(|| host.load(spec))).collect();
        loading
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    })
}

/// Whether a plugin is asked for by its file.
pub(crate) fn is_path(plugin: &str) -> bool {
    plugin.contains('/')
        || Path::new(plugin).extension().is_some_and(|extension| extension == "wasm")
}

/// Sets the member that a JSON Pointer of one part names: settings of Python plugins are flat.
fn set(config: &mut Map<String, Value>, pointer: &str, value: Value) {
    config.insert(pointer.trim_start_matches('/').to_owned(), value);
}
