//! Finds the plugins a run asks for and loads them.
//!
//! In: the entries of `env/plugins` and flags. Out: loaded plugins in chain order, each
//! with a name of its own. A key of `env/settings` that a plugin at hand reads in place
//! of Ansible Runner's Python plugin loads that plugin too, as it would there; what else a
//! plugin reads of what was not written for it has to be accepted by installing it.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::{Map, Value};

use super::foreign_keys::{ForeignKeys, SUCCESSORS, Successor, is_runners_variable};
use super::{
    Allow, CompiledCache, ComponentFile, ExpectedDigest, InstalledPlugins, Lane, LockedPlugin,
    Metadata, Plugin, PluginError, PluginHost, PluginName, PluginReference, PluginSpec,
};
use crate::RunError;
use crate::input::PluginEntry;
use crate::prepare::Environment;

/// Keys of `env/settings` that Ansible Runner itself reads, and ours, so that no plugin is
/// looked for on their account.
const RUNNER_SETTINGS: [&str; 23] = [
    "container_auth_data",
    "container_image",
    "container_options",
    "container_volume_mounts",
    "directory_isolation_base_path",
    "directory_isolation_cleanup",
    "fact_cache",
    "fact_cache_type",
    "idle_timeout",
    "job_events",
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

/// Where plugins are looked up by name.
enum Place {
    Folder(PathBuf),
    Installed(InstalledPlugins),
}

/// A plugin that can be asked for by name.
struct Described {
    file: PathBuf,
    name: String,
    metadata: Metadata,
    /// What was accepted of the keys of others that it reads.
    accepted: ForeignKeys,
}

/// A plugin that was asked for and is there.
pub struct Found {
    /// Its component.
    pub component: PathBuf,
    /// What that must be.
    pub digest: Option<ExpectedDigest>,
    /// What the lock says, where it is installed.
    pub locked: Option<LockedPlugin>,
}

/// Where plugins are, with the engine that runs them. The engine starts with the first
/// plugin, so that a run without any does not pay for it.
pub struct PluginLibrary {
    places: Vec<Place>,
    cache: Option<CompiledCache>,
    host: Mutex<Option<Arc<PluginHost>>>,
}

impl PluginLibrary {
    /// Looks for plugins in `folders`, in this order; keeps compiled ones in `cache`.
    pub fn new(folders: Vec<PathBuf>, cache: Option<CompiledCache>) -> Self {
        let places = folders.into_iter().map(Place::Folder).collect();
        Self { places, cache, host: Mutex::new(None) }
    }

    /// Then looks among installed plugins.
    #[must_use]
    pub fn with_installed(mut self, installed: Option<InstalledPlugins>) -> Self {
        self.places.extend(installed.map(Place::Installed));
        self
    }

    /// Then looks in this folder.
    #[must_use]
    pub fn with_bundled(mut self, folder: Option<PathBuf>) -> Self {
        self.places.extend(folder.map(Place::Folder));
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
        let mut accepted = Vec::new();
        for entry in entries {
            let found = self.find(&entry.plugin)?;
            notices.extend(self.shadow_notice(&entry, &found)?);
            let keys = found.locked.as_ref().map(LockedPlugin::keys).unwrap_or_default();
            specs.push(PluginSpec {
                component: found.component,
                digest: found.digest,
                base: base.to_owned(),
                environment: environment.clone(),
                secrets: entry.secrets,
                tls_ca: entry.tls_ca,
                identities: entry.identities,
                name: entry.name,
                config: entry.config,
                foreign: keys.values(settings, environment),
                allow: entry.allow,
                accepted: found.locked.map(|locked| locked.grants).unwrap_or_default(),
                events: entry.events,
                on_error: entry.on_error,
                required: entry.required,
                only_for: entry.only_for,
                limits: entry.limits,
            });
            accepted.push((PluginReference::new(&entry.plugin).stem().to_owned(), keys));
        }
        let mut plugins: Vec<Arc<Plugin>> = Vec::new();
        for (plugin, (asked_as, accepted)) in load_all(&host, specs).into_iter().zip(accepted) {
            let plugin = plugin?;
            if plugins.iter().any(|other| other.name() == plugin.name()) {
                return Err(RunError::PluginNamedTwice { name: plugin.name().to_string() });
            }
            let (_, others) = ForeignKeys::of(plugin.metadata()).split(&asked_as);
            let unread = others.without(&accepted).found(settings, environment);
            notices.extend(unread_notice(plugin.name().as_str(), &unread));
            notices.extend(plugin.metadata().doubts.iter().map(|doubt| {
                format!(
                    "plugin `{}`: its metadata {doubt}; its author has to correct that",
                    plugin.name()
                )
            }));
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
        for plugin in &plugins {
            notices.extend(plugin.grants().too_wide().map(|pattern| {
                format!(
                    "`set={pattern}` lets plugin `{0}` set no variable of the environment; name one, or how several begin: `--plugin-allow {0}.set=/envvars/CI_*`",
                    plugin.name()
                )
            }));
        }
        for plugin in plugins.iter().filter(|plugin| plugin.required() && !plugin.acknowledged()) {
            notices.push(format!(
                "plugin `{}` is `required`, and can only tell that what it delivers has left: no peer says that it has it",
                plugin.name()
            ));
        }
        Ok((plugins, notices))
    }

    /// The engine, which starts when it is first asked for.
    pub fn host(&self) -> Result<Arc<PluginHost>, PluginError> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = &*host {
            return Ok(Arc::clone(host));
        }
        let started = Arc::new(PluginHost::new(self.cache.as_ref())?);
        *host = Some(Arc::clone(&started));
        Ok(started)
    }

    /// A path is a path; a name is looked up.
    pub fn find(&self, plugin: &str) -> Result<Found, RunError> {
        let reference = PluginReference::new(plugin);
        let pinned = reference
            .pinned()
            .map_err(|reason| PluginError::Reference { plugin: plugin.to_owned(), reason })?;
        let pinned = pinned.map(ExpectedDigest::Pinned);
        if reference.is_path() {
            let component = PathBuf::from(reference.plugin);
            return Ok(Found { component, digest: pinned, locked: None });
        }
        let name = reference.plugin;
        let mut looked = Vec::new();
        for place in &self.places {
            let component = match place {
                Place::Folder(folder) => folder.join(format!("{name}.wasm")),
                Place::Installed(installed) => {
                    if let Some((component, locked)) = installed.find(name)? {
                        let digest = pinned.unwrap_or_else(|| ExpectedDigest::Installed {
                            name: name.to_owned(),
                            digest: locked.digest.clone(),
                        });
                        return Ok(Found { component, digest: Some(digest), locked: Some(locked) });
                    }
                    looked.push("the installed plugins".to_owned());
                    continue;
                }
            };
            if component.is_file() {
                return Ok(Found { component, digest: pinned, locked: None });
            }
            looked.push(format!("`{}`", component.display()));
        }
        Err(RunError::PluginMissing { name: name.to_owned(), looked })
    }

    /// A file that stands before the installed plugin of its name is another component,
    /// which nobody accepted: it is given no grants, secrets or certificates that were
    /// meant for the installed one, unless its digest says that it is meant.
    fn shadow_notice(
        &self,
        entry: &PluginEntry,
        found: &Found,
    ) -> Result<Option<String>, RunError> {
        let reference = PluginReference::new(&entry.plugin);
        if reference.is_path() || found.digest.is_some() {
            return Ok(None);
        }
        let name = reference.plugin;
        for place in &self.places {
            let Place::Installed(installed) = place else { continue };
            let Some((_, locked)) = installed.find(name)? else { continue };
            if ComponentFile::read(&found.component)?.digest == locked.digest {
                continue;
            }
            let file = found.component.clone();
            let is_given_nothing = entry.allow == Allow::default()
                && entry.secrets.is_empty()
                && entry.identities.is_empty();
            if !is_given_nothing {
                return Err(RunError::PluginShadowed { name: name.to_owned(), file });
            }
            return Ok(Some(format!(
                "plugin `{name}` is `{}`, which stands before the installed plugin of that name and is another component",
                file.display()
            )));
        }
        Ok(None)
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
            environment.iter().any(|(name, _)| name.to_str().is_some_and(is_runners_variable));
        if foreign.is_empty() && !has_variables {
            return Vec::new();
        }
        let mut notices = Vec::new();
        for Described { file, name, metadata, accepted } in self.described() {
            let (own, others) = ForeignKeys::of(&metadata).split(&name);
            let own = own.found(settings, environment);
            let others = others.found(settings, environment);
            let unread = others.without(&accepted);
            let accepted = others.without(&unread);
            foreign.retain(|key| {
                !own.runner_keys.contains_key(*key) && !others.runner_keys.contains_key(*key)
            });
            let asked_for = |entry: &&mut PluginEntry| {
                let asked = PluginReference::new(&entry.plugin).plugin;
                asked == name || Path::new(asked) == file
            };
            if let Some(entry) = entries.iter_mut().find(asked_for) {
                for (key, value) in own.values(settings, environment) {
                    entry.config.entry(key).or_insert(value);
                }
                continue;
            }
            let calling = |keys: ForeignKeys| ForeignKeys {
                env_keys: keys
                    .env_keys
                    .into_iter()
                    .filter(|(variable, _)| is_runners_variable(variable))
                    .collect(),
                ..keys
            };
            let reasons = [own.words(), calling(accepted).words()].concat();
            if reasons.is_empty() {
                notices.extend(unread_notice(&name, &calling(unread)));
                continue;
            }
            notices.push(format!("plugin `{name}` takes part because of {}", reasons.join(", ")));
            let config = own.values(settings, environment);
            entries.push(PluginEntry { config, ..PluginEntry::of(&name) });
        }
        for Successor { plugin, keys, .. } in SUCCESSORS {
            if let Some(key) = foreign.iter().find(|key| key.starts_with(keys)) {
                notices.push(format!(
                    "nothing reads `{key}` of env/settings; `{plugin}` would: `playhouse plugin install {plugin}.wasm`"
                ));
            }
        }
        notices
    }

    /// The plugins that can be asked for by name, with their metadata. What cannot be
    /// read is found out when somebody asks for it.
    fn described(&self) -> Vec<Described> {
        let mut found: Vec<Described> = Vec::new();
        for (name, file, accepted) in self.places.iter().flat_map(Place::components) {
            if found.iter().any(|known| known.name == name) {
                continue;
            }
            let metadata = fs::read(&file)
                .ok()
                .and_then(|bytes| Metadata::of_component(&bytes).ok().flatten());
            if let Some(metadata) = metadata {
                found.push(Described { file, name, metadata, accepted });
            }
        }
        found
    }
}

/// What the operator should hear of keys that a plugin would read and does not.
fn unread_notice(plugin: &str, unread: &ForeignKeys) -> Option<String> {
    (!unread.is_empty()).then(|| {
        format!(
            "plugin `{plugin}` does not read {}: nobody has accepted that it does; write what it needs into its `config` in env/plugins, or accept it with `playhouse plugin install` or `playhouse plugin upgrade --accept`",
            unread.words().join(", ")
        )
    })
}

impl Place {
    /// What is there, by name, with the keys of others that each may read.
    fn components(&self) -> Vec<(String, PathBuf, ForeignKeys)> {
        match self {
            Self::Folder(folder) => {
                let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
                let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
                files.sort();
                let name = |file: &PathBuf| {
                    file.file_name()?.to_str()?.strip_suffix(".wasm").map(str::to_owned)
                };
                let named = |file| Some((name(&file)?, file, ForeignKeys::default()));
                files.into_iter().filter_map(named).collect()
            }
            Self::Installed(installed) => installed
                .list()
                .map(|lock| {
                    let plugins = lock.plugins.into_iter();
                    let with_keys = |(name, locked): (PluginName, LockedPlugin)| {
                        (name.to_string(), installed.path(&name), locked.keys())
                    };
                    plugins.map(with_keys).collect()
                })
                .unwrap_or_default(),
        }
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
