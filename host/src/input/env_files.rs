//! The files of `env/` that configure a run: `extravars`, `envvars`, `passwords`,
//! `ssh_key`, `cmdline`, `settings` and `plugins`, in the forms that Ansible Runner 2.4.3 takes.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Value};

use super::yaml;
use super::yaml_node::{Members, Node, values};
use super::yaml_scalar::python_text;
use super::{InputError, PluginEntry, PrivateDataDir, RunSpec, SshKeys};
use crate::plugins::PluginReference;

/// What stands in `env/`. A file that is missing is an empty one.
#[derive(Debug, Clone, Default)]
pub struct EnvFiles {
    /// `env/extravars`, which Ansible reads itself.
    pub extravars: Option<ExtravarsFile>,
    /// `env/envvars`: names and values for Ansible's environment, in the file's order.
    pub envvars: Vec<(String, String)>,
    /// `env/passwords`: patterns of prompts and their answers, in the file's order.
    pub passwords: Vec<(String, String)>,
    /// `env/ssh_key`, with the certificate of `env/ssh_key-cert.pub`.
    pub ssh_keys: Option<SshKeys>,
    /// `env/cmdline`, split into words.
    pub cmdline: Vec<String>,
    /// `args`, beside `env/`: the words of a whole command.
    pub args: Option<Vec<String>>,
    /// `env/settings`.
    pub settings: Map<String, Value>,
    /// `env/plugins`, in chain order.
    pub plugins: Vec<PluginEntry>,
}

/// `env/extravars`, with as much of its content as can be read without Ansible.
#[derive(Debug, Clone)]
pub struct ExtravarsFile {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its members; none for a file that Ansible Vault encrypted.
    pub members: Map<String, Value>,
    /// The same as they stand in the file, with their tags.
    pub(crate) nodes: Members,
    /// Its text, where it is a pipe, which can be read only once.
    pub piped: Option<String>,
}

impl EnvFiles {
    /// Reads all of them.
    pub fn read(directory: &PrivateDataDir) -> Result<Self, InputError> {
        Ok(Self {
            extravars: read_extravars(&directory.env_file("extravars"))?,
            envvars: read_envvars(&directory.env_file("envvars"))?,
            passwords: read_passwords(&directory.env_file("passwords"))?,
            ssh_keys: read_ssh_keys(directory)?,
            cmdline: read_words(&directory.env_file("cmdline"))?.unwrap_or_default(),
            args: read_words(&directory.path().join("args"))?.filter(|words| !words.is_empty()),
            settings: read_mapping(&directory.env_file("settings"))?.unwrap_or_default(),
            plugins: read_plugins(directory)?,
        })
    }

    /// Adds what the run was given: settings, envvars and passwords of the files win,
    /// key by key, a key that was given wins over the file's, and plugins come behind.
    pub fn with_given(mut self, spec: &RunSpec) -> Result<Self, InputError> {
        let mut settings = spec.settings.clone();
        settings.extend(self.settings);
        self.settings = settings;
        self.envvars = [spec.envvars.clone(), self.envvars].concat();
        let is_new = |(prompt, _): &&(String, String)| {
            self.passwords.iter().all(|(known, _)| known != prompt)
        };
        let passwords: Vec<_> = spec.passwords.iter().filter(is_new).cloned().collect();
        self.passwords.extend(passwords);
        if let Some(text) = &spec.ssh_key {
            let path = PathBuf::from("the SSH key that was given");
            let keys =
                SshKeys::parse(text).map_err(|reason| InputError::Content { path, reason })?;
            self.ssh_keys = Some(keys);
        }
        self.plugins.extend(spec.plugin_entries.iter().cloned());
        Ok(self)
    }
}

/// Splits a command line into words as a POSIX shell would; `origin` names it in the error.
pub(crate) fn split_cmdline(origin: &str, text: &str) -> Result<Vec<String>, InputError> {
    shlex::split(text).ok_or_else(|| InputError::Cmdline {
        origin: origin.to_owned(),
        text: text.trim_end().to_owned(),
    })
}

fn read_extravars(path: &Path) -> Result<Option<ExtravarsFile>, InputError> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    let nodes = if text.starts_with("$ANSIBLE_VAULT") {
        Members::new()
    } else {
        match parse_node(path, &text)? {
            Some(Node::Mapping { members, .. }) => members,
            None => Members::new(),
            Some(node) if node.value().is_null() => Members::new(),
            Some(other) => return Err(not_a_mapping(path, &other.value())),
        }
    };
    let piped = path.metadata().is_ok_and(|metadata| !metadata.is_file()).then_some(text);
    Ok(Some(ExtravarsFile { path: path.to_owned(), members: values(&nodes), nodes, piped }))
}

fn read_envvars(path: &Path) -> Result<Vec<(String, String)>, InputError> {
    let mut variables = Vec::new();
    for (name, value) in read_mapping(path)?.unwrap_or_default() {
        let value = python_text(value).ok_or_else(|| InputError::Content {
            path: path.to_owned(),
            reason: format!(
                "the variable `{name}` is a list or a mapping; an environment variable is one text or number"
            ),
        })?;
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(InputError::Content {
                path: path.to_owned(),
                reason: format!(
                    "`{name}` cannot be an environment variable: its name is empty or holds `=`, or a NUL is in it"
                ),
            });
        }
        variables.push((name, value));
    }
    Ok(variables)
}

fn read_passwords(path: &Path) -> Result<Vec<(String, String)>, InputError> {
    read_mapping(path)?
        .unwrap_or_default()
        .into_iter()
        .map(|(pattern, answer)| match python_text(answer) {
            Some(answer) => Ok((pattern, answer)),
            None => Err(InputError::Content {
                path: path.to_owned(),
                reason: format!(
                    "the answer to `{pattern}` is a list or a mapping; an answer is one text or number"
                ),
            }),
        })
        .collect()
}

fn read_ssh_keys(directory: &PrivateDataDir) -> Result<Option<SshKeys>, InputError> {
    let path = directory.env_file("ssh_key");
    let Some(mut text) = read_text(&path)?.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    text.push('\n');
    text.push_str(&read_text(&directory.env_file("ssh_key-cert.pub"))?.unwrap_or_default());
    SshKeys::parse(&text).map(Some).map_err(|reason| InputError::Content { path, reason })
}

fn read_words(path: &Path) -> Result<Option<Vec<String>>, InputError> {
    match read_text(path)? {
        Some(text) => split_cmdline(&format!("`{}`", path.display()), &text).map(Some),
        None => Ok(None),
    }
}

/// A path in `env/plugins` is relative to the private data directory.
fn read_plugins(directory: &PrivateDataDir) -> Result<Vec<PluginEntry>, InputError> {
    let path = &directory.env_file("plugins");
    let Some(text) = read_text(path)? else { return Ok(Vec::new()) };
    let value = parse(path, &text)?;
    let entries = match value {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries,
        _ => {
            return Err(InputError::Content {
                path: path.to_owned(),
                reason: "is not a list; write one entry a plugin: `- plugin: http-sink`".to_owned(),
            });
        }
    };
    entries
        .into_iter()
        .enumerate()
        .map(|(index, entry)| {
            let mut entry: PluginEntry =
                serde_json::from_value(entry).map_err(|error| InputError::Content {
                    path: path.to_owned(),
                    reason: format!("entry {}: {error}", index + 1),
                })?;
            if PluginReference::new(&entry.plugin).is_path() {
                entry.plugin = directory.path().join(&entry.plugin).to_string_lossy().into_owned();
            }
            Ok(entry)
        })
        .collect()
}

/// The members of a YAML or JSON mapping; none where the file is missing or empty.
pub(crate) fn read_mapping(path: &Path) -> Result<Option<Map<String, Value>>, InputError> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    match parse(path, &text)? {
        Value::Object(members) => Ok(Some(members)),
        Value::Null => Ok(None),
        other => Err(not_a_mapping(path, &other)),
    }
}

/// The members of a file that has to be there.
pub(crate) fn read_variables(path: &Path) -> Result<Map<String, Value>, InputError> {
    if let Err(source) = fs::metadata(path) {
        return Err(InputError::Unreadable { path: path.to_owned(), source });
    }
    Ok(read_mapping(path)?.unwrap_or_default())
}

fn not_a_mapping(path: &Path, value: &Value) -> InputError {
    let found = match value {
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        _ => "a single value",
    };
    InputError::Content {
        path: path.to_owned(),
        reason: format!("holds {found}; write a mapping, one `name: value` a line"),
    }
}

fn read_text(path: &Path) -> Result<Option<String>, InputError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(InputError::Unreadable { path: path.to_owned(), source }),
    }
}

fn parse(path: &Path, text: &str) -> Result<Value, InputError> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    yaml::parse(text).map_err(|error| syntax(path, error))
}

/// As [`parse`], with the tags that Ansible heeds.
fn parse_node(path: &Path, text: &str) -> Result<Option<Node>, InputError> {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return Ok(Some(Node::of_json(&value)));
    }
    yaml::parse_node(text).map_err(|error| syntax(path, error))
}

fn syntax(path: &Path, error: yaml::YamlError) -> InputError {
    let yaml::YamlError { line, column, reason } = error;
    InputError::Syntax { path: path.to_owned(), line, column, reason }
}
