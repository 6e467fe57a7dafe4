//! Files that a run lays out for Ansible in its private temporary directory.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{PrepareError, RunConfig};
use crate::input::Job;

/// Where they are.
#[derive(Debug, Clone, Default)]
pub struct LaidOut {
    /// Extra vars that are data, for `-e @file`; none if there are none.
    pub data_vars: Option<PathBuf>,
    /// `env/extravars` where it is a pipe; none where Ansible reads it itself.
    pub extravars: Option<PathBuf>,
    /// The play of a role; none for another job.
    pub role_play: Option<PathBuf>,
}

impl LaidOut {
    /// Writes what the run needs into `directory`, which only this user can enter.
    pub fn write(directory: &Path, config: &RunConfig) -> Result<Self, PrepareError> {
        let mut laid_out = Self::default();
        if !config.data_vars.is_empty() {
            let path = directory.join("data-vars.yml");
            write_private(&path, &config.data_vars.to_yaml())?;
            laid_out.data_vars = Some(path);
        }
        if let Some(text) = config.extravars_file.as_ref().and_then(|file| file.piped.as_ref()) {
            let path = directory.join("extravars");
            write_private(&path, text)?;
            laid_out.extravars = Some(path);
        }
        if let Job::Role { name, vars, hosts, gather_facts } = &config.job {
            let stage = directory.join("play");
            lay_out_stage(&stage, config)?;
            let path = stage.join(config.run_id.simple().to_string());
            let play = role_play(name, vars, hosts.as_deref(), *gather_facts);
            write_private(&path, &play.to_string())?;
            laid_out.role_play = Some(path);
        }
        Ok(laid_out)
    }
}

fn role_play(name: &str, vars: &Map<String, Value>, hosts: Option<&str>, facts: bool) -> Value {
    let mut role = json!({"name": name});
    if !vars.is_empty() {
        role["vars"] = Value::Object(vars.clone());
    }
    json!([{"hosts": hosts.unwrap_or("all"), "gather_facts": facts, "roles": [role]}])
}

/// A folder in which a play finds what it would find in the project: Ansible looks for
/// roles, variables and plugins beside the playbook, and the project is not ours to
/// write to. Roles of the private data directory are there too.
fn lay_out_stage(stage: &Path, config: &RunConfig) -> Result<(), PrepareError> {
    make_private_dir(stage)?;
    for entry in entries(&config.project_dir)? {
        if entry.file_name().is_some_and(|name| name != "roles") {
            link_into(stage, &entry)?;
        }
    }
    let roles = stage.join("roles");
    make_private_dir(&roles)?;
    for folder in [config.project_dir.join("roles"), config.private_data_dir.join("roles")] {
        for role in entries(&folder)? {
            link_into(&roles, &role)?;
        }
    }
    Ok(())
}

/// What is in a folder; nothing if it is not there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, PrepareError> {
    let failed = |source| PrepareError::Read { path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(failed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

/// The first of a name stays.
fn link_into(folder: &Path, target: &Path) -> Result<(), PrepareError> {
    let link = folder.join(target.file_name().unwrap_or_default());
    match symlink(target, &link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(|source| PrepareError::Write { path: link, source }),
    }
}

pub(super) fn make_private_dir(path: &Path) -> Result<(), PrepareError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| PrepareError::Write { path: path.to_owned(), source })
}

pub(super) fn write_private(path: &Path, text: &str) -> Result<(), PrepareError> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| PrepareError::Write { path: path.to_owned(), source })
}
