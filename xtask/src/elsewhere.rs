//! `cargo check` for systems that this machine is not. Two dependencies compile C, for
//! which a system's headers and a cross compiler would be needed; a check needs only
//! their Rust code, so that this program stands in for the C compiler and makes empty
//! objects.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::failure::Failure;
use crate::step::{self, step};
use crate::toolchain;
use crate::workspace::Workspace;

/// The systems, beside Linux, on which Playhouse is to run.
const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-unknown-freebsd"];

/// Set for build scripts, which then call this program as their C compiler.
const STAND_IN: &str = "PLAYHOUSE_STANDS_IN_FOR_CC";

/// Checks library and program for each of them.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let this = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find this program's file: {error}")))?;
    for target in TARGETS {
        toolchain::ensure_target(target, "which Playhouse is to run on")?;
        step(&format!("checking for {target}"), || {
            let mut check = workspace.cargo();
            check.args(["check", "--quiet", "--package", "playhouse", "--target", target]);
            check.env(STAND_IN, "1");
            for tool in ["CC", "AR"] {
                check.env(format!("{tool}_{}", target.replace('-', "_")), &this);
            }
            step::run(&mut check, &format!("build for {target}"))
        })?;
    }
    Ok(())
}

/// If this process was started in a C compiler's place, makes what it is asked for, empty.
pub(crate) fn act_as_c_compiler() -> Option<ExitCode> {
    std::env::var_os(STAND_IN)?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "-E") {
        return Some(ExitCode::SUCCESS);
    }
    let mut outputs: Vec<&str> =
        words.windows(2).filter(|pair| pair[0] == "-o").map(|pair| pair[1].as_str()).collect();
    let is_archive = |word: &&String| Path::new(word).extension().is_some_and(|kind| kind == "a");
    outputs.extend(words.iter().filter(is_archive).map(String::as_str));
    let made = outputs.into_iter().all(|path| fs::write(path, "").is_ok());
    Some(if made { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
