//! `playhouse plugin list` and `remove`.

use serde_json::json;

use super::failure::Failure;
use super::show;
use crate::cli::places;

/// Show the installed plugins: name, version, digest, hooks
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Print one JSON object, with what each was granted
    #[arg(long)]
    json: bool,
}

/// Remove an installed plugin, and what was accepted for it
#[derive(Debug, clap::Args)]
pub(super) struct RemoveArgs {
    /// Its name
    name: String,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn list(args: &ListArgs) -> Result<i32, Failure> {
    let lock = places::installed_plugins()?.list()?;
    if args.json {
        show::json(&lock.plugins);
        return Ok(0);
    }
    for (name, locked) in &lock.plugins {
        let hooks = show::hooks(&locked.hooks);
        show::line(&format!("{name} {}, {}, {hooks}", locked.version, locked.digest));
    }
    Ok(0)
}

pub(super) fn remove(args: &RemoveArgs) -> Result<i32, Failure> {
    let removed = places::installed_plugins()?.remove(&args.name)?;
    if args.json {
        show::json(&json!({"name": args.name, "removed": removed}));
    } else {
        show::line(&format!("removed {} {}", args.name, removed.version));
    }
    Ok(0)
}
