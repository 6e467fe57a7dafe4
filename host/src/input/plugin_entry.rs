//! One plugin as the operator asked for it: an entry of `env/plugins`, or flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::InputError;
use crate::plugins::{
    Allow, IdentityFiles, LimitOverrides, OnError, PluginName, PluginReference, SecretSource,
    Select,
};

/// An entry of `env/plugins`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginEntry {
    /// A name to look up, or a path: with a `/` in it, or ending in `.wasm`. With
    /// `@sha256:…` behind it, the component must have that digest.
    pub plugin: String,
    /// What it is called in this run; the plugin's own name unless said.
    pub name: Option<PluginName>,
    /// Its settings.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// What it may do, of what it asks for.
    #[serde(default)]
    pub allow: Allow,
    /// Where its own secrets come from, by the names it has for them.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretSource>,
    /// A file of certificates, in PEM, that it trusts in place of the system's.
    pub tls_ca: Option<PathBuf>,
    /// Client certificates, by the names it has for them. Where there is one, HTTP
    /// exchanges use it.
    #[serde(default)]
    pub identities: BTreeMap<String, IdentityFiles>,
    /// Which events reach it.
    #[serde(default)]
    pub events: Select,
    /// What its failure does; by hook unless said.
    pub on_error: Option<OnError>,
    /// Whether undelivered events make a successful run fail.
    #[serde(default)]
    pub required: bool,
    /// For a filter: the sinks it hides events from; all and the disk when empty.
    #[serde(default, rename = "for")]
    pub only_for: Vec<PluginName>,
    /// In place of the documented limits.
    #[serde(default)]
    pub limits: LimitOverrides,
}

/// What `--plugin`, `--plugin-config`, `--plugin-allow` and `--plugin-secret` say, each in
/// the order given.
#[derive(Debug, Clone, Default)]
pub struct PluginFlags {
    /// `http-sink`, `./x.wasm`, `http-sink=second`.
    pub plugins: Vec<String>,
    /// `x.key=value`; the value is JSON if it parses as JSON, else text.
    pub config: Vec<String>,
    /// `x.http=https://host`.
    pub allow: Vec<String>,
    /// `x.token=env:HOOK_TOKEN`.
    pub secrets: Vec<String>,
}

impl PluginFlags {
    /// Appends the plugins that flags name to those of `env/plugins`, then applies
    /// settings and grants by name to any of them. A plugin without a name of its own
    /// is known by the last part of what it was asked as, without `.wasm`.
    pub fn apply(&self, entries: &mut Vec<PluginEntry>) -> Result<(), InputError> {
        for given in &self.plugins {
            entries.push(entry_of_flag(given)?);
        }
        for given in &self.config {
            let (entry, key, value) = addressed("--plugin-config", given, entries)?;
            let value =
                serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            match key {
                Some(key) => set_config(&mut entry.config, key, value)
                    .map_err(|reason| flag_error("--plugin-config", given, reason))?,
                None => match value {
                    Value::Object(config) => entry.config = config,
                    _ => {
                        return Err(flag_error(
                            "--plugin-config",
                            given,
                            "without a key, the settings are one JSON object: `x={\"url\": \"…\"}`",
                        ));
                    }
                },
            }
        }
        for given in &self.allow {
            let (entry, kind, pattern) = addressed("--plugin-allow", given, entries)?;
            let kind = kind.unwrap_or_default();
            entry
                .allow
                .add(kind, pattern)
                .map_err(|reason| flag_error("--plugin-allow", given, reason))?;
        }
        for given in &self.secrets {
            let (entry, secret, source) = addressed("--plugin-secret", given, entries)?;
            let secret = secret.ok_or_else(|| {
                flag_error("--plugin-secret", given, "write `name.secret=env:VARIABLE`")
            })?;
            let source =
                source.parse().map_err(|reason| flag_error("--plugin-secret", given, reason))?;
            entry.secrets.insert(secret.to_owned(), source);
        }
        Ok(())
    }
}

fn entry_of_flag(given: &str) -> Result<PluginEntry, InputError> {
    let (plugin, name) = match given.rsplit_once('=') {
        Some((plugin, name)) => (
            plugin,
            Some(
                name.parse::<PluginName>()
                    .map_err(|error| flag_error("--plugin", given, error.to_string()))?,
            ),
        ),
        None => (given, None),
    };
    Ok(PluginEntry { name, ..PluginEntry::of(plugin) })
}

/// Splits `name.key=value` and finds the entry the name means.
fn addressed<'entries, 'given>(
    flag: &'static str,
    given: &'given str,
    entries: &'entries mut [PluginEntry],
) -> Result<(&'entries mut PluginEntry, Option<&'given str>, &'given str), InputError> {
    let (address, value) =
        given.split_once('=').ok_or_else(|| flag_error(flag, given, "write `name.key=value`"))?;
    let (name, key) = match address.split_once('.') {
        Some((name, key)) => (name, Some(key)),
        None => (address, None),
    };
    let known: Vec<String> = entries.iter().map(PluginEntry::known_as).collect();
    entries
        .iter_mut()
        .find(|entry| entry.known_as() == name)
        .map(|entry| (entry, key, value))
        .ok_or_else(|| {
            let reason = if known.is_empty() {
                format!("no plugin `{name}` takes part in this run; add `--plugin {name}`")
            } else {
                format!(
                    "no plugin `{name}` takes part in this run, only {}; add `--plugin {name}`",
                    known.join(", ")
                )
            };
            flag_error(flag, given, reason)
        })
}

impl PluginEntry {
    /// A plugin with nothing said about it.
    pub fn of(plugin: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            name: None,
            config: Map::new(),
            allow: Allow::default(),
            secrets: BTreeMap::new(),
            tls_ca: None,
            identities: BTreeMap::new(),
            events: Select::default(),
            on_error: None,
            required: false,
            only_for: Vec::new(),
            limits: LimitOverrides::default(),
        }
    }

    /// Makes its failure the run's, where nothing else is said of it: it aborts, and a
    /// sink has to take everything.
    pub(crate) fn make_strict(&mut self) {
        self.on_error.get_or_insert(OnError::Abort);
        self.required = true;
    }

    /// What flags and messages call it before it is loaded. Cargo writes `team_notes.wasm`
    /// for what calls itself `team-notes`; no name has a `_`.
    pub fn known_as(&self) -> String {
        match &self.name {
            Some(name) => name.to_string(),
            None => {
                let plugin = PluginReference::new(&self.plugin).plugin;
                let last = plugin.rsplit('/').next().unwrap_or(plugin);
                last.strip_suffix(".wasm").unwrap_or(last).replace('_', "-")
            }
        }
    }
}

/// Sets `a.b.c` in a tree of objects, making those that are missing.
fn set_config(config: &mut Map<String, Value>, key: &str, value: Value) -> Result<(), String> {
    match key.split_once('.') {
        None => {
            config.insert(key.to_owned(), value);
            Ok(())
        }
        Some((first, rest)) => {
            match config.entry(first).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(inner) => set_config(inner, rest, value),
                _ => Err(format!("`{first}` is set to something that has no members")),
            }
        }
    }
}

fn flag_error(flag: &'static str, value: &str, reason: impl Into<String>) -> InputError {
    InputError::PluginFlag { flag, value: value.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn applied(flags: &PluginFlags) -> Result<Vec<PluginEntry>, String> {
        let mut entries = Vec::new();
        flags.apply(&mut entries).map_err(|error| error.to_string())?;
        Ok(entries)
    }

    #[test]
    fn settings_are_json_or_text_and_dots_go_deeper() {
        let entries = applied(&PluginFlags {
            plugins: vec!["./build/x.wasm".into(), "http-sink=second".into(), "a_b.wasm".into()],
            config: vec![
                "x.url=https://h".into(),
                "x.headers.secreto=beefdead".into(),
                "second={\"n\": 1}".into(),
                "second.n=2".into(),
                "a-b.n=3".into(),
            ],
            ..PluginFlags::default()
        })
        .unwrap();
        assert_eq!(
            Value::Object(entries[0].config.clone()),
            json!({"url": "https://h", "headers": {"secreto": "beefdead"}})
        );
        assert_eq!(Value::Object(entries[1].config.clone()), json!({"n": 2}));
        assert_eq!(Value::Object(entries[2].config.clone()), json!({"n": 3}), "as Cargo names it");
    }

    #[test]
    fn a_flag_for_a_plugin_that_takes_no_part_says_who_does() {
        let flags = PluginFlags {
            plugins: vec!["annotate".into()],
            config: vec!["anotate.labels={}".into()],
            ..PluginFlags::default()
        };
        assert_eq!(
            applied(&flags).unwrap_err(),
            "`--plugin-config anotate.labels={}`: no plugin `anotate` takes part in this run, only annotate; add `--plugin anotate`"
        );
    }
}
