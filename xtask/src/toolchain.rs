//! The Rust side of a bare machine: targets beside its own.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::step::{self, step};

/// The target of every component.
pub(crate) const COMPONENT_TARGET: &str = "wasm32-wasip2";

/// Adds the component target.
pub(crate) fn ensure_component_target() -> Result<(), Failure> {
    ensure_target(COMPONENT_TARGET, "which components are built for")
}

/// Adds a target through rustup, unless the toolchain has it already, wherever that came
/// from; `purpose` says what it is for.
pub(crate) fn ensure_target(target: &str, purpose: &str) -> Result<(), Failure> {
    let sysroot = step::output_of(
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--print", "sysroot"]),
        "find the Rust toolchain",
    )?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(target).is_dir() {
        return Ok(());
    }
    step(&format!("adding the Rust target {target}"), || {
        step::run(
            Command::new("rustup").args(["target", "add", target]),
            &format!("add the Rust target {target}, {purpose}"),
        )
    })
}
