//! Where `cargo xtask test` put what the tests need.

use std::env;
use std::path::{Path, PathBuf};

/// A version of ansible-core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    /// The oldest.
    V2_16,
    /// The one after.
    V2_17,
    /// The last that looks for templates in everything that is not marked.
    V2_18,
    /// The newest that Ansible Runner 2.4.3 runs with.
    V2_19,
    /// The first that needs Python 3.12.
    V2_20,
    /// The newest release.
    V2_21,
    /// The newest there is, as a pre-release.
    V2_22,
}

impl Core {
    /// Every one that is supported.
    pub const ALL: [Self; 7] =
        [Self::V2_16, Self::V2_17, Self::V2_18, Self::V2_19, Self::V2_20, Self::V2_21, Self::V2_22];

    /// Its number.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_16 => "2.16",
            Self::V2_17 => "2.17",
            Self::V2_18 => "2.18",
            Self::V2_19 => "2.19",
            Self::V2_20 => "2.20",
            Self::V2_21 => "2.21",
            Self::V2_22 => "2.22",
        }
    }

    /// Whether `cargo xtask test` found a Python for it; it says so at its end where it did
    /// not.
    pub fn is_there(self) -> bool {
        env::var_os(self.variable()).is_none_or(|bin| !bin.is_empty())
    }

    /// The folder with `ansible-playbook`; with 2.16 and 2.19 also with `ansible-runner`, the
    /// peer.
    pub fn bin(self) -> PathBuf {
        prepared(&self.variable(), &format!("ansible-{}/bin", self.name()))
    }

    fn variable(self) -> String {
        format!("PLAYHOUSE_ANSIBLE_{}", self.name().replace('.', ""))
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
