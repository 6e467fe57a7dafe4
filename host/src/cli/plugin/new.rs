//! `playhouse plugin new`: a project for a new plugin. It holds the SDK and the interface
//! too, so that this program is all it takes.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::project::{Language, Project};
use crate::cli::printer;
use crate::exit_code;
use crate::plugins::{Hook, PluginName};

/// Writes a project for a new plugin into a folder of its own. It needs nothing but what
/// its language does; its README has the commands to test, build and run it.
#[derive(Debug, clap::Args)]
pub(super) struct NewArgs {
    /// What the plugin is called: `a-z`, `0-9` and `-`
    #[arg(value_parser = |text: &str| text.parse::<PluginName>())]
    name: PluginName,

    /// A place in a run where it takes part; may be repeated, or be a list with commas
    #[arg(long = "hook", value_name = "HOOK", required = true, value_delimiter = ',', value_parser = hook_names())]
    hooks: Vec<String>,

    /// What it is written in
    #[arg(long = "lang", value_name = "LANGUAGE", value_enum)]
    language: Language,

    /// The project's folder, which is made [default: NAME]
    #[arg(long, value_name = "DIR")]
    path: Option<PathBuf>,
}

/// Why there is no project.
#[derive(Debug, thiserror::Error)]
enum NewError {
    #[error("`{0}` is there already; name another folder with `--path`, or remove it")]
    Exists(PathBuf),
    #[error(
        "`{0}` is a word that Rust or the SDK has for something else; choose one that says what the plugin does"
    )]
    Taken(PluginName),
    #[error("`timer` is for sinks: add `--hook event-sink` or `--hook status-sink`")]
    LoneTimer,
    #[error("`{}` cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Crates that a project depends on, and words of Cargo and the languages.
const TAKEN: &str = "abstract alloc as async await become box break build const continue core crate \
    deps do dyn else enum extern false final fn for gen if impl in let loop macro match mod move \
    mut override playhouse-plugin plugin priv proc-macro pub ref return schemars self serde serde-json \
    static std struct super test trait true try type typeof unsafe unsized use virtual where \
    while yield";

/// Does it; the exit code.
pub(super) fn new(args: &NewArgs) -> i32 {
    match write_project(args) {
        Ok(()) => 0,
        Err(error @ (NewError::Taken(_) | NewError::LoneTimer)) => {
            printer::error(&error.to_string());
            exit_code::USAGE
        }
        Err(error) => {
            printer::error(&error.to_string());
            exit_code::INPUT
        }
    }
}

fn write_project(args: &NewArgs) -> Result<(), NewError> {
    let hooks: Vec<Hook> = Hook::ALL
        .into_iter()
        .filter(|hook| args.hooks.iter().any(|name| name == hook.as_str()))
        .collect();
    if TAKEN.split(' ').any(|taken| taken == args.name.as_str()) {
        return Err(NewError::Taken(args.name.clone()));
    }
    let has_sink = hooks.iter().any(|hook| matches!(hook, Hook::StatusSink | Hook::EventSink));
    if hooks.contains(&Hook::Timer) && !has_sink {
        return Err(NewError::LoneTimer);
    }
    let project = Project { name: &args.name, hooks: &hooks, language: args.language };
    let folder = args.path.clone().unwrap_or_else(|| PathBuf::from(args.name.as_str()));
    make_folder(&folder)?;
    for (path, text) in project.files() {
        let path = folder.join(path);
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, text)
        };
        write().map_err(|source| NewError::Write { path: path.clone(), source })?;
    }
    let commands = project.commands().join("\n").replace('\n', "\n  ");
    let folder = folder.display();
    // Whoever closes the pipe has seen enough.
    let _ = writeln!(
        io::stdout().lock(),
        "made `{folder}`; its README says what is where\n\n  cd {folder}\n  {commands}"
    );
    Ok(())
}

/// Makes the project's folder, and those above it; it must not be there.
fn make_folder(folder: &Path) -> Result<(), NewError> {
    let made =
        folder.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::create_dir(folder));
    made.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => NewError::Exists(folder.to_owned()),
        _ => NewError::Write { path: folder.to_owned(), source },
    })
}

fn hook_names() -> clap::builder::PossibleValuesParser {
    Hook::ALL.map(Hook::as_str).into()
}
