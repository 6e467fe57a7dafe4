//! `cargo xtask test`: everything that must hold before a change goes in, the quickest
//! check first; and `cargo xtask conformance`, the longest of them in full. The tests
//! find Ansible and the components by the variables set here.

use std::process::{Command, Stdio};

use crate::ansible::SUPPORTED;
use crate::components;
use crate::debian;
use crate::elsewhere;
use crate::failure::Failure;
use crate::instructions;
use crate::python_plugins;
use crate::screen;
use crate::step::{self, step};
use crate::workspace::Workspace;

/// Runs all checks and tests; `cargo_test_args` go to the last step.
pub(crate) fn test(workspace: &Workspace, cargo_test_args: &[String]) -> Result<(), Failure> {
    if has_cargo_command(workspace, "fmt") {
        step("checking the formatting", || {
            step::run(
                workspace.cargo().args(["fmt", "--all", "--check"]),
                "go on with code that `cargo fmt` would change",
            )
        })?;
    }
    let Prepared { mut tests, left_out } = prepared_tests(workspace)?;
    debian::ensure_programs(debian::FOR_TESTS)?;
    components::build(workspace)?;
    python_plugins::build(workspace)?;
    if has_cargo_command(workspace, "clippy") {
        step("linting", || {
            let clippy = ["clippy", "--release", "--workspace", "--all-targets"];
            let strict = ["--", "-D", "warnings"];
            step::run(workspace.cargo().args(clippy).args(strict), "pass clippy")
        })?;
    }
    elsewhere::check(workspace)?;
    instructions::check(workspace)?;
    step("running the tests", || {
        step::run(tests.arg("--workspace").args(cargo_test_args), "pass the tests")
    })?;
    for line in left_out {
        screen::talk(line);
    }
    Ok(())
}

/// Runs the conformance suite with both versions of Ansible, or the cases of it whose
/// names have one of these texts.
pub(crate) fn conformance(workspace: &Workspace, cases: &[String]) -> Result<(), Failure> {
    let Prepared { mut tests, .. } = prepared_tests(workspace)?;
    step("holding Playhouse against Ansible Runner", || {
        tests.args(["--workspace", "--test", "conformance", "--"]).args(cases);
        step::run(tests.env("PLAYHOUSE_CONFORMANCE", "all"), "be as Ansible Runner")
    })
}

/// `cargo test`, once Ansible is there.
struct Prepared {
    /// Told where everything is.
    tests: Command,
    /// Releases of Ansible that were not tested, and why: a line each.
    left_out: Vec<String>,
}

fn prepared_tests(workspace: &Workspace) -> Result<Prepared, Failure> {
    let mut tests = workspace.cargo();
    tests
        .args(["test", "--release"])
        .env("LC_ALL", "C.UTF-8")
        .env("PLAYHOUSE_COMPONENTS", components::plugin_folder(workspace))
        .env("PLAYHOUSE_GUESTS", components::guest_folder(workspace))
        .env("PLAYHOUSE_PYTHON_PLUGINS", python_plugins::folder(workspace))
        .env("PLAYHOUSE_COMPONENTIZE", python_plugins::bin(workspace));
    let mut left_out = Vec::new();
    for ansible in SUPPORTED {
        match ansible.lacks() {
            None => {
                tests.env(ansible.variable, ansible.ensure(workspace)?);
            }
            // The empty path says that its absence is known.
            Some(why) if ansible.is_optional() => {
                tests.env(ansible.variable, "");
                left_out.push(format!("NOT TESTED: {}: {why}", ansible.content()));
            }
            Some(why) => return Err(Failure::new(why)),
        }
    }
    Ok(Prepared { tests, left_out })
}

/// The release binary that demo and bench start. The whole workspace and an example, which
/// takes what tests depend on with it, are named, so that dependencies have the features
/// they have in the tests and are compiled once.
pub(crate) fn build_playhouse(workspace: &Workspace) -> Result<(), Failure> {
    let targets = ["--bin", "playhouse", "--example", "job_run"];
    step::run(
        workspace.cargo().args(["build", "--release", "--workspace"]).args(targets),
        "build playhouse",
    )
}

/// A minimal toolchain has neither rustfmt nor clippy; then their step is left out.
fn has_cargo_command(workspace: &Workspace, name: &str) -> bool {
    let found = workspace
        .cargo()
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        screen::talk(format!("==> leaving out `cargo {name}`: this toolchain does not have it"));
    }
    found
}
