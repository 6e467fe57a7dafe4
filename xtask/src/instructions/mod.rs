//! `cargo xtask instructions`: a guard against growing slower that is no timed test. The
//! host's bench `instructions` runs under callgrind, and what an event costs in its parts
//! is held against `tests/instructions.json`. Instructions are the same on a busy machine
//! and, nearly, on another one; what they do not say is how long they take.

mod callgrind;
mod counts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::components;
use crate::failure::Failure;
use crate::screen;
use crate::step::{self, step};
use crate::workspace::Workspace;

use counts::{Counts, Kept};

const PACKAGE: &str = "playhouse";
const BENCH: &str = "instructions";

/// Where the counts are kept, below the repository.
const KEPT: &str = "tests/instructions.json";

/// Counts, and holds the counts against those that are kept. The components must be
/// built, and valgrind installed.
pub(crate) fn check(workspace: &Workspace) -> Result<(), Failure> {
    let kept = Kept::read(&workspace.root.join(KEPT))?;
    let counts = step("counting instructions", || count(workspace))?;
    for line in kept.describe(&counts) {
        screen::talk(format!("    {line}"));
    }
    kept.check(&counts)
}

/// Counts, and keeps the counts.
pub(crate) fn accept(workspace: &Workspace) -> Result<(), Failure> {
    let path = workspace.root.join(KEPT);
    let mut kept = Kept::read(&path)?;
    let counts = step("counting instructions", || count(workspace))?;
    for line in kept.describe(&counts) {
        screen::say(line);
    }
    kept.accept(counts);
    kept.write(&path)
}

fn count(workspace: &Workspace) -> Result<Counts, Failure> {
    let program = build(workspace)?;
    let folder = workspace.target.join(BENCH);
    make_empty(&folder)
        .map_err(|error| Failure::new(format!("cannot make `{}`: {error}", folder.display())))?;
    let mut run = callgrind::command(&folder, &program);
    run.env("PLAYHOUSE_COMPONENTS", components::plugin_folder(workspace));
    let said = step::output_of(&mut run, "count instructions")?;
    let parts = callgrind::read(&folder, &said)?;
    let rustc = step::output_of(Command::new("rustc").arg("--version"), "ask for a version")?;
    Ok(Counts { rustc: rustc.trim().to_owned(), parts })
}

/// Builds the bench; its executable.
fn build(workspace: &Workspace) -> Result<PathBuf, Failure> {
    // All of the workspace, so that dependencies have the features they have elsewhere.
    let bench = ["bench", "--workspace", "--bench", BENCH, "--no-run"];
    let said = step::output_of(
        workspace.cargo().args(bench).args(["--message-format", "json-render-diagnostics"]),
        &format!("build the bench `{BENCH}`"),
    )?;
    callgrind::executable(&said, BENCH)
        .ok_or_else(|| Failure::new(format!("cargo built no bench `{BENCH}` of `{PACKAGE}`")))
}

fn make_empty(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)
}
