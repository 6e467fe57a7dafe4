//! Settings of a plugin that nobody wrote for it: keys of `env/settings` and variables of
//! the environment that its metadata takes for settings.
//!
//! In: what the metadata maps, what was accepted when it was installed, and what is
//! there. Out: the settings, in two kinds. Those that Ansible Runner's Python plugins have
//! always read are, for the plugin of ours that came after each, as good as written in its
//! entry. All others are values and open nothing: no folder, no peer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Metadata;
use crate::prepare::Environment;

/// Keys of others that a plugin reads, each with the place in its settings where it goes:
/// `HOOK_URL` to `/url`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForeignKeys {
    /// Keys of `env/settings`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub runner_keys: BTreeMap<String, String>,
    /// Variables of the environment.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env_keys: BTreeMap<String, String>,
}

/// One of our plugins that reads what a Python plugin of Ansible Runner's reads.
pub(super) struct Successor {
    /// Its name.
    pub(super) plugin: &'static str,
    /// How the keys begin.
    pub(super) keys: &'static str,
    /// How the variables begin.
    variables: &'static str,
}

pub(super) const SUCCESSORS: [Successor; 3] = [
    Successor { plugin: "http-sink", keys: "runner_http_", variables: "RUNNER_HTTP_" },
    Successor { plugin: "mqtt-sink", keys: "mqtt_", variables: "MQTT_" },
    Successor { plugin: "zmq-sink", keys: "runner_socket_", variables: "RUNNER_SOCKET_" },
];

/// How the variables begin that let a plugin take part which nobody named.
const VARIABLES: [&str; 2] = ["RUNNER_", "MQTT_"];

/// Whether a variable may let a plugin take part.
pub(super) fn is_runners_variable(name: &str) -> bool {
    VARIABLES.iter().any(|prefix| name.starts_with(prefix))
}

impl ForeignKeys {
    /// All that the metadata maps.
    pub(super) fn of(metadata: &Metadata) -> Self {
        let settings = &metadata.settings;
        Self { runner_keys: settings.runner_keys.clone(), env_keys: settings.env_keys.clone() }
    }

    /// Those that the plugin called `plugin` reads as the successor of one of Ansible
    /// Runner's, and the others, which have to be accepted.
    pub(super) fn split(self, plugin: &str) -> (Self, Self) {
        let successor = SUCCESSORS.iter().find(|successor| successor.plugin == plugin);
        let parted = |keys: BTreeMap<String, String>, prefix: Option<&str>| {
            keys.into_iter()
                .partition(|(key, _)| prefix.is_some_and(|prefix| key.starts_with(prefix)))
        };
        let (our_keys, runner_keys) =
            parted(self.runner_keys, successor.map(|successor| successor.keys));
        let (our_variables, env_keys) =
            parted(self.env_keys, successor.map(|successor| successor.variables));
        (Self { runner_keys: our_keys, env_keys: our_variables }, Self { runner_keys, env_keys })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.runner_keys.is_empty() && self.env_keys.is_empty()
    }

    /// Without those that `other` has, to the same places.
    pub(super) fn without(&self, other: &Self) -> Self {
        let without = |keys: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
            let is_other = |(key, place): &(&String, &String)| other.get(*key) != Some(*place);
            keys.iter().filter(is_other).map(|(key, place)| (key.clone(), place.clone())).collect()
        };
        Self {
            runner_keys: without(&self.runner_keys, &other.runner_keys),
            env_keys: without(&self.env_keys, &other.env_keys),
        }
    }

    /// Those for which there is a value.
    pub(super) fn found(&self, settings: &Map<String, Value>, environment: &Environment) -> Self {
        let mut found = self.clone();
        found.runner_keys.retain(|key, _| settings.contains_key(key));
        found.env_keys.retain(|variable, _| environment.text(variable).is_some());
        found
    }

    /// The settings that they make. Those of Python plugins are flat, and so is a place.
    pub(super) fn values(
        &self,
        settings: &Map<String, Value>,
        environment: &Environment,
    ) -> Map<String, Value> {
        let keys = self
            .runner_keys
            .iter()
            .filter_map(|(key, place)| Some((place, settings.get(key)?.clone())));
        let variables = self.env_keys.iter().filter_map(|(variable, place)| {
            Some((place, Value::String(environment.text(variable)?.to_owned())))
        });
        keys.chain(variables)
            .map(|(place, value)| (place.trim_start_matches('/').to_owned(), value))
            .collect()
    }

    /// Each in words for people.
    pub(super) fn words(&self) -> Vec<String> {
        let keys = self.runner_keys.keys().map(|key| format!("`{key}` in env/settings"));
        let variables =
            self.env_keys.keys().map(|variable| format!("`{variable}` in the environment"));
        keys.chain(variables).collect()
    }

    /// Each with its place, for those who are to accept it.
    pub(super) fn asked(&self) -> Vec<String> {
        let keys = self.runner_keys.iter().map(|(key, place)| key_in_words(key, place));
        let variables =
            self.env_keys.iter().map(|(variable, place)| variable_in_words(variable, place));
        keys.chain(variables).collect()
    }

    /// Those that are among `held`, and those that were not asked for among `wants`: what was
    /// taken out of the lock by hand stays out.
    pub(super) fn narrowed(&self, held: &Self, wants: &[String]) -> Self {
        let mut narrowed = self.clone();
        narrowed.runner_keys.retain(|key, place| {
            held.runner_keys.get(key) == Some(place) || !wants.contains(&key_in_words(key, place))
        });
        narrowed.env_keys.retain(|variable, place| {
            held.env_keys.get(variable) == Some(place)
                || !wants.contains(&variable_in_words(variable, place))
        });
        narrowed
    }
}

fn key_in_words(key: &str, place: &str) -> String {
    format!("reads {key} of env/settings as its setting {place}")
}

fn variable_in_words(variable: &str, place: &str) -> String {
    format!("reads {variable} of the environment as its setting {place}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys() -> ForeignKeys {
        serde_json::from_value(json!({
            "runner_keys": {"runner_http_url": "/url", "mqtt_topic": "/topic"},
            "env_keys": {"RUNNER_HTTP_URL": "/url", "HOME": "/folder"},
        }))
        .unwrap()
    }

    #[test]
    fn only_a_successor_reads_what_ansible_runners_plugin_reads_and_only_that() {
        let (own, others) = keys().split("http-sink");
        assert_eq!(
            own.words(),
            ["`runner_http_url` in env/settings", "`RUNNER_HTTP_URL` in the environment"]
        );
        assert_eq!(others.words(), ["`mqtt_topic` in env/settings", "`HOME` in the environment"]);
        let (own, others) = keys().split("other");
        assert!(own.is_empty());
        assert_eq!(others, keys());
    }

    #[test]
    fn another_place_for_a_key_is_another_key() {
        let mut moved = keys();
        moved.env_keys.insert("HOME".to_owned(), "/elsewhere".to_owned());
        assert_eq!(
            moved.without(&keys()).asked(),
            ["reads HOME of the environment as its setting /elsewhere"]
        );
        assert!(keys().without(&keys()).is_empty());
    }

    #[test]
    fn what_was_taken_out_by_hand_stays_out() {
        let asked = keys().asked();
        let mut held = keys();
        held.env_keys.remove("HOME");
        assert_eq!(keys().narrowed(&held, &asked), held);
        assert_eq!(keys().narrowed(&held, &[]), keys(), "it was not asked for then");
    }
}
