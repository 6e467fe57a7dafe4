//! Applies what pre-run plugins want changed, all of a plugin's edits or none. What that
//! costs is linear in what they are, and they are bounded (`plugins::edits`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::RunConfig;
use super::data::Data;
use super::extra_vars::Operation;
use super::names::{check_environment_name, check_hosts, check_tag};
use super::narrow::{Permission, narrow};
use super::passwords::compile_bounded;
use super::switches::turn_on;
use crate::input::{Job, SshKeys};
use crate::plugins::Edit;
use crate::secrets::REDACTED;

/// Parts of a pointer.
const DEEPEST: usize = 32;

/// Bytes of `--limit` or `--tags`: a word of a command line has no more than 128 KiB.
const LONGEST_LIST: usize = 64 << 10;

/// Patterns of passwords that one plugin may set.
const MOST_PATTERNS: usize = 64;

/// Why a copy of the view is not set.
const STANDS_FOR_SECRET: &str = "it holds what stands in the view for a secret, which the plugin has not seen; set what is beside it, name by name";

/// Characters of a pointer in an error.
const LONGEST_SHOWN: usize = 200;

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
const SHOWN: [&str; 11] = [
    "/playbook",
    "/inventory",
    "/project_dir",
    "/cmdline",
    "/limit",
    "/tags",
    "/skip_tags",
    "/forks",
    "/verbosity",
    "/check",
    "/diff",
];

impl ConfigChange {
    fn appends(&self) -> bool {
        self.path.ends_with("/-")
    }
}

/// What earlier plugins of a run changed, by place.
#[derive(Debug, Default)]
pub struct ChangedPlaces {
    plugins: BTreeMap<String, String>,
}

impl ChangedPlaces {
    /// The plugin that changed the place of `change`, something in it or something around
    /// it before. Appending takes nothing away.
    pub fn changed_by(&self, change: &ConfigChange) -> Option<&str> {
        if change.appends() {
            return None;
        }
        let path = change.path.as_str();
        let mut around = path.match_indices('/').map(|(end, _)| &path[..end]).chain([path]);
        let inside = || {
            let below = format!("{path}/");
            let next = self.plugins.range(below.clone()..).next();
            next.filter(|(place, _)| place.starts_with(&below)).map(|(_, plugin)| plugin)
        };
        let found = around.find_map(|place| self.plugins.get(place)).or_else(inside);
        found.map(String::as_str)
    }

    /// Keeps what a plugin changed.
    pub fn add(&mut self, change: &ConfigChange) {
        if !change.appends() {
            self.plugins.insert(change.path.clone(), change.plugin.clone());
        }
    }
}

/// Applies `edits` of `plugin`. `may_edit` says what the plugin may do at a pointer, or why
/// nothing. On an error nothing has changed.
pub fn apply_edits(
    config: &mut RunConfig,
    plugin: &str,
    edits: Vec<Edit>,
    may_edit: impl Fn(&str) -> Result<Permission, String>,
) -> Result<Vec<ConfigChange>, String> {
    let mut edited = config.clone();
    let mut changes = Vec::with_capacity(edits.len());
    let mut patterns = 0;
    for edit in edits {
        let (path, is_append, value, reason) = match edit {
            Edit::Set { path, value, reason } => (path, false, Some(value), reason),
            Edit::Append { path, value, reason } => (path, true, Some(value), reason),
            Edit::Unset { path } => (path, false, None, String::new()),
        };
        let permission = may_edit(&path)?;
        if path.starts_with("/passwords/") {
            patterns += 1;
            if patterns > MOST_PATTERNS {
                return Err(format!("it sets more than {MOST_PATTERNS} patterns of passwords"));
            }
        }
        let mut change = ConfigChange {
            plugin: plugin.to_owned(),
            value: value.clone().filter(|_| SHOWN.contains(&path.as_str())),
            operation: if value.is_none() { "remove" } else { "add" },
            path: if is_append { format!("{path}/-") } else { path.clone() },
            reason,
        };
        if value.as_ref().is_some_and(stands_for_secret) {
            return Err(cannot_be_made(&path, STANDS_FOR_SECRET));
        }
        let operation = match (value.map(Data::new).transpose(), is_append) {
            (Ok(None), _) => Ok(Operation::Unset),
            (Ok(Some(data)), false) => Ok(Operation::Set(data)),
            (Ok(Some(data)), true) => Ok(Operation::Append(data)),
            (Err(reason), _) => Err(reason),
        };
        let applied = operation.and_then(|operation| match permission {
            Permission::Set => apply(&mut edited, &path, operation),
            Permission::Narrow => {
                narrow(&mut edited, plugin, &path, &operation)?;
                change.value = edited.limit.clone().map(Value::String);
                Ok(())
            }
        });
        applied.map_err(|reason| cannot_be_made(&path, &reason))?;
        edited.set_by_plugins.insert(path);
        changes.push(change);
    }
    *config = edited;
    Ok(changes)
}

fn cannot_be_made(path: &str, reason: &str) -> String {
    let path: String = path.chars().take(LONGEST_SHOWN).collect();
    format!("the edit at `{}` cannot be made: {reason}", path.escape_debug())
}

/// Whether a value holds what the view has in place of a secret: set, it would take the
/// secret's place.
fn stands_for_secret(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("$secret") || members.values().any(stands_for_secret)
        }
        Value::Array(items) => items.iter().any(stands_for_secret),
        Value::String(text) => text == REDACTED,
        _ => false,
    }
}

fn apply(config: &mut RunConfig, pointer: &str, operation: Operation) -> Result<(), String> {
    let segments = segments(pointer)?;
    let Some((member, below)) = segments.split_first() else {
        return Err("it names no member".to_owned());
    };
    if member == "extravars" {
        let given = below
            .first()
            .and_then(|name| Some(&config.extravars_file.as_ref()?.nodes.get(name)?.1));
        return config.data_vars.apply(below, given, operation);
    }
    if member == "envvars" {
        let [name] = below else { return Err("write `/envvars/<NAME>`".to_owned()) };
        return apply_to_environment(config, name, &operation);
    }
    if member == "passwords" {
        let [pattern] = below else { return Err("write `/passwords/<pattern>`".to_owned()) };
        let answer = text(&operation)?;
        config.answers.prefer(compile_bounded(pattern)?, answer);
        config.password_patterns.push(pattern.clone());
        return Ok(());
    }
    if !below.is_empty() {
        return Err(format!("`/{member}` is set as a whole"));
    }
    match member.as_str() {
        "limit" => change_list(&mut config.limit, &operation, check_hosts)?,
        "tags" => change_list(&mut config.tags, &operation, check_tag)?,
        "skip_tags" => change_list(&mut config.skip_tags, &operation, check_tag)?,
        "forks" => config.forks = count(&operation, 1..=10_000)?.map(|forks| forks.to_string()),
        "verbosity" => {
            let verbosity = count(&operation, 0..=7)?.unwrap_or(0);
            config.verbosity = u8::try_from(verbosity).map_err(|error| error.to_string())?;
        }
        "check" | "diff" => turn_on(config, member, &operation)?,
        "playbook" if config.job.playbook().is_none() => {
            return Err(format!("this run has no playbook, it runs a {}", config.job.mode()));
        }
        "playbook" => config.job = Job::Playbook(no_option(text(&operation)?)?),
        "project_dir" => config.project_dir = PathBuf::from(text(&operation)?),
        "inventory" => change_words(&mut config.inventory, &operation, no_option)?,
        "cmdline" => change_words(&mut config.cmdline, &operation, Ok)?,
        "ssh_keys" => change_ssh_keys(&mut config.ssh_keys, &operation)?,
        _ => return Err("there is nothing there that a plugin can change".to_owned()),
    }
    Ok(())
}

fn apply_to_environment(
    config: &mut RunConfig,
    name: &str,
    operation: &Operation,
) -> Result<(), String> {
    check_environment_name(name)?;
    let value = match operation {
        Operation::Unset => {
            config.environment.remove(name);
            config.envvars.remove(name);
            return Ok(());
        }
        Operation::Append(_) => return Err("an environment variable is no list".to_owned()),
        Operation::Set(data) => match data.value() {
            Value::String(text) if !text.contains('\0') => text.clone(),
            value @ (Value::Bool(_) | Value::Number(_)) => value.to_string(),
            _ => return Err("an environment variable is one text or number".to_owned()),
        },
    };
    config.environment.set(name, value);
    config.envvars.insert(name.to_owned());
    Ok(())
}

/// Changes a list that Ansible takes as one text with commas; `check` says whether one of
/// its items may be there.
fn change_list(
    list: &mut Option<String>,
    operation: &Operation,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<(), String> {
    let (data, is_append) = match operation {
        Operation::Unset => {
            *list = None;
            return Ok(());
        }
        Operation::Set(data) => (data, false),
        Operation::Append(data) => (data, true),
    };
    let items = match data.value() {
        Value::Null if !is_append => {
            *list = None;
            return Ok(());
        }
        Value::String(text) => vec![text.as_str()],
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().ok_or("the list holds something that is no text"))
            .collect::<Result<_, _>>()?,
        _ => return Err("it is a text or a list of texts".to_owned()),
    };
    let mut text = list.take().filter(|_| is_append).unwrap_or_default();
    for item in items.iter().flat_map(|item| item.split(',')).map(|item| item.trim_matches(' ')) {
        check(item)?;
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(item);
    }
    if text.len() > LONGEST_LIST {
        return Err(format!("it is longer than {LONGEST_LIST} bytes"));
    }
    *list = Some(text);
    Ok(())
}

fn count(
    operation: &Operation,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, String> {
    match operation {
        Operation::Unset => Ok(None),
        Operation::Set(data) => match data.value() {
            Value::Null => Ok(None),
            value => match value.as_u64() {
                Some(number) if range.contains(&number) => Ok(Some(number)),
                _ => Err(format!("it is a number from {} to {}", range.start(), range.end())),
            },
        },
        Operation::Append(_) => Err("a number is no list".to_owned()),
    }
}

fn text(operation: &Operation) -> Result<String, String> {
    if let Operation::Set(data) = operation
        && let Value::String(text) = data.value()
        && !text.is_empty()
        && !text.contains('\0')
    {
        return Ok(text.clone());
    }
    Err("it is a text that can be set to another".to_owned())
}

/// A word that stands where Ansible looks for options.
fn no_option(word: String) -> Result<String, String> {
    if word.starts_with('-') {
        return Err(format!("`{word}` begins with `-`, as an option does; write `./{word}`"));
    }
    Ok(word)
}

/// Changes a list of words, each of which `check` lets be.
fn change_words(
    words: &mut Vec<String>,
    operation: &Operation,
    check: impl Fn(String) -> Result<String, String>,
) -> Result<(), String> {
    let one = |value: &Value| match value {
        Value::String(text) if !text.contains('\0') => check(text.clone()),
        _ => Err("it is a list of texts".to_owned()),
    };
    match operation {
        Operation::Unset => words.clear(),
        Operation::Append(data) => words.push(one(data.value())?),
        Operation::Set(data) => match data.value() {
            Value::Array(items) => *words = items.iter().map(one).collect::<Result<_, _>>()?,
            _ => return Err("it is a list of texts".to_owned()),
        },
    }
    Ok(())
}

/// Keys for the run's agent. They are never seen, and never all taken away by mistake.
fn change_ssh_keys(keys: &mut Option<SshKeys>, operation: &Operation) -> Result<(), String> {
    let add = |keys: &mut SshKeys, value: &Value| match value {
        Value::String(text) => {
            let new = SshKeys::parse(text)?;
            keys.keys.extend(new.keys);
            keys.certificates.extend(new.certificates);
            Ok(())
        }
        _ => Err("a key is a text".to_owned()),
    };
    match operation {
        Operation::Unset => *keys = None,
        Operation::Append(data) => add(keys.get_or_insert_default(), data.value())?,
        Operation::Set(data) => {
            let Value::Array(items) = data.value() else {
                return Err("it is a list of keys".to_owned());
            };
            let mut new = SshKeys::default();
            items.iter().try_for_each(|item| add(&mut new, item))?;
            *keys = (!new.keys.is_empty()).then_some(new);
        }
    }
    Ok(())
}

/// The parts of a JSON Pointer (RFC 6901).
fn segments(pointer: &str) -> Result<Vec<String>, String> {
    let Some(rest) = pointer.strip_prefix('/') else {
        return Err("it is no JSON Pointer: those begin with `/`".to_owned());
    };
    if rest.split('/').nth(DEEPEST).is_some() {
        return Err(format!("it has more than {DEEPEST} parts"));
    }
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
        let conflict = |earlier: &str, later: &str| {
            let mut places = ChangedPlaces::default();
            places.add(&change("/other"));
            places.add(&change(earlier));
            places.changed_by(&change(later)).is_some()
        };
        assert!(conflict("/limit", "/limit"));
        assert!(conflict("/extravars/a", "/extravars/a/b"));
        assert!(conflict("/extravars/a/b", "/extravars/a"));
        assert!(!conflict("/extravars/a", "/extravars/ab"));
        assert!(!conflict("/extravars/ab", "/extravars/a"));
        assert!(!conflict("/tags/-", "/tags/-"));
    }

    fn changed(before: Option<&str>, operation: &Operation) -> Result<Option<String>, String> {
        let mut list = before.map(str::to_owned);
        change_list(&mut list, operation, check_hosts).map(|()| list)
    }

    fn set(value: Value) -> Operation {
        Operation::Set(Data::new(value).unwrap())
    }

    #[test]
    fn a_limit_cannot_name_a_file() {
        for value in [json!("@/etc/passwd"), json!("web*,@f"), json!(["a", "!@f"]), json!(" @f")] {
            let error = changed(None, &set(value.clone())).unwrap_err();
            assert!(error.contains("read a file"), "{value}: {error}");
        }
    }

    #[test]
    fn a_list_is_joined_appended_to_and_bounded() {
        let append = Operation::Append(Data::new(json!("db1")).unwrap());
        assert_eq!(changed(Some("web1"), &append), Ok(Some("web1,db1".to_owned())));
        assert_eq!(changed(None, &set(json!(["a", "b, c"]))), Ok(Some("a,b,c".to_owned())));
        assert_eq!(changed(Some("a"), &set(Value::Null)), Ok(None));
        assert!(changed(None, &set(json!("a".repeat(LONGEST_LIST + 1)))).is_err());
    }

    #[test]
    fn a_pointer_has_an_end() {
        assert_eq!(segments(&"/a".repeat(DEEPEST)).map(|parts| parts.len()), Ok(DEEPEST));
        assert!(segments(&"/a".repeat(DEEPEST + 1)).unwrap_err().contains("more than 32 parts"));
    }

    #[test]
    fn a_playbook_is_no_option() {
        assert!(no_option("--syntax-check".to_owned()).is_err());
        assert_eq!(no_option("site.yml".to_owned()), Ok("site.yml".to_owned()));
    }
}
