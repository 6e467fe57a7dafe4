//! Loads components: reads, compiles, links and checks them, and runs nothing of them.

use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::component::{HasSelf, InstancePre, Linker};
use wasmtime::{Config, Engine};

use super::bindings::AllHooks;
use super::compiled::{Compiled, Refusal};
use super::egress::{Proxies, Tls};
use super::epoch::EpochTicker;
use super::exports::find_hooks;
use super::imports::add_ours_to_linker;
use super::limits::Limits;
use super::own_secrets::OwnSecrets;
use super::plugin::place_paths;
use super::secret::Secret;
use super::store::StoreState;
use super::unasked::Given;
use super::{
    CompiledCache, CompiledState, ComponentFile, Grants, Hooks, Plugin, PluginError, PluginSpec,
};

/// A guest's stack. Deep recursion traps instead of taking the host's memory.
const STACK: usize = 512 << 10;

/// The engine and everything a component can import. One is enough for a process.
pub struct PluginHost {
    engine: Engine,
    linker: Linker<StoreState>,
    ticker: Arc<EpochTicker>,
    compiled: Compiled,
    /// What the operator should hear once.
    notice: Mutex<Option<String>>,
}

impl PluginHost {
    /// `cache` keeps compiled components. Where it cannot be trusted they are compiled
    /// each time, and [`take_notice`](Self::take_notice) says so.
    pub fn new(cache: Option<&CompiledCache>) -> Result<Self, PluginError> {
        // Only one provider is linked; a second call finds the first's and changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let engine = new_engine()?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(failed)?;
        add_ours_to_linker(&mut linker).map_err(failed)?;
        AllHooks::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(failed)?;
        let ticker = EpochTicker::start(&engine)
            .map_err(|error| PluginError::Engine(format!("a thread cannot be started: {error}")))?;
        let (compiled, notice) = Compiled::open(cache, &engine);
        let notice = Mutex::new(notice);
        Ok(Self { engine, linker, ticker: Arc::new(ticker), compiled, notice })
    }

    /// What the operator should hear of the engine, the first time it is asked for.
    pub fn take_notice(&self) -> Option<String> {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Compiles a component where that is not done yet and holds it against what we have,
    /// as before a run; its hooks.
    pub fn check(&self, file: &ComponentFile) -> Result<Hooks, PluginError> {
        self.link(file).map(|(_, hooks)| hooks)
    }

    /// Whether the code of a component is kept.
    pub fn compiled_state(&self, digest: &str) -> CompiledState {
        self.compiled.state(digest)
    }

    /// Makes room among the compiled components.
    pub fn prune_compiled(&self) {
        self.compiled.prune();
    }

    fn link(&self, file: &ComponentFile) -> Result<(InstancePre<StoreState>, Hooks), PluginError> {
        let path = &file.path;
        let component = self
            .compiled
            .component(&self.engine, &file.bytes, file.digest.as_hex())
            .map_err(|refusal| match refusal {
                Refusal::Broken(reason) => {
                    PluginError::NotAComponent { path: path.clone(), reason }
                }
                Refusal::TooMuch(reason) => PluginError::Compile { path: path.clone(), reason },
            })?;
        let hooks = find_hooks(&self.engine, &component, path)?;
        file.check_hooks(hooks)?;
        let pre = self.linker.instantiate_pre(&component).map_err(|error| PluginError::Import {
            path: path.clone(),
            reason: format!("{error:#}"),
        })?;
        Ok((pre, hooks))
    }

    /// Loads what `spec` asks for.
    pub fn load(&self, mut spec: PluginSpec) -> Result<Plugin, PluginError> {
        let file = ComponentFile::read(&spec.component)?;
        file.check_digest(spec.digest.as_ref())?;
        let (pre, hooks) = self.link(&file)?;
        let name = match spec.name.take() {
            Some(name) => name,
            None => file.name()?,
        };
        let ComponentFile { path, digest, metadata, .. } = file;
        let path = &path;
        let wants = metadata.as_ref().map_or(&[][..], |metadata| &metadata.wants);
        place_paths(&mut spec.config, wants, &spec.base);
        let mut allow = spec.allow.clone();
        allow.extend(spec.accepted);
        let grants = Grants::new(name.clone(), metadata.as_ref(), &allow, &spec.config)
            .map_err(|error| error.for_plugin(&name, path))?;
        let given = Given {
            plugin: &name,
            allow: &spec.allow,
            secrets: &spec.secrets,
            config: &spec.config,
        };
        given.check(metadata.as_ref(), &grants)?;
        let mut config = spec.foreign;
        place_paths(&mut config, wants, &spec.base);
        config.extend(spec.config);
        let tls = Tls::load(spec.tls_ca.as_deref(), &spec.identities, &spec.base, &grants.https())
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
            secrets: OwnSecrets::new(secrets),
            tls: Arc::new(tls),
            proxies: Arc::new(Proxies::of(&spec.environment)),
            variables,
            limits: Limits::new(spec.limits, metadata.limits),
            name,
            metadata,
            hooks,
            grants: Arc::new(grants),
            config,
            digest: digest.as_hex().to_owned(),
            events: spec.events,
            on_error: spec.on_error,
            required: spec.required,
            only_for: spec.only_for,
            pre,
            ticker: Arc::clone(&self.ticker),
        })
    }
}

/// An engine. Compiled code fits every engine that this gives.
pub(super) fn new_engine() -> Result<Engine, PluginError> {
    let mut config = Config::new();
    config.epoch_interruption(true).concurrency_support(false).max_wasm_stack(STACK);
    Engine::new(&config).map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where errors are mapped")]
fn failed(error: wasmtime::Error) -> PluginError {
    PluginError::Engine(format!("{error:#}"))
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
