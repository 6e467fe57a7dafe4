//! Loads components: reads, compiles, links and checks them, and runs nothing of them.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine};

use super::bindings::AllHooks;
use super::egress::Tls;
use super::epoch::EpochTicker;
use super::exports::find_hooks;
use super::imports::add_refusals_to_linker;
use super::limits::Limits;
use super::metadata::Want;
use super::plugin::make_sockets_absolute;
use super::secret::Secret;
use super::store::StoreState;
use super::{Grants, Hook, Hooks, Metadata, Plugin, PluginError, PluginName, PluginSpec};

/// MiB of a component at most: Python's have 18, and compiling takes memory many times
/// its size.
const LARGEST_MIB: u64 = 64;
/// A guest's stack. Deep recursion traps instead of taking the host's memory.
const STACK: usize = 512 << 10;

/// The engine and everything a component can import. One is enough for a process.
pub struct PluginHost {
    engine: Engine,
    linker: Linker<StoreState>,
    ticker: Arc<EpochTicker>,
}

impl PluginHost {
    /// `cache` is a folder of our own for compiled components. It is made if it is not
    /// there and refused if anyone else could write to it: what lies there is run.
    pub fn new(cache: Option<&Path>) -> Result<Self, PluginError> {
        // Only one provider is linked; a second call finds the first's and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let failed = |error: wasmtime::Error| PluginError::Engine(format!("{error:#}"));
        let mut config = Config::new();
        config.epoch_interruption(true).concurrency_support(false).max_wasm_stack(STACK);
        if let Some(folder) = cache {
            config.cache(Some(open_cache(folder)?));
        }
        let engine = Engine::new(&config).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(failed)?;
        add_refusals_to_linker(&mut linker).map_err(failed)?;
        AllHooks::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(failed)?;
        let ticker = EpochTicker::start(&engine)
            .map_err(|error| PluginError::Engine(format!("a thread cannot be started: {error}")))?;
        Ok(Self { engine, linker, ticker: Arc::new(ticker) })
    }

    /// Loads what `spec` asks for.
    pub fn load(&self, mut spec: PluginSpec) -> Result<Plugin, PluginError> {
        let path = &spec.component;
        let bytes = read_component(path)?;
        check_is_component(path, &bytes)?;
        let metadata = Metadata::of_component(&bytes)
            .map_err(|reason| PluginError::Metadata { path: path.clone(), reason })?;
        let component = Component::from_binary(&self.engine, &bytes).map_err(|error| {
            PluginError::NotAComponent { path: path.clone(), reason: format!("{error:#}") }
        })?;
        let hooks = find_hooks(&self.engine, &component, path)?;
        if let Some(metadata) = &metadata {
            check_hooks(path, metadata, hooks)?;
        }
        let pre = self.linker.instantiate_pre(&component).map_err(|error| PluginError::Import {
            path: path.clone(),
            reason: format!("{error:#}"),
        })?;
        let name = match spec.name.take() {
            Some(name) => name,
            None => default_name(path, metadata.as_ref())?,
        };
        for want in metadata.iter().flat_map(|metadata| &metadata.wants) {
            if let Want::Http { setting: Some(setting), .. }
            | Want::Net { setting: Some(setting), .. } = want
            {
                let base = std::path::absolute(&spec.base).unwrap_or_else(|_| spec.base.clone());
                make_sockets_absolute(&mut spec.config, setting, &base);
            }
        }
        let grants = Grants::new(name.clone(), metadata.as_ref(), &spec.allow, &spec.config)
            .map_err(|error| error.for_plugin(&name, path))?;
        let tls = Tls::load(spec.tls_ca.as_deref(), &spec.identities, &spec.base)
            .map_err(|reason| PluginError::Tls { plugin: name.to_string(), reason })?;
        let secrets = spec
            .secrets
            .iter()
            .map(|(key, source)| (key.clone(), Secret::new(source, &spec.environment, &spec.base)))
            .collect();
        let variables = spec
            .environment
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
            .filter(|(name, _)| grants.may_see_variable(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let metadata = metadata.unwrap_or_default();
        Ok(Plugin {
            secrets,
            tls: Arc::new(tls),
            variables,
            limits: Limits::new(&spec.limits, &metadata.limits),
            name,
            metadata,
            hooks,
            grants: Arc::new(grants),
            config: spec.config,
            digest: format!("{:x}", Sha256::digest(&bytes)),
            events: spec.events,
            on_error: spec.on_error,
            required: spec.required,
            only_for: spec.only_for,
            pre,
            ticker: Arc::clone(&self.ticker),
        })
    }
}

fn read_component(path: &Path) -> Result<Vec<u8>, PluginError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take((LARGEST_MIB << 20) + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| PluginError::Read { path: path.to_owned(), source })?;
    if bytes.len() as u64 > LARGEST_MIB << 20 {
        return Err(PluginError::TooLarge { path: path.to_owned(), limit: LARGEST_MIB });
    }
    Ok(bytes)
}

/// Tells the common mistakes apart before the engine sees the bytes. Compiled code is
/// refused: the engine would run whatever it says.
fn check_is_component(path: &Path, bytes: &[u8]) -> Result<(), PluginError> {
    let reason = if Engine::detect_precompiled(bytes).is_some() {
        "it was compiled ahead of time, and such code cannot be checked; give the `.wasm` it was made from"
    } else if bytes.is_empty() {
        "it is empty"
    } else {
        match bytes.get(..8) {
            Some([0, b'a', b's', b'm', _, _, 1, 0]) => return Ok(()),
            Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => {
                "it is a core module; build it for the target `wasm32-wasip2`"
            }
            Some([0, b'a', b's', b'm', ..]) => "it has a version of WebAssembly's that is unknown",
            _ if b"\0asm".starts_with(&bytes[..bytes.len().min(4)]) => "it ends within its head",
            _ => "it does not begin like one",
        }
    };
    Err(PluginError::NotAComponent { path: path.to_owned(), reason: reason.to_owned() })
}

/// Hooks are what is exported; metadata that says otherwise belongs to another component.
fn check_hooks(path: &Path, metadata: &Metadata, hooks: Hooks) -> Result<(), PluginError> {
    for hook in Hook::ALL {
        let reason = match (metadata.hooks.contains_key(&hook), hooks.has(hook)) {
            (true, false) => {
                format!("it names the hook `{hook}`, which the component does not export")
            }
            (false, true) => {
                format!("the component exports the hook `{hook}`, which it does not name")
            }
            _ => continue,
        };
        return Err(PluginError::Metadata { path: path.to_owned(), reason });
    }
    Ok(())
}

fn default_name(path: &Path, metadata: Option<&Metadata>) -> Result<PluginName, PluginError> {
    let stem = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name =
        metadata.and_then(|metadata| metadata.name.clone()).or_else(stem).unwrap_or_default();
    name.parse().map_err(|source| PluginError::Name { path: path.to_owned(), source })
}

/// The engine's own cache, in a folder that nobody else can write to.
fn open_cache(folder: &Path) -> Result<Cache, PluginError> {
    let refused = |reason: String| PluginError::Cache { path: folder.to_owned(), reason };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| refused(format!("it cannot be made: {error}")))?;
    let metadata = fs::symlink_metadata(folder)
        .map_err(|error| refused(format!("it cannot be read: {error}")))?;
    if !metadata.is_dir() {
        return Err(refused("it is a symbolic link or a file".to_owned()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused("it belongs to another user".to_owned()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(refused("other users can write to it".to_owned()));
    }
    let folder = fs::canonicalize(folder).map_err(|error| refused(error.to_string()))?;
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    Cache::new(config).map_err(|error| refused(format!("{error:#}")))
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
