//! The Rust side of a bare machine: the target that components are built for.

use std::path::Path;
use std::process::Command;

use crate::failure::Failure;
use crate::step::{self, step};

/// The target of every component.
pub(crate) const COMPONENT_TARGET: &str = "wasm32-wasip2";

/// Adds the component target through rustup, unless the toolchain has it already,
/// wherever that came from.
pub(crate) fn ensure_component_target() -> Result<(), Failure> {
    let sysroot = step::output_of(
        Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--print", "sysroot"]),
        "find the Rust toolchain",
    )?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(COMPONENT_TARGET).is_dir() {
        return Ok(());
    }
    step(&format!("adding the Rust target {COMPONENT_TARGET}"), || {
        step::run(
            Command::new("rustup").args(["target", "add", COMPONENT_TARGET]),
            &format!("add the Rust target {COMPONENT_TARGET}, which components are built for"),
        )
    })
}
