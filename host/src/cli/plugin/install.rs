//! `playhouse plugin install` and `upgrade`.

use std::path::Path;

use super::failure::Failure;
use super::show;
use crate::cli::{places, printer};
use crate::exit_code;
use crate::plugins::{ComponentFile, ExpectedDigest, Installed, PluginReference, Upgrade};

/// Check a component, compile it and install it with what it asks for
///
/// A run may then ask for it by its name. What it asks for is granted wherever it runs, but for what is wide (a
/// part of the pattern is `*`): of that, a run has to allow a part. What may run code on this machine is installed only
/// with `--accept`, and the exit code is 77 without.
#[derive(Debug, clap::Args)]
pub(super) struct InstallArgs {
    /// The component; with `@sha256:…` behind it, it must have that digest
    #[arg(value_name = "PATH[@sha256:HEX]")]
    component: String,

    /// Accept what may run code on this machine
    #[arg(long)]
    accept: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Put another version in the place of an installed plugin
///
/// Shows how it differs. Where it has new hooks, asks for more, sees more, does less for it or is older, it is installed
/// only with `--accept`, and the exit code is 77 without.
#[derive(Debug, clap::Args)]
pub(super) struct UpgradeArgs {
    /// The component; with `@sha256:…` behind it, it must have that digest
    #[arg(value_name = "PATH[@sha256:HEX]")]
    component: String,

    /// Accept what it asks for
    #[arg(long)]
    accept: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn install(args: &InstallArgs) -> Result<i32, Failure> {
    let file = read(&args.component)?;
    let (host, store) = (places::library().host()?, places::installed_plugins()?);
    let installed = store.install(&host, &file, args.accept)?;
    if args.json {
        show::json(&installed);
    } else {
        show::line(&format!("installed {}", titled(&installed)));
        describe(&installed);
    }
    say_notice(host.take_notice());
    Ok(0)
}

pub(super) fn upgrade(args: &UpgradeArgs) -> Result<i32, Failure> {
    let file = read(&args.component)?;
    let (host, store) = (places::library().host()?, places::installed_plugins()?);
    let upgrade = store.upgrade(&host, &file, args.accept)?;
    if args.json {
        show::json(&upgrade);
    } else {
        show_difference(&upgrade);
    }
    say_notice(host.take_notice());
    if upgrade.done {
        return Ok(0);
    }
    Err(Failure {
        message: format!(
            "`{}` is not what was accepted, and was not upgraded; to accept it: `playhouse plugin upgrade --accept {}`",
            upgrade.to.name, args.component
        ),
        code: exit_code::REFUSED,
    })
}

fn read(component: &str) -> Result<ComponentFile, Failure> {
    let reference = PluginReference::new(component);
    let pinned = reference.pinned().map_err(Failure::input)?;
    let file = ComponentFile::read(Path::new(reference.plugin))?;
    file.check_digest(pinned.map(ExpectedDigest::Pinned).as_ref())?;
    Ok(file)
}

/// `http-sink 0.1.0, sha256:…`
fn titled(installed: &Installed) -> String {
    let locked = &installed.locked;
    format!("{} {}, {}", installed.name, locked.version, locked.digest)
}

fn describe(installed: &Installed) {
    show::line(&format!("  hooks: {}", show::hooks(&installed.locked.hooks)));
    for sees in &installed.sees {
        show::line(&format!("  {sees}"));
    }
    if installed.asked.is_empty() {
        show::line("  asks for nothing");
    } else {
        show::line("  asks for:");
        show::asked(installed.name.as_str(), &installed.asked);
    }
}

fn show_difference(upgrade: &Upgrade) {
    let (name, from, to) = (&upgrade.to.name, &upgrade.from, &upgrade.to.locked);
    let done = if upgrade.done { "upgraded" } else { "not upgraded:" };
    show::line(&format!("{done} {name} {} to {}", from.version, to.version));
    show::line(&format!("  {} to {}", from.digest, to.digest));
    if let Some(older) = &upgrade.older {
        show::line(&format!("  {older}"));
    }
    for hook in &upgrade.new_hooks {
        show::line(&format!("  new hook: {hook}"));
    }
    for claim in &upgrade.new_claims {
        show::line(&format!("  {claim}"));
    }
    for limit in &upgrade.raised_limits {
        show::line(&format!("  raises a limit: {limit}"));
    }
    for hook in &upgrade.dropped_hooks {
        show::line(&format!("  no longer has the hook: {hook}"));
    }
    if !upgrade.new_wants.is_empty() {
        show::line("  now asks for:");
        show::asked(name.as_str(), &upgrade.new_wants);
    }
    for want in &upgrade.dropped_wants {
        show::line(&format!("  no longer asks for: {want}"));
    }
}

fn say_notice(notice: Option<String>) {
    if let Some(notice) = notice {
        printer::say(&format!("warning: {notice}"));
    }
}
