//! `cargo xtask demo`: a guided tour. A copy of `tests/demo` is run by the real
//! Ansible through four plugins, with a receiver behind the last of them; then the tour
//! shows what came out and checks it. It looks at Playhouse from outside: its terminal,
//! its exit code, the artifacts, the requests it sent.

mod artifacts;
mod delivery;
mod private_data_dir;
mod summary;

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use receiver::Receiver;

use crate::ansible::NEWEST;
use crate::components;
use crate::failure::Failure;
use crate::screen::{say, say_heading};
use crate::step::step;
use crate::suite;
use crate::workspace::Workspace;

use artifacts::Artifacts;
use delivery::Delivery;
use private_data_dir::PLUGINS;

const IDENT: &str = "demo";

/// Runs the demonstration and says what is wrong with it, if anything is.
pub(crate) fn show(workspace: &Workspace) -> Result<(), Failure> {
    say_heading("Getting ready");
    let ansible = NEWEST.ensure(workspace)?;
    components::build(workspace)?;
    step("building playhouse", || suite::build_playhouse(workspace))?;
    let receiver = Receiver::start();
    let folder = private_data_dir::create(workspace, receiver.url())?;
    let shown_folder = folder.strip_prefix(&workspace.root).unwrap_or(&folder);

    say_heading("The run");
    say(format!("A receiver listens on {}.", receiver.url()));
    say(format!("Plugins, in order: {} (env/plugins says how).", PLUGINS.join(", ")));
    say(format!("$ playhouse run {} -p site.yml -i {IDENT}", shown_folder.display()));
    let (status, talk) = run(workspace, &ansible, &folder)?;

    let artifacts = Artifacts::read(&folder.join("artifacts").join(IDENT))?;
    let delivery = Delivery::of_requests(&receiver.requests());

    say_heading("How it ended");
    say(format!(
        "Exit code {}; `status` says {}, `rc` says {}. A failure that was rescued and one\n\
         that was ignored fail no play.",
        status.code().map_or("none".to_owned(), |code| code.to_string()),
        artifacts.status,
        artifacts.rc,
    ));
    say_heading("What the receiver got");
    say(delivery.shown(artifacts.events.len()));
    say_heading("What is left on disk");
    say(shown_folder.join("artifacts").join(IDENT).display());
    say(artifacts.tree.trim_end());

    check(status, &artifacts, &delivery, &talk)?;
    say_heading("All as it should be");
    Ok(())
}

/// Playhouse with our terminal. Only its standard error makes a detour through
/// [`summary`], because the plugin lines are checked.
fn run(
    workspace: &Workspace,
    ansible: &Path,
    folder: &Path,
) -> Result<(ExitStatus, String), Failure> {
    let mut path = ansible.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    let playhouse = workspace.playhouse();
    let mut child = Command::new(&playhouse)
        .arg("run")
        .arg(folder)
        .args(["-p", "site.yml", "-i", IDENT])
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Failure::new(format!("`{}` does not start: {error}", playhouse.display()))
        })?;
    let talk = child.stderr.take().map(summary::pass_on).unwrap_or_default();
    let status = child
        .wait()
        .map_err(|error| Failure::new(format!("playhouse got lost while it ran: {error}")))?;
    Ok((status, talk))
}

fn check(
    status: ExitStatus,
    artifacts: &Artifacts,
    delivery: &Delivery,
    talk: &str,
) -> Result<(), Failure> {
    if !status.success() {
        return Err(Failure::of_program(
            format!("the demo failed: playhouse ended with {status}"),
            status.code(),
        ));
    }
    let complaint = artifacts
        .complaint()
        .or_else(|| delivery.complaint(&artifacts.events))
        .or_else(|| summary::complaint(talk, &PLUGINS));
    match complaint {
        Some(complaint) => Err(Failure::new(format!("the demo failed: {complaint}"))),
        None => Ok(()),
    }
}
