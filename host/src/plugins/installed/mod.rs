//! The plugins of this user: a folder with one component each, and a lock file that says
//! what they were and what they may do.
//!
//! In: components, and the operator's word. Out: what a run finds by name, with the
//! digest it must have and the grants that installing gave it. Nothing of a plugin runs
//! here.

mod asked;
mod claims;
mod error;
mod lock;
mod version;

use std::fs::{self, File};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{
    Allow, CompiledState, ComponentFile, Digest, Hook, Lane, PluginHost, PluginName, private,
};
pub(super) use asked::asked;
pub use asked::{Asked, GrantedBy};
pub use claims::Claims;
pub use error::InstallError;
pub use lock::{Lock, LockedPlugin};

/// See the module's head.
#[derive(Debug, Clone)]
pub struct InstalledPlugins {
    folder: PathBuf,
}

/// A plugin that was checked, and is installed or to be installed.
#[derive(Debug, Serialize)]
pub struct Installed {
    /// Its name.
    pub name: PluginName,
    /// What the lock says of it.
    #[serde(flatten)]
    pub locked: LockedPlugin,
    /// All that it asks for.
    pub asked: Vec<Asked>,
    /// What it sees of events, in words.
    pub sees: Vec<String>,
}

/// How a plugin differs from the one that is installed.
#[derive(Debug, Serialize)]
pub struct Upgrade {
    /// What is installed.
    pub from: LockedPlugin,
    /// What is to be installed.
    pub to: Installed,
    /// Hooks that the installed one does not have.
    pub new_hooks: Vec<Hook>,
    /// What the installed one does not ask for.
    pub new_wants: Vec<Asked>,
    /// What it sees beyond the installed one, and what it no longer promises, in words.
    pub new_claims: Vec<String>,
    /// Where its version comes before that of the installed one, in words.
    pub older: Option<String>,
    /// Limits that are higher than those of the installed one: `memory_mib 64 to 512`.
    pub raised_limits: Vec<String>,
    /// Hooks that it has no more.
    pub dropped_hooks: Vec<Hook>,
    /// What it no longer asks for.
    pub dropped_wants: Vec<String>,
    /// Whether it is installed now: what grew has to be accepted.
    pub done: bool,
}

/// What was found of an installed plugin.
#[derive(Debug, Serialize)]
pub struct Verified {
    /// Its name, or that of a file which does not belong there.
    pub name: String,
    /// What is not as it was installed; nothing if all is well.
    pub problems: Vec<String>,
    /// Compiled code that was not as it was written. It is never used, and made anew.
    pub compiled: CompiledState,
}

impl InstalledPlugins {
    /// What is installed in `folder`, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What the lock file says.
    pub fn list(&self) -> Result<Lock, InstallError> {
        if fs::symlink_metadata(&self.folder).is_err() {
            return Ok(Lock::default());
        }
        private::check_dir(&self.folder).map_err(|reason| self.distrusted(reason))?;
        Lock::read(&self.folder)
    }

    /// The component of an installed plugin.
    pub fn path(&self, name: &PluginName) -> PathBuf {
        self.folder.join(format!("{name}.wasm"))
    }

    /// A plugin that is installed under this name: its component, and what the lock says.
    pub fn find(&self, name: &str) -> Result<Option<(PathBuf, LockedPlugin)>, InstallError> {
        let Ok(name) = name.parse::<PluginName>() else { return Ok(None) };
        let locked = self.list()?.plugins.remove(&name);
        Ok(locked.map(|locked| (self.path(&name), locked)))
    }

    /// Checks a component as a run does, compiles it and installs it. What may run code on
    /// this machine by being installed is installed only if `accepts` says so.
    pub fn install(
        &self,
        host: &PluginHost,
        file: &ComponentFile,
        accepts: bool,
    ) -> Result<Installed, InstallError> {
        let installed = checked(host, file)?;
        let dangerous: Vec<String> = installed
            .asked
            .iter()
            .filter(|asked| asked.may_run_code && asked.granted == GrantedBy::Installing)
            .map(|asked| asked.text.clone())
            .collect();
        if !accepts && !dangerous.is_empty() {
            return Err(InstallError::MayRunCode {
                name: installed.name.to_string(),
                what: dangerous,
                component: file.path.clone(),
            });
        }
        let _held = self.hold()?;
        let mut lock = Lock::read(&self.folder)?;
        if let Some(there) = lock.plugins.get(&installed.name) {
            return Err(InstallError::AlreadyInstalled {
                name: installed.name.to_string(),
                version: there.version.clone(),
                component: file.path.clone(),
            });
        }
        self.put(&mut lock, &installed, file)?;
        host.prune_compiled();
        Ok(installed)
    }

    /// Puts a component in the place of the installed one of its name. What asks for more
    /// is put there only if `accepts` says so.
    pub fn upgrade(
        &self,
        host: &PluginHost,
        file: &ComponentFile,
        accepts: bool,
    ) -> Result<Upgrade, InstallError> {
        let mut to = checked(host, file)?;
        let _held = self.hold()?;
        let mut lock = Lock::read(&self.folder)?;
        let Some(from) = lock.plugins.get(&to.name).cloned() else {
            return Err(not_installed(to.name.as_str(), &lock));
        };
        to.locked.grants = narrowed(&to.locked.grants, &from);
        if let (Some(new), Some(old)) = (&mut to.locked.claims, &from.claims) {
            new.keys = new.keys.narrowed(&old.keys, &from.wants);
        }
        let claims = from.claims.clone().or_else(|| self.claims_of_installed(&to.name, &from));
        let is_new = |asked: &&Asked| !from.wants.contains(&asked.text);
        let mut upgrade = Upgrade {
            new_hooks: missing(&to.locked.hooks, &from.hooks),
            new_wants: to.asked.iter().filter(is_new).cloned().collect(),
            new_claims: to
                .locked
                .claims
                .as_ref()
                .map(|new| new.grown_from(claims.as_ref()))
                .unwrap_or_default(),
            older: version::step_back(&from.version, &to.locked.version),
            raised_limits: to.locked.limits.raised_from(from.limits),
            dropped_hooks: missing(&from.hooks, &to.locked.hooks),
            dropped_wants: missing(&from.wants, &to.locked.wants),
            done: false,
            from,
            to,
        };
        if accepts || !upgrade.grew() {
            self.put(&mut lock, &upgrade.to, file)?;
            host.prune_compiled();
            upgrade.done = true;
        }
        Ok(upgrade)
    }

    /// What an older Playhouse did not write into the lock, as the component itself says it.
    fn claims_of_installed(&self, name: &PluginName, locked: &LockedPlugin) -> Option<Claims> {
        let installed = ComponentFile::read(&self.path(name)).ok()?;
        let is_it = installed.digest == locked.digest;
        let metadata = installed.metadata.unwrap_or_default();
        is_it.then(|| Claims::of(&metadata, name.as_str(), &locked.hooks))
    }

    /// Removes an installed plugin.
    pub fn remove(&self, name: &str) -> Result<LockedPlugin, InstallError> {
        let lock = self.list()?;
        let known = name.parse::<PluginName>().ok().filter(|name| lock.plugins.contains_key(name));
        let Some(known) = known else { return Err(not_installed(name, &lock)) };
        let _held = self.hold()?;
        let mut lock = Lock::read(&self.folder)?;
        let Some(removed) = lock.plugins.remove(&known) else {
            return Err(not_installed(name, &lock));
        };
        lock.write(&self.folder)?;
        let path = self.path(&known);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(InstallError::write(&path)(error))
            }
            _ => Ok(removed),
        }
    }

    /// Holds every installed plugin, or those named, against the lock file, and its
    /// compiled code against its seal.
    pub fn verify(
        &self,
        host: &PluginHost,
        names: &[String],
    ) -> Result<Vec<Verified>, InstallError> {
        let lock = self.list()?;
        for name in names {
            if !lock.plugins.keys().any(|known| known.as_str() == name) {
                return Err(not_installed(name, &lock));
            }
        }
        let mut found: Vec<Verified> = lock
            .plugins
            .iter()
            .filter(|(name, _)| {
                names.is_empty() || names.iter().any(|asked| asked == name.as_str())
            })
            .map(|(name, locked)| self.verify_one(host, name, locked))
            .collect();
        if names.is_empty() {
            found.extend(self.strangers(&lock));
        }
        Ok(found)
    }

    fn verify_one(&self, host: &PluginHost, name: &PluginName, locked: &LockedPlugin) -> Verified {
        let mut problems = Vec::new();
        match private::open(&self.path(name)) {
            Ok(Some(_)) => {}
            Ok(None) => problems.push("its component is not there".to_owned()),
            Err(reason) => problems.push(format!("its component: {reason}")),
        }
        if let Ok(bytes) = fs::read(self.path(name)) {
            let found = Digest::of(&bytes);
            if found != locked.digest {
                problems.push(format!(
                    "it has the digest {found}, and {} was installed",
                    locked.digest
                ));
            }
        }
        let compiled = host.compiled_state(locked.digest.as_hex());
        if let CompiledState::Distrusted(reason) = &compiled {
            problems.push(format!("its compiled code, which is not used: {reason}"));
        }
        Verified { name: name.to_string(), problems, compiled }
    }

    /// Components in the folder that nobody installed.
    fn strangers(&self, lock: &Lock) -> Vec<Verified> {
        let Ok(files) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut names: Vec<String> = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.strip_suffix(".wasm").map(str::to_owned))
            .filter(|name| !lock.plugins.keys().any(|known| known.as_str() == name))
            .collect();
        names.sort();
        names
            .into_iter()
            .map(|name| Verified {
                name,
                problems: vec![
                    "its component is there, and the lock file does not know it".to_owned(),
                ],
                compiled: CompiledState::Missing,
            })
            .collect()
    }

    /// Makes the folder and keeps other processes from changing it as long as the file is
    /// open.
    fn hold(&self) -> Result<File, InstallError> {
        private::make_dir(&self.folder).map_err(|reason| self.distrusted(reason))?;
        let folder = File::open(&self.folder).map_err(InstallError::write(&self.folder))?;
        folder.lock().map_err(InstallError::write(&self.folder))?;
        Ok(folder)
    }

    fn put(
        &self,
        lock: &mut Lock,
        installed: &Installed,
        file: &ComponentFile,
    ) -> Result<(), InstallError> {
        lock::put(&self.folder, &format!("{}.wasm", installed.name), &file.bytes)?;
        lock.plugins.insert(installed.name.clone(), installed.locked.clone());
        lock.write(&self.folder)
    }

    fn distrusted(&self, reason: String) -> InstallError {
        InstallError::Folder { path: self.folder.clone(), reason }
    }
}

impl Upgrade {
    /// Whether it asks for more than what was accepted, or does less for it.
    pub fn grew(&self) -> bool {
        let on_path = |hook: &Hook| hook.lane() == Lane::Path;
        !self.new_hooks.is_empty()
            || !self.new_wants.is_empty()
            || !self.new_claims.is_empty()
            || !self.raised_limits.is_empty()
            || self.older.is_some()
            || self.dropped_hooks.iter().any(on_path)
    }
}

fn checked(host: &PluginHost, file: &ComponentFile) -> Result<Installed, InstallError> {
    let hooks = host.check(file)?;
    let metadata = file.metadata.as_ref();
    let name = file.name()?;
    let asked = asked(metadata, name.as_str());
    let grants = asked::accepted(metadata).map_err(|reason| super::PluginError::Metadata {
        path: file.path.clone(),
        reason: format!("`wants` cannot be read: {reason}"),
    })?;
    let hooks: Vec<Hook> = hooks.iter().collect();
    let claims = Claims::of(&file.metadata.clone().unwrap_or_default(), name.as_str(), &hooks);
    let sees = claims.in_words();
    let locked = LockedPlugin {
        version: metadata.and_then(|metadata| metadata.version.clone()).unwrap_or_default(),
        digest: file.digest.clone(),
        hooks,
        wants: asked.iter().map(|asked| asked.text.clone()).collect(),
        limits: metadata.map(|metadata| metadata.limits).unwrap_or_default(),
        claims: Some(claims),
        grants,
        installed: Timestamp::now(),
    };
    Ok(Installed { name, locked, asked, sees })
}

fn not_installed(name: &str, lock: &Lock) -> InstallError {
    InstallError::NotInstalled {
        name: name.to_owned(),
        installed: lock.plugins.keys().map(ToString::to_string).collect(),
    }
}

fn missing<T: PartialEq + Clone>(all: &[T], of: &[T]) -> Vec<T> {
    all.iter().filter(|one| !of.contains(one)).cloned().collect()
}

/// What an upgrade grants: not what the operator took out of the lock by hand.
fn narrowed(grants: &Allow, from: &LockedPlugin) -> Allow {
    let granted = serde_json::to_value(&from.grants).unwrap_or_default();
    let mut narrowed = serde_json::to_value(grants).unwrap_or_default();
    for (kind, patterns) in narrowed.as_object_mut().into_iter().flatten() {
        let Value::Array(patterns) = patterns else { continue };
        patterns.retain(|pattern| {
            let text = format!("{kind}={}", pattern.as_str().unwrap_or_default());
            let is_granted = granted[kind].as_array().is_some_and(|list| list.contains(pattern));
            is_granted || !from.wants.contains(&text)
        });
    }
    serde_json::from_value(narrowed).unwrap_or_default()
}
