//! `playhouse deliver` and `playhouse replay`: plugins and runs that have ended.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use super::args::seconds;
use super::plugin_args::PluginArgs;
use super::{printer, run};
use crate::input::RunSpec;
use crate::pipeline::Observer;
use crate::{Playhouse, PluginSummary, RunError, exit_code};

/// Gives the sinks of runs that have ended what they had not taken, from where they
/// stopped on. The plugins are those of `env/plugins` and of `--plugin`, found by the names
/// they had in the run.
#[derive(Debug, clap::Args)]
pub(super) struct DeliverArgs {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// This run only
    ident: Option<String>,

    /// Where run folders are [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// How long sinks may try, for each run
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60")]
    timeout: Duration,

    /// Deliver with a plugin that is another one, or may do something else, than in the run
    #[arg(long)]
    accept: bool,

    #[command(flatten)]
    plugins: PluginArgs,
}

/// Sends what a run has recorded, by Playhouse or by Ansible Runner, through the plugins
/// that `--plugin` names. Events that come out are printed, one JSON object a line; sinks
/// get them too. The run's folder is only read.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// The run
    ident: String,

    /// Where run folders are [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// How long sinks may try
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60")]
    timeout: Duration,

    /// Print no events
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    plugins: PluginArgs,
}

/// `playhouse deliver`; the exit code.
pub(super) fn deliver(args: &DeliverArgs) -> i32 {
    let spec = RunSpec {
        private_data_dir: args.private_data_dir.clone(),
        ident: args.ident.clone(),
        artifact_dir: args.artifact_dir.clone(),
        plugins: args.plugins.to_flags(),
        ..RunSpec::default()
    };
    ended(|playhouse| {
        let outcomes = playhouse.deliver(&spec, args.timeout, args.accept)?;
        if outcomes.is_empty() {
            printer::say("nothing is waiting to be delivered");
        }
        let mut waiting = 0;
        let mut failed = None;
        for outcome in outcomes {
            printer::say(&format!("run {}:", outcome.ident));
            waiting += tell(&outcome.plugins);
            for error in &outcome.errors {
                printer::error(&error.to_string());
                failed = failed.or(Some(error.exit_code()));
            }
        }
        Ok(failed.unwrap_or(if waiting > 0 { exit_code::UNDELIVERED } else { 0 }))
    })
}

/// `playhouse replay`; the exit code.
pub(super) fn replay(args: &ReplayArgs) -> i32 {
    let spec = RunSpec {
        private_data_dir: args.private_data_dir.clone(),
        artifact_dir: args.artifact_dir.clone(),
        plugins: args.plugins.to_flags(),
        ..RunSpec::default()
    };
    let mut lines = Lines { is_quiet: args.quiet };
    ended(|playhouse| {
        let outcome = playhouse.replay(&spec, &args.ident, args.timeout, &mut lines)?;
        let waiting = tell(&outcome.plugins);
        if let Some(error) = outcome.error {
            return Err(error);
        }
        printer::say(&format!("{} events replayed", outcome.events));
        Ok(if waiting > 0 { exit_code::UNDELIVERED } else { 0 })
    })
}

fn ended(work: impl FnOnce(&Playhouse) -> Result<i32, RunError>) -> i32 {
    run::with_playhouse(|playhouse| work(&playhouse)).unwrap_or_else(|error| {
        printer::error(&error.to_string());
        error.exit_code()
    })
}

/// A line for each plugin; how much their sinks have left.
pub(super) fn tell(plugins: &[PluginSummary]) -> u64 {
    for plugin in plugins {
        printer::say(&printer::plugin_line(plugin));
    }
    plugins
        .iter()
        .filter_map(|plugin| plugin.delivery.as_ref())
        .map(|delivery| delivery.waiting)
        .sum()
}

/// Prints what comes out. Whoever closes the pipe has seen enough.
pub(super) struct Lines {
    pub(super) is_quiet: bool,
}

impl Observer for Lines {
    fn show(&mut self, text: &str) {
        if !self.is_quiet {
            self.is_quiet = io::stdout().lock().write_all(text.as_bytes()).is_err();
        }
    }
}
