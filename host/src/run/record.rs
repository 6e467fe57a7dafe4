//! What the outside is told of a run: sinks with `starting`, the `command` artifact,
//! plugins at `init`. Secrets stay inside.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::artifacts::What;
use crate::input::CommandFile;
use crate::plugins::RunFacts;
use crate::prepare::{Environment, RunConfig, Word};
use crate::secrets::{REDACTED, is_public_variable, without_credentials};

/// What goes with `starting`: a sink sees the names of variables, and no value that
/// is not its business.
pub(super) fn starting(
    config: &RunConfig,
    words: &[Word],
    environment: &Environment,
) -> Vec<(&'static str, Value)> {
    let env: serde_json::Map<String, Value> = environment
        .iter()
        .map(|(name, _)| (name.to_string_lossy().into_owned(), json!(REDACTED)))
        .collect();
    let words = shown(config, words);
    vec![("command", words), ("env", Value::Object(env)), ("cwd", json!(config.project_dir))]
}

/// The `command` artifact: what was run, secrets left out unless they were asked for.
pub(super) fn command_file(config: &RunConfig, words: &[Word], environment: &Environment) -> Value {
    let is_full = config.command_file == CommandFile::Full;
    let env: serde_json::Map<String, Value> = environment
        .iter()
        .map(|(name, value)| {
            let set_by_us = config.environment.get(name) != Some(value);
            let name = name.to_string_lossy().into_owned();
            let value = value.to_string_lossy();
            let is_open = (set_by_us || is_public_variable(&name))
                && !config.secret_variables.contains(&name)
                && !config.set_by_plugins.contains(&format!("/envvars/{name}"));
            let value = match is_open {
                _ if is_full => value,
                true => config.secrets.hide(&without_credentials(&value)).into_owned().into(),
                false => REDACTED.into(),
            };
            let name = if is_full { name } else { config.secrets.hide(&name).into_owned() };
            (name, json!(value))
        })
        .collect();
    let words = match config.command_file {
        CommandFile::Full => words.iter().map(Word::text).collect(),
        CommandFile::Redacted => shown(config, words),
    };
    json!({"command": words, "cwd": config.project_dir, "env": env})
}

/// The words of a command line as anybody may see them.
fn shown(config: &RunConfig, words: &[Word]) -> Value {
    words.iter().map(|word| config.secrets.hide(word.shown()).into_owned()).collect()
}

/// The run as every plugin is told of it.
pub(super) fn run_facts(config: &RunConfig) -> RunFacts {
    let mut ext = vec![(
        "controller".to_owned(),
        rustix::system::uname().nodename().to_string_lossy().into_owned(),
    )];
    if let Some(user) = config.environment.text("USER").or(config.environment.text("LOGNAME")) {
        ext.push(("user".to_owned(), user.to_owned()));
    }
    if !config.inventory.is_empty() {
        let inventory = config.inventory.join(",");
        ext.push(("inventory".to_owned(), without_credentials(&inventory).into_owned()));
    }
    if let Some(limit) = &config.limit {
        ext.push(("limit".to_owned(), without_credentials(limit).into_owned()));
    }
    RunFacts {
        id: config.run_id.to_string(),
        ident: config.ident.clone(),
        playbook: config.job.playbook().map(str::to_owned),
        started: u64::try_from(config.started.as_microsecond()).unwrap_or(0),
        ext,
    }
}

/// The journal's first entry: what later deliveries have to know of the run.
pub(super) fn run_entry(facts: &RunFacts, started: Timestamp) -> What {
    What::Run {
        run: facts.id.clone(),
        started,
        playbook: facts.playbook.clone(),
        about: facts.ext.iter().map(|(key, value)| (key.clone(), json!(value))).collect(),
    }
}
