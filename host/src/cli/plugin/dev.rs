//! `playhouse plugin dev`: builds a project and shows what its plugin does to a recorded
//! run, again each time one of its files changes.

use std::fs;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::subject::SubjectArgs;
use crate::cli::later::{Lines, tell};
use crate::cli::{printer, run};
use crate::exit_code;
use crate::input::RunSpec;

/// How often the project's files are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long sinks may try.
const SINK_LIMIT: Duration = Duration::from_secs(5);
/// Folders in which nobody writes a plugin.
const NOT_SOURCES: [&str; 5] = ["target", ".venv", ".git", "__pycache__", "artifacts"];

/// Builds the project in a folder, sends a recorded run through its plugin, prints the events
/// that come out, and does it again whenever a file of the project changes, until it is
/// interrupted. Sinks send what they send: give them an endpoint that may have it.
#[derive(Debug, clap::Args)]
pub(super) struct DevArgs {
    /// The project, as `playhouse plugin new` writes one
    #[arg(default_value = ".")]
    project: PathBuf,

    /// A run's artifacts
    #[arg(long, value_name = "DIR")]
    events: PathBuf,

    #[command(flatten)]
    subject: SubjectArgs,

    /// Print no events
    #[arg(short, long)]
    quiet: bool,

    /// Build and show once, and wait for no change; the exit code says whether it went well
    #[arg(long)]
    once: bool,
}

/// Does it until it is interrupted; the exit code.
pub(super) fn dev(args: &DevArgs) -> i32 {
    loop {
        let seen = newest(&args.project);
        let code = match build(&args.project).and_then(|component| show(args, &component)) {
            Ok(()) => 0,
            Err(message) => {
                printer::error(&message);
                exit_code::INPUT
            }
        };
        if args.once {
            return code;
        }
        printer::say("waiting for a change; Ctrl-C ends this");
        while newest(&args.project) == seen {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// Builds the project the way its README says; the component.
fn build(project: &Path) -> Result<PathBuf, String> {
    if project.join("Cargo.toml").exists() {
        return build_with_cargo(project);
    }
    if project.join("plugin.py").exists() {
        return build_with_python(project);
    }
    Err(format!(
        "`{}` has neither a `Cargo.toml` nor a `plugin.py`; `playhouse plugin new` writes a project",
        project.display()
    ))
}

fn build_with_cargo(project: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(project)
        .stdout(Stdio::piped());
    let not_started = |error| format!("`cargo` cannot be started: {error}");
    let output = cargo.stderr(Stdio::inherit()).output().map_err(not_started)?;
    if !output.status.success() {
        return Err("the plugin does not build".to_owned());
    }
    // The last component is the project's own; those before it are what it depends on.
    let component = output
        .stdout
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .filter(|file| file.extension().is_some_and(|extension| extension == "wasm"))
        .last();
    component.ok_or_else(|| {
        "the project builds no component: it is a library of the type `cdylib`".to_owned()
    })
}

fn build_with_python(project: &Path) -> Result<PathBuf, String> {
    let python = project.join(".venv/bin/python");
    let python = python.canonicalize().map_err(|_| {
        format!("there is no `{}`; make it as the project's README says", python.display())
    })?;
    let status = Command::new(python)
        .args(["-m", "playhouse_plugin", "build"])
        .env("PYTHONPATH", "sdk")
        .current_dir(project)
        .status()
        .map_err(|error| format!("Python cannot be started: {error}"))?;
    if !status.success() {
        return Err("the plugin does not build".to_owned());
    }
    let metadata = project.join("plugin.json");
    let name = fs::read(&metadata)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .and_then(|metadata| metadata["name"].as_str().map(str::to_owned))
        .ok_or_else(|| format!("`{}` has no `name`", metadata.display()))?;
    Ok(project.join(format!("{name}.wasm")))
}

/// Sends the recorded run through the plugin.
fn show(args: &DevArgs, component: &Path) -> Result<(), String> {
    let folder = args.events.canonicalize().ok();
    let place = folder.as_deref().and_then(|folder| Some((folder.parent()?, folder.file_name()?)));
    let (root, ident) = place.ok_or_else(|| {
        format!("there are no artifacts `{}`; name the folder of a run", args.events.display())
    })?;
    let spec = RunSpec {
        private_data_dir: PathBuf::from("."),
        artifact_dir: Some(root.to_owned()),
        plugins: args.subject.flags(component, "dev"),
        ..RunSpec::default()
    };
    let mut lines = Lines { is_quiet: args.quiet };
    let ident = ident.to_string_lossy();
    let outcome =
        run::with_playhouse(|playhouse| playhouse.try_out(&spec, &ident, SINK_LIMIT, &mut lines))
            .map_err(|error| error.to_string())?;
    tell(&outcome.plugins);
    match outcome.error {
        Some(error) => Err(error.to_string()),
        None => Ok(()),
    }
}

/// When a source of the project was last changed. A folder that cannot be read has none.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let is_built = Path::new(&name).extension().is_some_and(|end| end == "wasm");
            if is_built || NOT_SOURCES.iter().any(|other| name == **other) {
                return None;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => newest(&entry.path()),
                _ => entry.metadata().ok()?.modified().ok(),
            }
        })
        .max()
}
