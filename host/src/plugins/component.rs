//! A component's file, read and looked at: nothing of it has run, and it is not compiled.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

use super::{Digest, ExpectedDigest, Hook, Hooks, Metadata, PluginError, PluginName};

/// MiB of a component at most: Python's have 18, and compiling takes memory many times
/// its size.
pub(super) const LARGEST_MIB: u64 = 64;

/// See the module's head.
#[derive(Debug)]
pub struct ComponentFile {
    /// Where it was read.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// SHA-256 of that.
    pub digest: Digest,
    /// What it says of itself.
    pub metadata: Option<Metadata>,
}

impl ComponentFile {
    /// Reads it and tells the common mistakes apart.
    pub fn read(path: &Path) -> Result<Self, PluginError> {
        let bytes = read_component(path)?;
        check_is_component(path, &bytes)?;
        let metadata = Metadata::of_component(&bytes)
            .map_err(|reason| PluginError::Metadata { path: path.to_owned(), reason })?;
        let digest = Digest::of(&bytes);
        Ok(Self { path: path.to_owned(), bytes, digest, metadata })
    }

    /// Refuses another component than the one that was meant.
    pub fn check_digest(&self, expected: Option<&ExpectedDigest>) -> Result<(), PluginError> {
        let (path, found) = (self.path.clone(), self.digest.clone());
        match expected {
            Some(ExpectedDigest::Pinned(digest)) if *digest != found => {
                Err(PluginError::Pinned { path, found, pinned: digest.clone() })
            }
            Some(ExpectedDigest::Installed { name, digest }) if *digest != found => {
                Err(PluginError::Changed {
                    name: name.clone(),
                    path,
                    found,
                    installed: digest.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    /// Its name where nobody gives it another: the metadata's, else the file's stem.
    pub fn name(&self) -> Result<PluginName, PluginError> {
        default_name(&self.path, self.metadata.as_ref())
    }

    /// Hooks are what is exported; metadata that says otherwise belongs to another component.
    pub(super) fn check_hooks(&self, hooks: Hooks) -> Result<(), PluginError> {
        match &self.metadata {
            Some(metadata) => check_hooks(&self.path, metadata, hooks),
            None => Ok(()),
        }
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
pub(super) fn check_hooks(
    path: &Path,
    metadata: &Metadata,
    hooks: Hooks,
) -> Result<(), PluginError> {
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

pub(super) fn default_name(
    path: &Path,
    metadata: Option<&Metadata>,
) -> Result<PluginName, PluginError> {
    let stem = || path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name =
        metadata.and_then(|metadata| metadata.name.clone()).or_else(stem).unwrap_or_default();
    name.parse().map_err(|source| PluginError::Name { path: path.to_owned(), source })
}
