//! Components compiled ahead of time, and kept from run to run.
//!
//! In: a component's bytes and their digest. Out: its code, loaded. What is kept is run
//! as it stands, so each entry is sealed with a key of this user's, and what is not as
//! it was sealed is compiled anew. Without a cache everything is compiled each time, by
//! the same process of its own.

mod cache;
mod compiler;
mod seal;

use std::path::PathBuf;

use serde::Serialize;
use tracing::debug;
use wasmparser::{Parser, Payload};
use wasmtime::Engine;
use wasmtime::component::Component;

use cache::{Cache, load_unkept};
use compiler::CompileError;
pub(super) use compiler::Refusal;
pub use compiler::{CompilerProgram, compile};

/// Where compiled components are kept, and who compiles them.
#[derive(Debug, Clone)]
pub struct CompiledCache {
    /// A folder of our own, made if it is not there. It is used only where nobody else
    /// can write to it.
    pub folder: PathBuf,
    /// This user's key, made if it is not there. It must lie where no other than this
    /// machine puts files: not in a cache that is restored from elsewhere.
    pub key: PathBuf,
    /// Compiles in a process of its own, which has limits of time and memory, whether the
    /// cache can be used or not; without one it is done in this process, which cannot
    /// limit itself and only refuses a component of thousands of parts.
    pub compiler: Option<CompilerProgram>,
}

/// Whether a component's code is in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompiledState {
    /// There is no cache.
    NoCache,
    /// It is not there.
    Missing,
    /// It is there, as it was written.
    Ready,
    /// It is not as it was written, and will not be used: why.
    Distrusted(String),
}

/// Gives the code of components.
pub(super) struct Compiled {
    cache: Option<Cache>,
    compiler: Option<CompilerProgram>,
}

impl Compiled {
    /// Also says why there is no cache where one was asked for.
    pub(super) fn open(asked: Option<&CompiledCache>, engine: &Engine) -> (Self, Option<String>) {
        let Some(asked) = asked else { return (Self { cache: None, compiler: None }, None) };
        let (cache, notice) = match Cache::open(&asked.folder, &asked.key, engine) {
            Ok(cache) => (Some(cache), None),
            Err(reason) => (
                None,
                Some(format!(
                    "compiled plugins are not kept, and every start compiles them anew: {reason}"
                )),
            ),
        };
        (Self { cache, compiler: asked.compiler.clone() }, notice)
    }

    /// The code of a component, from the cache if it is there.
    pub(super) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
        digest: &str,
    ) -> Result<Component, Refusal> {
        let here = || self.unkept(engine, bytes);
        let Some(cache) = &self.cache else { return here() };
        if let Some(component) = cache.load(engine, digest) {
            return Ok(component);
        }
        let _held = cache.lock(digest);
        if let Some(component) = cache.load(engine, digest) {
            return Ok(component);
        }
        debug!(digest, "compiling");
        let stored = cache.store(digest, |file| match &self.compiler {
            Some(compiler) => compiler.compile(bytes, file),
            None => check_parts(bytes)
                .map_err(CompileError::from)
                .and_then(|()| compile_here(engine, bytes, file)),
        });
        match stored {
            Ok(()) => match cache.load(engine, digest) {
                Some(component) => Ok(component),
                None => here(),
            },
            Err(CompileError::Refused(refusal)) => Err(refusal),
            Err(CompileError::System(reason)) => {
                debug!(digest, reason, "compiled code cannot be kept");
                here()
            }
        }
    }

    /// The code of a component, compiled for this time only.
    fn unkept(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, Refusal> {
        let Some(compiler) = &self.compiler else {
            check_parts(bytes)?;
            return Component::from_binary(engine, bytes).map_err(|error| Refusal::of(&error));
        };
        load_unkept(engine, |file| compiler.compile(bytes, file)).map_err(|error| match error {
            CompileError::Refused(refusal) => refusal,
            CompileError::System(reason) => {
                Refusal::TooMuch(format!("the process that compiles cannot do its work: {reason}"))
            }
        })
    }

    /// Whether a component's code is in the cache.
    pub(super) fn state(&self, digest: &str) -> CompiledState {
        match self.cache.as_ref().map(|cache| cache.check(digest)) {
            None => CompiledState::NoCache,
            Some(Ok(false)) => CompiledState::Missing,
            Some(Ok(true)) => CompiledState::Ready,
            Some(Err(reason)) => CompiledState::Distrusted(reason),
        }
    }

    /// Makes room in the cache: what cannot be removed stays.
    pub(super) fn prune(&self) {
        if let Some(Err(error)) = self.cache.as_ref().map(Cache::prune) {
            debug!(%error, "the cache cannot be cleared");
        }
    }
}

/// Components and modules in a component that is compiled in this process: each costs the
/// compiler far more memory than its bytes say. Python's has fewer than a hundred.
const MOST_PARTS: usize = 2_000;

fn check_parts(bytes: &[u8]) -> Result<(), Refusal> {
    let mut parts = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload {
            Ok(Payload::ComponentSection { .. } | Payload::ModuleSection { .. }) => parts += 1,
            Ok(_) => {}
            // What is wrong with it is the compiler's to say.
            Err(_) => return Ok(()),
        }
        if parts > MOST_PARTS {
            let reason = format!("it is made of more than {MOST_PARTS} components and modules");
            return Err(Refusal::TooMuch(reason));
        }
    }
    Ok(())
}

fn compile_here(
    engine: &Engine,
    bytes: &[u8],
    mut code: std::fs::File,
) -> Result<(), CompileError> {
    let compiled = engine.precompile_component(bytes).map_err(|error| Refusal::of(&error))?;
    std::io::Write::write_all(&mut code, &compiled)
        .map_err(|error| CompileError::System(error.to_string()))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
