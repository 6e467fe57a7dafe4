//! `playhouse plugin verify`.

use super::failure::Failure;
use super::show;
use crate::cli::places;
use crate::exit_code;

/// Hold installed plugins against the lock file
///
/// Their compiled code is held against its seal. Where something differs it is told, and the exit code is 1.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Their names; all, where none is given
    names: Vec<String>,

    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

pub(super) fn verify(args: &VerifyArgs) -> Result<i32, Failure> {
    let (host, store) = (places::library().host()?, places::installed_plugins()?);
    let verified = store.verify(&host, &args.names)?;
    if args.json {
        show::json(&verified);
    } else {
        for plugin in &verified {
            if plugin.problems.is_empty() {
                show::line(&format!("{}: ok", plugin.name));
            }
            for problem in &plugin.problems {
                show::line(&format!("{}: {problem}", plugin.name));
            }
        }
    }
    let all_well = verified.iter().all(|plugin| plugin.problems.is_empty());
    Ok(if all_well { 0 } else { exit_code::DIFFERS })
}
