//! Applies what pre-run plugins want changed, all of a plugin's edits or none.

use std::path::PathBuf;

use serde_json::Value;

use super::RunConfig;
use super::extra_vars::Operation;
use super::passwords::compile;
use crate::input::{Job, SshKeys};
use crate::plugins::Edit;

/// A change that was made, for the record.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigChange {
    /// The plugin that asked for it.
    pub plugin: String,
    /// As RFC 6902 names it: `add` or `remove`.
    pub operation: &'static str,
    /// JSON Pointer into the view; `/-` at the end where it was appended.
    pub path: String,
    /// What it is now, where that is no secret: extra vars, variables of the environment,
    /// passwords and keys are.
    pub value: Option<Value>,
    /// The plugin's words.
    pub reason: String,
}

/// Members of the view whose values the record may have.
const SHOWN: [&str; 9] = [
    "/playbook",
    "/inventory",
    "/project_dir",
    "/cmdline",
    "/limit",
    "/tags",
    "/skip_tags",
    "/forks",
    "/verbosity",
];

impl ConfigChange {
    /// Whether both say something of the same place. Appending takes nothing away.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !self.path.ends_with("/-")
            && !other.path.ends_with("/-")
            && (within(&self.path, &other.path) || within(&other.path, &self.path))
    }
}

/// Applies `edits` of `plugin`. `may_set` says whether the plugin may change what lies at
/// a pointer, or why not. On an error nothing has changed.
pub fn apply_edits(
    config: &mut RunConfig,
    plugin: &str,
    edits: Vec<Edit>,
    may_set: impl Fn(&str) -> Result<(), String>,
) -> Result<Vec<ConfigChange>, String> {
    let mut edited = config.clone();
    let mut changes = Vec::new();
    for edit in edits {
        let (path, operation, reason) = match edit {
            Edit::Set { path, value, reason } => (path, Operation::Set(value), reason),
            Edit::Append { path, value, reason } => (path, Operation::Append(value), reason),
            Edit::Unset { path } => (path, Operation::Unset, String::new()),
        };
        may_set(&path)?;
        let value = match &operation {
            Operation::Set(value) | Operation::Append(value) if SHOWN.contains(&path.as_str()) => {
                Some(value.clone())
            }
            _ => None,
        };
        let change = ConfigChange {
            plugin: plugin.to_owned(),
            value,
            operation: if matches!(operation, Operation::Unset) { "remove" } else { "add" },
            path: if matches!(operation, Operation::Append(_)) {
                format!("{path}/-")
            } else {
                path.clone()
            },
            reason,
        };
        apply(&mut edited, &path, operation)
            .map_err(|reason| format!("the edit at `{path}` cannot be made: {reason}"))?;
        edited.set_by_plugins.insert(path);
        changes.push(change);
    }
    *config = edited;
    Ok(changes)
}

fn apply(config: &mut RunConfig, pointer: &str, operation: Operation) -> Result<(), String> {
    let segments = segments(pointer)?;
    if let Operation::Set(value) | Operation::Append(value) = &operation {
        refuse_ansible_members(value)?;
    }
    if let Some(segment) = segments.iter().find(|segment| segment.starts_with("__ansible_")) {
        return Err(refused_member(segment));
    }
    let Some((member, below)) = segments.split_first() else {
        return Err("it names no member".to_owned());
    };
    if member == "extravars" {
        let given =
            below.first().and_then(|name| config.extravars_file.as_ref()?.members.get(name));
        return config.data_vars.apply(below, given.cloned().as_ref(), operation);
    }
    if member == "envvars" {
        let [name] = below else { return Err("write `/envvars/<NAME>`".to_owned()) };
        return apply_to_environment(config, name, operation);
    }
    if member == "passwords" {
        let [pattern] = below else { return Err("write `/passwords/<pattern>`".to_owned()) };
        let answer = text(&operation)?;
        config.answers.prefer(compile(pattern)?, answer);
        config.password_patterns.push(pattern.clone());
        return Ok(());
    }
    if !below.is_empty() {
        return Err(format!("`/{member}` is set as a whole"));
    }
    match member.as_str() {
        "limit" => config.limit = words(&operation, config.limit.as_deref(), &[',', ':'])?,
        "tags" => config.tags = words(&operation, config.tags.as_deref(), &[','])?,
        "skip_tags" => config.skip_tags = words(&operation, config.skip_tags.as_deref(), &[','])?,
        "forks" => config.forks = count(&operation, 1..=10_000)?.map(|forks| forks.to_string()),
        "verbosity" => {
            let verbosity = count(&operation, 0..=7)?.unwrap_or(0);
            config.verbosity = u8::try_from(verbosity).map_err(|error| error.to_string())?;
        }
        "playbook" if config.job.playbook().is_none() => {
            return Err(format!("this run has no playbook, it runs a {}", config.job.mode()));
        }
        "playbook" => config.job = Job::Playbook(text(&operation)?),
        "project_dir" => config.project_dir = PathBuf::from(text(&operation)?),
        "inventory" => config.inventory = list(&operation, &config.inventory)?,
        "cmdline" => config.cmdline = list(&operation, &config.cmdline)?,
        "ssh_keys" => config.ssh_keys = ssh_keys(&operation, config.ssh_keys.as_ref())?,
        _ => return Err("there is nothing there that a plugin can change".to_owned()),
    }
    Ok(())
}

fn apply_to_environment(
    config: &mut RunConfig,
    name: &str,
    operation: Operation,
) -> Result<(), String> {
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err("that cannot be the name of an environment variable".to_owned());
    }
    let value = match operation {
        Operation::Unset => {
            config.environment.remove(name);
            config.envvars.remove(name);
            return Ok(());
        }
        Operation::Set(Value::String(text)) if !text.contains('\0') => text,
        Operation::Set(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
        Operation::Set(_) => return Err("an environment variable is one text or number".to_owned()),
        Operation::Append(_) => return Err("an environment variable is no list".to_owned()),
    };
    config.environment.set(name, value);
    config.envvars.insert(name.to_owned());
    Ok(())
}

/// A list that Ansible takes as one text. An element that begins with `@` would make
/// Ansible read a file, and print its lines where they match no host.
fn words(
    operation: &Operation,
    old: Option<&str>,
    separators: &[char],
) -> Result<Option<String>, String> {
    let (value, before) = match operation {
        Operation::Unset | Operation::Set(Value::Null) => return Ok(None),
        Operation::Set(value) => (value, None),
        Operation::Append(value) => (value, old),
    };
    let items = match value {
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().ok_or("the list holds something that is no text"))
            .collect::<Result<_, _>>()?,
        _ => return Err("it is a text or a list of texts".to_owned()),
    };
    if let Some(element) = items
        .iter()
        .flat_map(|item| item.split(separators))
        .find(|element| element.trim_start().trim_start_matches(['!', '&', '~']).starts_with('@'))
    {
        return Err(format!("`{element}` begins with `@`, which would make Ansible read a file"));
    }
    let text = before.into_iter().chain(items).collect::<Vec<_>>().join(",");
    Ok(Some(text))
}

fn count(
    operation: &Operation,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, String> {
    match operation {
        Operation::Unset | Operation::Set(Value::Null) => Ok(None),
        Operation::Set(value) => match value.as_u64() {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(format!("it is a number from {} to {}", range.start(), range.end())),
        },
        Operation::Append(_) => Err("a number is no list".to_owned()),
    }
}

fn text(operation: &Operation) -> Result<String, String> {
    match operation {
        Operation::Set(Value::String(text)) if !text.is_empty() && !text.contains('\0') => {
            Ok(text.clone())
        }
        _ => Err("it is a text that can be set to another".to_owned()),
    }
}

fn list(operation: &Operation, old: &[String]) -> Result<Vec<String>, String> {
    let one = |value: &Value| match value {
        Value::String(text) if !text.contains('\0') => Ok(text.clone()),
        _ => Err("it is a list of texts".to_owned()),
    };
    match operation {
        Operation::Unset => Ok(Vec::new()),
        Operation::Set(Value::Array(items)) => items.iter().map(one).collect(),
        Operation::Set(_) => Err("it is a list of texts".to_owned()),
        Operation::Append(value) => {
            let mut items = old.to_vec();
            items.push(one(value)?);
            Ok(items)
        }
    }
}

/// Keys for the run's agent. They are never seen, and never all taken away by mistake.
fn ssh_keys(operation: &Operation, old: Option<&SshKeys>) -> Result<Option<SshKeys>, String> {
    let parse = |value: &Value| match value {
        Value::String(text) => SshKeys::parse(text),
        _ => Err("a key is a text".to_owned()),
    };
    match operation {
        Operation::Unset => Ok(None),
        Operation::Append(value) => {
            let new = parse(value)?;
            let mut keys = old.cloned().unwrap_or_default();
            keys.keys.extend(new.keys);
            keys.certificates.extend(new.certificates);
            Ok(Some(keys))
        }
        Operation::Set(Value::Array(items)) => {
            let mut keys = SshKeys::default();
            for item in items {
                let new = parse(item)?;
                keys.keys.extend(new.keys);
                keys.certificates.extend(new.certificates);
            }
            Ok((!keys.keys.is_empty()).then_some(keys))
        }
        Operation::Set(_) => Err("it is a list of keys".to_owned()),
    }
}

fn refuse_ansible_members(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(refuse_ansible_members),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            if key.starts_with("__ansible_") {
                return Err(refused_member(key));
            }
            refuse_ansible_members(value)
        }),
        _ => Ok(()),
    }
}

fn refused_member(name: &str) -> String {
    format!("a member named `{name}` would tell Ansible how to read a value; plugins set data")
}

/// The parts of a JSON Pointer (RFC 6901).
fn segments(pointer: &str) -> Result<Vec<String>, String> {
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err("it is no JSON Pointer: those begin with `/`".to_owned());
    };
    Ok(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(path: &str) -> ConfigChange {
        ConfigChange {
            plugin: "x".into(),
            operation: "add",
            value: None,
            path: path.into(),
            reason: String::new(),
        }
    }

    #[test]
    fn one_place_inside_another_is_a_conflict() {
        assert!(change("/limit").conflicts_with(&change("/limit")));
        assert!(change("/extravars/a").conflicts_with(&change("/extravars/a/b")));
        assert!(!change("/extravars/a").conflicts_with(&change("/extravars/ab")));
        assert!(!change("/tags/-").conflicts_with(&change("/tags/-")));
    }

    #[test]
    fn a_limit_cannot_name_a_file() {
        for value in [json!("@/etc/passwd"), json!("web*,@f"), json!(["a", "b:!@f"]), json!(" @f")]
        {
            let error = words(&Operation::Set(value.clone()), None, &[',', ':']).unwrap_err();
            assert!(error.contains("read a file"), "{value}: {error}");
        }
        let operation = Operation::Append(json!("db1"));
        assert_eq!(words(&operation, Some("web1"), &[',', ':']), Ok(Some("web1,db1".to_owned())));
    }

    #[test]
    fn members_that_ansible_would_obey_are_refused_at_any_depth() {
        let value = json!({"a": [{"__ansible_unsafe": "{{ x }}"}]});
        assert!(refuse_ansible_members(&value).unwrap_err().contains("`__ansible_unsafe`"));
    }
}
