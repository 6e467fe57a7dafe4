//! What can be typed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser};

use crate::input::{OutputForm, PluginFlags, RunSpec};

/// Run Ansible playbooks from a private data directory, with sandboxed plugins in the loop
#[derive(Debug, Parser)]
#[command(name = "playhouse", version, infer_long_args = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) subcommand: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Run a playbook in the foreground
    Run(RunArgs),
}

/// Runs a playbook and waits for it. Its output is on standard output; what Playhouse has
/// to say is on standard error. Exits with Ansible's code.
#[derive(Debug, clap::Args)]
#[command(infer_long_args = true, after_help = AFTER_HELP)]
pub(super) struct RunArgs {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// The playbook, relative to the project directory
    #[arg(short, long, env = "RUNNER_PLAYBOOK", value_name = "PLAYBOOK")]
    pub(super) playbook: Option<String>,

    /// The name of the run's folder in the artifact directory [default: a new UUID]
    #[arg(short, long)]
    ident: Option<String>,

    /// The inventory: a file or folder, as given or under `inventory/`
    #[arg(long, value_name = "PATH")]
    inventory: Option<String>,

    /// Run on these hosts only
    #[arg(long, value_name = "HOSTS", allow_hyphen_values = true)]
    limit: Option<String>,

    /// More words for Ansible's command line, in place of `env/cmdline`
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    cmdline: Option<String>,

    /// Run only plays and tasks with these tags
    #[arg(long)]
    tags: Option<String>,

    /// Leave out plays and tasks with these tags
    #[arg(long, value_name = "TAGS")]
    skip_tags: Option<String>,

    /// Set variables: `key=value`, YAML, JSON, or `@file`; may be repeated
    #[arg(short, long, value_name = "VARS", allow_hyphen_values = true)]
    extra_vars: Vec<String>,

    /// How many hosts Ansible works on at once
    #[arg(long, value_name = "N")]
    forks: Option<String>,

    /// Stop a run that takes longer, in place of `job_timeout` in `env/settings`; 0 for
    /// no limit
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Let Ansible say more; may be repeated
    #[arg(short, action = ArgAction::Count)]
    verbose: u8,

    /// Say nothing on the terminal
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Show events as JSON, one a line, in place of Ansible's output
    #[arg(short, long)]
    json: bool,

    /// Where run folders are made [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// Where playbooks are [default: `project` in the private data directory]
    #[arg(long, value_name = "DIR")]
    project_dir: Option<PathBuf>,

    /// Let a plugin take part, behind those of `env/plugins`: a name, or the path of a
    /// `.wasm` file; `=name` behind it gives it a name for this run; may be repeated
    #[arg(long, value_name = "PLUGIN[=NAME]")]
    plugin: Vec<String>,

    /// Set a plugin's setting; the value is JSON if it parses as JSON, else text; may be
    /// repeated
    #[arg(long, value_name = "NAME.KEY=VALUE")]
    plugin_config: Vec<String>,

    /// Allow a plugin something that it asks for; may be repeated
    #[arg(long, value_name = "NAME.KIND=PATTERN")]
    plugin_allow: Vec<String>,
}

const AFTER_HELP: &str = "\
Examples:
  playhouse run demo -p site.yml
  playhouse run demo -p site.yml --plugin http-sink \\
      --plugin-config http-sink.url=https://hooks.example/run

Exit codes: Ansible's own; 1 no such directory; 2 usage; 73 artifacts cannot be written;
75 a required sink has not taken everything; 77 a plugin refused the run; 78 a file of
env/ or a plugin cannot be used; 127 no ansible-playbook; 128+n Ansible was ended by
signal n; 254 canceled or timed out.";

impl RunArgs {
    /// What was asked for.
    pub(super) fn to_spec(&self, playbook: String) -> RunSpec {
        RunSpec {
            private_data_dir: self.private_data_dir.clone(),
            playbook,
            ident: self.ident.clone(),
            inventory: self.inventory.clone(),
            limit: self.limit.clone(),
            cmdline: self.cmdline.clone(),
            job_timeout: self.timeout,
            verbosity: self.verbose,
            forks: self.forks.clone(),
            tags: self.tags.clone(),
            skip_tags: self.skip_tags.clone(),
            extra_vars: self.extra_vars.clone(),
            artifact_dir: self.artifact_dir.clone(),
            project_dir: self.project_dir.clone(),
            output: if self.json { OutputForm::JsonLines } else { OutputForm::Text },
            plugins: PluginFlags {
                plugins: self.plugin.clone(),
                config: self.plugin_config.clone(),
                allow: self.plugin_allow.clone(),
            },
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number of seconds".to_owned())
}
