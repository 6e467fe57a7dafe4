//! What authors of plugins have on their machines: a Rust toolchain, componentize-py, and
//! what was compiled and fetched before.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::componentize_bin;

/// Puts cargo on a command's path, with its home, which is the user's; nothing is fetched.
pub fn lend_toolchain(command: &mut Command, path: &str) {
    let cargo = Path::new(env!("CARGO")).parent().expect("cargo is in a folder");
    let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, env::var_os(name).map_or_else(|| home.join(folder), PathBuf::from));
    }
    command
        .env("PATH", format!("{}:{path}", cargo.display()))
        .env("CARGO_NET_OFFLINE", "true")
        .env("PYTHONDONTWRITEBYTECODE", "1");
}

/// Gives a plugin's project what takes a minute to compile or fetch: in Rust its
/// `target`, which all projects share, in Python its `.venv`.
pub fn lend_caches(project: &Path) {
    let (place, shared) = if project.join("Cargo.toml").exists() {
        let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tmp/new/cargo-target");
        fs::create_dir_all(&shared).expect("a folder");
        ("target", shared)
    } else if project.join("plugin.py").exists() {
        (".venv", componentize_bin().join(".."))
    } else {
        return;
    };
    let place = project.join(place);
    if !place.exists() {
        symlink(shared.canonicalize().expect("a folder"), place).expect("a link");
    }
}
