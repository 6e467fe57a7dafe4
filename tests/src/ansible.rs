//! Where `cargo xtask test` put what the tests need.

use std::env;
use std::path::{Path, PathBuf};

/// A version of ansible-core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// The newest that Ansible Runner 2.4.3 runs with.
    V2_19,
    /// The oldest.
    V2_16,
}

impl Core {
    /// Its number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_19 => "2.19",
            Self::V2_16 => "2.16",
        }
    }

    /// The folder with `ansible-playbook`, and with `ansible-runner`, the peer.
    pub fn bin(self) -> PathBuf {
        let (variable, folder) = match self {
            Self::V2_19 => ("PLAYHOUSE_ANSIBLE_219", "ansible-2.19/bin"),
            Self::V2_16 => ("PLAYHOUSE_ANSIBLE_216", "ansible-2.16/bin"),
        };
        prepared(variable, folder)
    }
}

/// A plugin of ours, built.
pub fn component(name: &str) -> PathBuf {
    prepared("PLAYHOUSE_COMPONENTS", "plugins").join(format!("{name}.wasm"))
}

/// A guest that misbehaves, built.
pub fn guest(name: &str) -> PathBuf {
    prepared("PLAYHOUSE_GUESTS", "guests").join(format!("{name}.wasm"))
}

/// An example plugin in Python, built.
pub fn python_component(name: &str) -> PathBuf {
    prepared("PLAYHOUSE_PYTHON_PLUGINS", "python-plugins").join(format!("{name}.wasm"))
}

/// The folder with componentize-py, and with a Python beside it.
pub fn componentize_bin() -> PathBuf {
    prepared("PLAYHOUSE_COMPONENTIZE", "componentize-py/bin")
}

fn prepared(variable: &str, folder: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let path = env::var_os(variable).map_or_else(|| target.join(folder), PathBuf::from);
    path.canonicalize().unwrap_or_else(|error| {
        panic!(
            "`{}` is not there ({error}); run the tests with `cargo xtask test`, which prepares it",
            path.display()
        )
    })
}
