//! What the outside is told of a run: sinks with `starting`, the `command` artifact,
//! plugins at `init`. Secrets stay inside.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::artifacts::What;
use crate::input::CommandFile;
use crate::plugins::RunFacts;
use crate::prepare::{Environment, REDACTED, RunConfig, looks_secret};

/// What goes with `starting`: a sink sees the names of variables, and no value that
/// is not its business.
pub(super) fn starting(
    config: &RunConfig,
    argv: &[String],
    environment: &Environment,
) -> Vec<(&'static str, Value)> {
    let env: serde_json::Map<String, Value> = environment
        .iter()
        .map(|(name, _)| (name.to_string_lossy().into_owned(), json!(REDACTED)))
        .collect();
    let mut words: Vec<&str> = Vec::with_capacity(argv.len());
    for word in argv {
        let is_extra_vars = words.last() == Some(&"-e") && !word.starts_with('@');
        words.push(if is_extra_vars { REDACTED } else { word });
    }
    vec![("command", json!(words)), ("env", Value::Object(env)), ("cwd", json!(config.project_dir))]
}

/// The `command` artifact: what was run, secrets left out unless they were asked for.
pub(super) fn command_file(
    config: &RunConfig,
    argv: &[String],
    environment: &Environment,
) -> Value {
    let env: serde_json::Map<String, Value> = environment
        .iter()
        .map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            let value = value.to_string_lossy();
            let is_secret = looks_secret(&name)
                || config.secret_variables.contains(&name)
                || config.set_by_plugins.contains(&format!("/envvars/{name}"))
                || config.answers.contains(&value);
            let is_hidden = is_secret && config.command_file == CommandFile::Redacted;
            let value = if is_hidden { REDACTED.into() } else { value };
            (name, json!(value))
        })
        .collect();
    json!({"command": argv, "cwd": config.project_dir, "env": env})
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
        ext.push(("inventory".to_owned(), config.inventory.join(",")));
    }
    if let Some(limit) = &config.limit {
        ext.push(("limit".to_owned(), limit.clone()));
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
