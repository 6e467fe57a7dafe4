//! The view of a run that pre-run plugins get: one JSON object, described by
//! `wit/run-view.schema.json`. Secrets are named in it and have no value.

use serde_json::{Map, Value, json};

use super::RunConfig;
use super::words::operators_words;
use crate::secrets::{Secrets, hide_members, looks_secret};

/// The view as far as `may_view` lets a plugin look: it is asked for JSON Pointers, from
/// the outermost member inwards.
pub fn run_view(config: &RunConfig, may_view: impl Fn(&str) -> bool) -> Value {
    let mut view = Value::Object(members(config));
    retain(&mut view, "", &may_view);
    if let Value::Object(members) = &mut view {
        members.insert("schema".to_owned(), json!(1));
    }
    view
}

/// All of the view, but for its schema number.
fn members(config: &RunConfig) -> Map<String, Value> {
    let secrets = &config.secrets;
    let mut extravars = Map::new();
    if let Some(file) = &config.extravars_file {
        extravars.extend(
            file.members
                .iter()
                .map(|(name, value)| (name.clone(), shown(secrets, name, value.clone()))),
        );
    }
    extravars.extend(
        config
            .data_vars
            .values()
            .map(|(name, value)| (name.to_owned(), shown(secrets, name, value))),
    );
    let envvars: Map<String, Value> = config
        .envvars
        .iter()
        .filter_map(|name| {
            let value = config.environment.get(name)?.to_string_lossy().into_owned();
            Some((name.clone(), shown(secrets, name, Value::String(value))))
        })
        .collect();
    let has =
        |short: &str, long: &str| config.cmdline.iter().any(|word| word == short || word == long);
    let secret = || json!({"$secret": true});
    let passwords: Map<String, Value> =
        config.password_patterns.iter().map(|pattern| (pattern.clone(), secret())).collect();
    let keys = config.ssh_keys.as_ref().map_or(0, |keys| keys.keys.len());
    let words = operators_words(&config.cmdline);
    let cmdline: Vec<_> = words.iter().map(|word| secrets.hide(word.shown())).collect();
    let view = json!({
        "mode": config.job.mode(),
        "playbook": config.job.playbook(),
        "inventory": config.inventory,
        "limit": config.limit,
        "tags": listed(config.tags.as_deref()),
        "skip_tags": listed(config.skip_tags.as_deref()),
        "check": has("-C", "--check"),
        "diff": has("-D", "--diff"),
        "forks": config.forks.as_deref().and_then(|forks| forks.parse::<u32>().ok()),
        "verbosity": config.verbosity,
        "extravars": extravars,
        "extravars_file": config.extravars_file.as_ref().map(|file| &file.path),
        "envvars": envvars,
        "passwords": passwords,
        "ssh_keys": vec![secret(); keys],
        "cmdline": cmdline,
        "project_dir": config.project_dir,
    });
    match view {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A value by its name, without what is a secret in it, however deep.
fn shown(secrets: &Secrets, name: &str, value: Value) -> Value {
    let secret = json!({"$secret": true});
    if looks_secret(name) {
        return secret;
    }
    let mut value = value;
    hide_members(&mut value, &secret);
    secrets.hide_in_value(&mut value);
    value
}

/// Ansible's comma-separated lists.
fn listed(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Keeps what may be seen; says whether anything is left.
fn retain(value: &mut Value, pointer: &str, may_view: &impl Fn(&str) -> bool) -> bool {
    if !pointer.is_empty() && may_view(pointer) {
        return true;
    }
    match value {
        Value::Object(members) => {
            members.retain(|key, value| {
                let key = key.replace('~', "~0").replace('/', "~1");
                retain(value, &format!("{pointer}/{key}"), may_view)
            });
            !members.is_empty()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_granted_stays() {
        let mut view =
            json!({"playbook": "site.yml", "extravars": {"a": 1, "b/c": 2}, "limit": null});
        let granted = ["/playbook", "/extravars/b~1c"];
        retain(&mut view, "", &|pointer| granted.contains(&pointer));
        assert_eq!(view, json!({"playbook": "site.yml", "extravars": {"b/c": 2}}));
    }
}
