//! Leaves what a run was given in `env/`, for the next one: only where it was asked for.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde_json::{Map, Value};

use super::PrepareError;
use super::data::{Data, steers_ansible};
use super::extra_vars::{ExtraVars, Operation};
use crate::input::{Node, PrivateDataDir, RunSpec, Scalar, parse_yaml_node, split_cmdline};

/// Writes `env/extravars`, `envvars`, `settings` and `cmdline` for what `spec` gives;
/// passwords and keys are not written. A file of the same name is replaced.
pub fn persist_inputs(spec: &RunSpec, directory: &PrivateDataDir) -> Result<(), PrepareError> {
    let mut vars = ExtraVars::default();
    for given in &spec.extra_vars {
        for (name, value) in members(given) {
            vars.give(name, value);
        }
    }
    for (name, value) in &spec.untrusted_vars {
        set_untrusted(&mut vars, name, value)?;
    }
    let envvars: Map<String, Value> =
        spec.envvars.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let as_text = |members: &Map<String, Value>| {
        (!members.is_empty()).then(|| Value::Object(members.clone()).to_string())
    };
    let files = [
        ("extravars", (!vars.is_empty()).then(|| vars.to_json().unwrap_or_else(|| vars.to_yaml()))),
        ("envvars", as_text(&envvars)),
        ("settings", as_text(&spec.settings)),
        ("cmdline", spec.cmdline.clone()),
    ];
    for (name, text) in files {
        if let Some(text) = text {
            let path = directory.env_file(name);
            write(&path, &text).map_err(|source| PrepareError::Write { path, source })?;
        }
    }
    Ok(())
}

/// Sets a variable from somebody who may not tell Ansible what to do.
pub(super) fn set_untrusted(
    vars: &mut ExtraVars,
    name: &str,
    value: &Value,
) -> Result<(), PrepareError> {
    let checked = if steers_ansible(name) {
        Err("it tells Ansible how to work, which no stranger may; give it with `--extra-vars`, or in the inventory".to_owned())
    } else {
        Data::new(value.clone())
    };
    checked
        .and_then(|data| vars.apply(&[name.to_owned()], None, Operation::Set(data)))
        .map_err(|reason| PrepareError::Variable { name: name.to_owned(), reason })
}

/// The variables in one `--extra-vars`, as far as they do not stand in a file.
fn members(given: &str) -> Vec<(String, Node)> {
    if given.starts_with(['{', '[']) {
        return match parse_yaml_node(given) {
            Ok(Some(Node::Mapping { members, .. })) => {
                members.into_iter().map(|(name, (_, node))| (name, node)).collect()
            }
            _ => Vec::new(),
        };
    }
    let words = split_cmdline("--extra-vars", given).unwrap_or_default();
    let pairs = words.iter().filter_map(|word| word.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), Node::Scalar(Scalar::quoted(value)))).collect()
}

/// Whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?
        .write_all(text.as_bytes())?;
    fs::rename(&temporary, path)
}
