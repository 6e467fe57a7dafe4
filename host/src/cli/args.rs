//! What can be typed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Command, CommandFactory as _, Parser};
use serde_json::{Map, Value};

use super::debug_log;
use super::explain::ExplainArgs;
use super::history::{EventsArgs, StatusArgs};
use super::isolation_args::IsolationArgs;
use super::later::{DeliverArgs, ReplayArgs};
use super::plugin::PluginSubcommand;
use super::plugin_args::PluginArgs;
use crate::input::{
    CommandFile, EventData, InputError, Job, OutputForm, RunSpec, read_variables, role_vars,
};

/// Run Ansible playbooks from a private data directory, with sandboxed plugins in the loop
#[derive(Debug, Parser)]
#[command(name = "playhouse", version, infer_long_args = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) subcommand: Subcommand,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum Subcommand {
    /// Run a playbook, a module or a role in the foreground
    Run(Box<RunArgs>),
    /// Run it in the background; returns when it is up, or has failed
    Start(Box<RunArgs>),
    /// End what `start` has begun
    Stop(Box<RunArgs>),
    /// Say by the exit code whether what `start` has begun goes on: 0, else 1
    IsAlive(Box<RunArgs>),
    /// Show the runs of a private data directory and how they ended
    Status(StatusArgs),
    /// Show what happened in a run
    Events(EventsArgs),
    /// Say what plugins did to one event of a run
    Explain(ExplainArgs),
    /// Give sinks what they had not taken when their runs ended
    Deliver(DeliverArgs),
    /// Send what a run has recorded through plugins, without Ansible
    Replay(ReplayArgs),
    /// Install plugins, look at them, write them and test them
    Plugin(PluginSubcommand),
    /// Print what a shell needs to complete the words of this program
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or that of a subcommand: `playhouse man run | man -l -`
    Man {
        /// Which
        subcommand: Option<String>,
    },
    /// What `start` leaves running
    #[command(hide = true)]
    Background(Box<RunArgs>),
}

/// Runs a playbook, a module or a role and waits for it. Its output is on standard output; what Playhouse has
/// to say is on standard error. Exits with Ansible's code.
#[derive(Debug, clap::Args)]
#[command(infer_long_args = true, args_override_self = true, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(super) struct RunArgs {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// The playbook, relative to the project directory [env: `RUNNER_PLAYBOOK`]
    #[arg(short, long)]
    playbook: Option<String>,

    /// Run one module in place of a playbook [env: `RUNNER_MODULE`]
    #[arg(short, long, conflicts_with = "playbook")]
    module: Option<String>,

    /// The module's arguments
    #[arg(short = 'a', long = "args", value_name = "ARGS", allow_hyphen_values = true)]
    module_args: Option<String>,

    /// Run one role in place of a playbook [env: `RUNNER_ROLE`]
    #[arg(short, long, conflicts_with_all = ["playbook", "module"])]
    role: Option<String>,

    /// The role's variables: `name=value` words, values as Python writes them
    #[arg(long, value_name = "VARS")]
    role_vars: Option<String>,

    /// Do not gather facts before the role
    #[arg(long)]
    role_skip_facts: bool,

    /// Where roles are looked for
    #[arg(long, value_name = "DIRS")]
    roles_path: Option<String>,

    /// The hosts for `--module` or `--role`
    #[arg(long)]
    hosts: Option<String>,

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

    /// Set variables from a YAML or JSON file, `@file`, in which no text is a template: for
    /// what comes from strangers. They win over others; may be repeated
    #[arg(long, value_name = "@FILE")]
    untrusted_vars: Vec<String>,

    /// How many hosts Ansible works on at once
    #[arg(long, value_name = "N")]
    forks: Option<String>,

    /// A program in place of Ansible's; it gets the options, and no playbook or module
    #[arg(short, long, env = "RUNNER_BINARY", hide_env = true, value_name = "PROGRAM")]
    binary: Option<String>,

    /// Stop a run that takes longer, in place of `job_timeout` in `env/settings`; 0 for
    /// no limit
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Let Ansible say more; may be repeated
    #[arg(short, action = ArgAction::Count)]
    verbose: u8,

    /// Say nothing on the terminal
    #[arg(short, long)]
    quiet: bool,

    /// Show events as JSON, one a line, in place of Ansible's output
    #[arg(short, long)]
    json: bool,

    /// Show where the run is, in place of Ansible's output
    #[arg(long, conflicts_with_all = ["json", "quiet"])]
    progress: bool,

    /// Keep no `event_data`
    #[arg(long)]
    omit_event_data: bool,

    /// Keep the `event_data` of failures only
    #[arg(long)]
    only_failed_event_data: bool,

    /// Has no effect: files of `env/` are never written
    #[arg(long, hide = true)]
    omit_env_files: bool,

    /// Leave the run's `-e` and `--cmdline` in `env/`, for the next run
    #[arg(long)]
    persist_inputs: bool,

    /// Write all values into the artifact `command`, secrets too, as Ansible Runner does
    #[arg(long, value_name = "FORM", value_parser = ["redacted", "full"], default_value = "redacted")]
    command_file: String,

    /// Say on standard error what Playhouse does
    #[arg(long)]
    debug: bool,

    /// Write that to a file too, with times
    #[arg(long, value_name = "FILE")]
    logfile: Option<PathBuf>,

    #[command(flatten)]
    isolation: IsolationArgs,

    /// Where run folders are made [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// Keep this many runs in the artifact directory, the newest; 0 keeps all
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    rotate_artifacts: usize,

    /// Where playbooks are [default: `project` in the private data directory]
    #[arg(long, value_name = "DIR")]
    project_dir: Option<PathBuf>,

    #[command(flatten)]
    plugins: PluginArgs,

    /// Stop the run when any plugin fails, and let it fail where a sink has not taken everything
    #[arg(long)]
    strict_plugins: bool,

    /// Let plugins say what they would change about the run before it starts, and change nothing
    #[arg(long)]
    plugins_shadow: bool,
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

/// The command line. `stop` and `is-alive` take, as Ansible Runner's do, the options of the
/// run they are about, and say nothing of them.
pub(super) fn command() -> Command {
    ["stop", "is-alive"].into_iter().fold(Args::command(), |command, name| {
        command.mut_subcommand(name, |subcommand| {
            let hide = |arg: clap::Arg| {
                let is_hidden = arg.get_id() != "private_data_dir";
                arg.hide(is_hidden)
            };
            subcommand.mut_args(hide).after_help("")
        })
    })
}

impl RunArgs {
    /// Where the run is.
    pub(super) fn private_data_dir(&self) -> &Path {
        &self.private_data_dir
    }

    /// Begins to log what was asked to be logged.
    pub(super) fn begin_log(&self) -> Result<(), String> {
        debug_log::begin(self.debug, self.logfile.as_deref())
            .map_err(|error| format!("the log cannot be written: {error}"))
    }

    /// Whether to show where the run is.
    pub(super) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Whether nothing is to be said.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// What was asked for.
    pub(super) fn to_spec(&self) -> Result<RunSpec, String> {
        if let Some(refusal) = self.isolation.refusal() {
            return Err(refusal);
        }
        Ok(RunSpec {
            private_data_dir: self.private_data_dir.clone(),
            job: self.job()?,
            binary: self.binary.clone(),
            roles_path: self.roles_path.clone(),
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
            untrusted_vars: self.untrusted_vars()?,
            artifact_dir: self.artifact_dir.clone(),
            project_dir: self.project_dir.clone(),
            event_data: match (self.omit_event_data, self.only_failed_event_data) {
                (true, _) => EventData::Omitted,
                (false, true) => EventData::OnlyFailed,
                (false, false) => EventData::All,
            },
            rotate_artifacts: self.rotate_artifacts,
            output: if self.json { OutputForm::JsonLines } else { OutputForm::Text },
            command_file: match self.command_file.as_str() {
                "full" => CommandFile::Full,
                _ => CommandFile::Redacted,
            },
            persist_inputs: self.persist_inputs,
            quiet: self.quiet,
            plugins: self.plugins.to_flags(),
            strict_plugins: self.strict_plugins,
            shadow_plugins: self.plugins_shadow,
            ..RunSpec::default()
        })
    }

    /// The variables of all files, of which a later one wins.
    fn untrusted_vars(&self) -> Result<Map<String, Value>, String> {
        let mut variables = Map::new();
        for given in &self.untrusted_vars {
            let path = given.strip_prefix('@').ok_or_else(|| {
                "`--untrusted-vars` takes a file, with `@` before its path: \
                 `--untrusted-vars @request.json`"
                    .to_owned()
            })?;
            let failed = |error: InputError| format!("`--untrusted-vars`: {error}");
            variables.extend(read_variables(Path::new(path)).map_err(failed)?);
        }
        Ok(variables)
    }

    /// What flags say, else what the environment says.
    fn job(&self) -> Result<Job, String> {
        let mut given = [self.playbook.clone(), self.module.clone(), self.role.clone()];
        if given.iter().all(Option::is_none) {
            let names = ["RUNNER_PLAYBOOK", "RUNNER_MODULE", "RUNNER_ROLE"];
            let of_environment =
                |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
            let first = names.into_iter().position(|name| of_environment(name).is_some());
            if let Some(index) = first {
                given[index] = of_environment(names[index]);
            }
        }
        let hosts = self.hosts.clone();
        let [playbook, module, role] = given;
        if let Some(name) = module {
            return Ok(Job::Module { name, arguments: self.module_args.clone(), hosts });
        }
        if let Some(name) = role {
            let vars =
                role_vars(self.role_vars.as_deref().unwrap_or_default()).map_err(|word| {
                    format!("`--role-vars`: `{word}` has no `=`; write `name=value`")
                })?;
            return Ok(Job::Role { name, vars, hosts, gather_facts: !self.role_skip_facts });
        }
        if hosts.is_some() {
            return Err("The --hosts option can only be used with -m or -r".to_owned());
        }
        playbook.map(Job::Playbook).ok_or_else(|| {
            "The -p option must be specified when not using -m or -r: the playbook's name, relative to the project directory".to_owned()
        })
    }
}

pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number of seconds".to_owned())
}
