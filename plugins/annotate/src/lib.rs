//! Puts labels on events: the same on all, some by rule, and facts of the run.

mod glob;

use std::collections::BTreeMap;

use playhouse_plugin::{Change, Enricher, Event, InitError, Plugin, Setup, plugin};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// See the README.
pub struct Annotate {
    everywhere: Labels,
    rules: Vec<Rule>,
}

type Labels = BTreeMap<String, Value>;

/// The settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Labels for every event.
    labels: Labels,
    /// Facts of the run to put on every event: `id`, `ident`, `playbook`, or a key such as `user`, `controller`, `limit`.
    run: Vec<String>,
    /// Labels for some events.
    rules: Vec<Rule>,
}

/// Labels for some events. A list that is empty matches all.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Of these hosts; `*` stands for any text.
    #[serde(default)]
    hosts: Vec<String>,
    /// Of these names: `runner_on_*`.
    #[serde(default)]
    names: Vec<String>,
    /// Of these tasks.
    #[serde(default)]
    tasks: Vec<String>,
    /// What they get.
    labels: Labels,
}

impl Plugin for Annotate {
    type Settings = Settings;

    fn init(settings: Settings, setup: &Setup) -> Result<Self, InitError> {
        let mut everywhere = settings.labels;
        for (index, key) in settings.run.iter().enumerate() {
            let run = &setup.run;
            let fact = match key.as_str() {
                "id" => Some(run.id.as_str()),
                "ident" => Some(run.ident.as_str()),
                "playbook" => run.playbook.as_deref(),
                key => run.fact(key),
            };
            check_key(key, &format!("/run/{index}"))?;
            // A run without a limit has none to show.
            if let Some(fact) = fact {
                everywhere.insert(key.clone(), Value::String(fact.to_owned()));
            }
        }
        for key in everywhere.keys() {
            check_key(key, &playhouse_plugin::pointer(["labels", key]))?;
        }
        for (index, rule) in settings.rules.iter().enumerate() {
            for key in rule.labels.keys() {
                let index = index.to_string();
                check_key(key, &playhouse_plugin::pointer(["rules", &index, "labels", key]))?;
            }
        }
        Ok(Self { everywhere, rules: settings.rules })
    }
}

impl Enricher for Annotate {
    fn enrich(&mut self, event: &Event<'_>, change: &mut Change) {
        let mut rules = self.rules.iter().filter(|rule| rule.matches(event)).peekable();
        if rules.peek().is_none() {
            return self.everywhere.iter().for_each(|(key, value)| change.note(key, value));
        }
        let mut labels: BTreeMap<&String, &Value> = self.everywhere.iter().collect();
        rules.for_each(|rule| labels.extend(&rule.labels));
        for (key, value) in labels {
            change.note(key, value);
        }
    }
}

impl Rule {
    fn matches(&self, event: &Event<'_>) -> bool {
        let any = |globs: &[String], text: Option<&str>| {
            globs.is_empty()
                || text.is_some_and(|text| globs.iter().any(|glob| glob::matches(glob, text)))
        };
        any(&self.hosts, event.host())
            && any(&self.names, Some(event.name()))
            && any(&self.tasks, event.task())
    }
}

fn check_key(key: &str, setting: &str) -> Result<(), InitError> {
    let is_good = (1..=64).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if is_good {
        return Ok(());
    }
    Err(InitError::config(
        setting,
        format!("`{key}` cannot be a label: letters, digits, `-`, `_` and `.`, at most 64 of them"),
    ))
}

plugin!(Annotate: Enricher; "plugin.json");
