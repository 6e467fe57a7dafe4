//! Precedence: flags over files over defaults, as Ansible Runner 2.4.3 has it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use uuid::Uuid;

use super::extra_vars::ExtraVars;
use super::persist::set_untrusted;
use super::{Environment, PrepareError, RunConfig, RunSettings, passwords};
use crate::input::{EnvFiles, InputError, Job, PrivateDataDir, RunSpec, absolute, split_cmdline};
use crate::secrets::Secrets;

/// Decides everything about a run that was asked for at `started`. Also gives what the
/// operator should hear.
pub fn resolve(
    spec: &RunSpec,
    directory: &PrivateDataDir,
    files: &EnvFiles,
    started: Timestamp,
) -> Result<(RunConfig, Vec<String>), crate::RunError> {
    let private_data_dir = directory.path().to_owned();
    let ident = match &spec.ident {
        Some(ident) => checked_ident(ident)?,
        None => Uuid::new_v4().to_string(),
    };
    let artifact_root = match &spec.artifact_dir {
        Some(path) => absolute_path(path)?,
        None => private_data_dir.join("artifacts"),
    };
    let project_dir = match &spec.project_dir {
        Some(path) => absolute_path(path)?,
        None => private_data_dir.join("project"),
    };
    let cmdline = match &spec.cmdline {
        Some(text) => split_cmdline("`--cmdline`", text)?,
        None => files.cmdline.clone(),
    };
    let mut environment = Environment::inherited();
    for (name, value) in &files.envvars {
        environment.set(name, value);
    }

    if let Some(path) = &spec.roles_path {
        environment.set("ANSIBLE_ROLES_PATH", path);
    }
    let is_ad_hoc = matches!(spec.job, Job::Module { .. }) && spec.binary.is_none();
    if is_ad_hoc {
        environment.set("ANSIBLE_LOAD_CALLBACK_PLUGINS", "1");
        if environment.get("AD_HOC_COMMAND_ID").is_none() {
            environment.set("AD_HOC_COMMAND_ID", "1");
        }
    }
    let runs_in_project = environment.get("AD_HOC_COMMAND_ID").is_none() && project_dir.is_dir();
    let project_dir = if runs_in_project { project_dir } else { private_data_dir.clone() };

    let mut data = ExtraVars::default();
    for (name, value) in &spec.untrusted_vars {
        set_untrusted(&mut data, name, value)?;
    }
    let (mut settings, warnings) =
        RunSettings::read(&directory.env_file("settings"), &files.settings)?;
    if let Some(limit) = spec.job_timeout {
        settings.job_timeout = Some(limit).filter(|limit| !limit.is_zero());
    }

    settings.suppress_ansible_output.get_or_insert(spec.quiet);

    let config = RunConfig {
        run_id: Uuid::new_v4(),
        started,
        artifact_dir: artifact_root.join(&ident),
        artifact_root,
        ident,
        inventory: inventory(spec.inventory.as_deref(), &private_data_dir)?,
        project_dir,
        job: spec.job.clone(),
        binary: spec.binary.clone(),
        whole_command: files.args.clone(),
        limit: spec.limit.clone(),
        narrowed_by: None,
        tags: spec.tags.clone(),
        skip_tags: spec.skip_tags.clone(),
        forks: spec.forks.clone(),
        verbosity: spec.verbosity,
        cmdline,
        extravars_file: files.extravars.clone(),
        extra_vars: spec.extra_vars.clone(),
        data_vars: data,
        environment,
        envvars: files.envvars.iter().map(|(name, _)| name.clone()).collect(),
        secret_variables: BTreeSet::new(),
        set_by_plugins: BTreeSet::new(),
        answers: passwords::answers(&directory.env_file("passwords"), &files.passwords)?,
        password_patterns: files.passwords.iter().map(|(pattern, _)| pattern.clone()).collect(),
        ssh_keys: files.ssh_keys.clone(),
        settings,
        rotate_artifacts: spec.rotate_artifacts,
        secrets: Secrets::default(),
        command_file: spec.command_file,
        event_data: spec.event_data,
        output: spec.output,
        private_data_dir,
    };
    config.learn_secrets();
    Ok((config, warnings))
}

fn absolute_path(path: &Path) -> Result<PathBuf, PrepareError> {
    absolute(path).map_err(|source| PrepareError::Path { path: path.to_owned(), source })
}

/// An ident is a path below the artifact directory, and stays below it.
fn checked_ident(ident: &str) -> Result<String, PrepareError> {
    let reason = if ident.is_empty() {
        "it is empty"
    } else if ident.contains('\0') {
        "a NUL is in it"
    } else if ident.starts_with('/') || ident.split('/').any(|part| matches!(part, "" | "." | ".."))
    {
        "it is not a plain path below that directory"
    } else {
        return Ok(ident.to_owned());
    };
    Err(PrepareError::Ident { ident: ident.to_owned(), reason })
}

fn inventory(given: Option<&str>, directory: &Path) -> Result<Vec<String>, crate::RunError> {
    let inside = directory.join("inventory");
    let path = match given {
        None if inside.exists() => inside,
        None => return Ok(Vec::new()),
        Some(given) if Path::new(given).exists() => absolute_path(Path::new(given))?,
        Some(given) => {
            let inside = inside.join(given);
            if !inside.exists() {
                return Err(InputError::InventoryMissing { given: given.to_owned(), inside }.into());
            }
            inside
        }
    };
    Ok(vec![path.to_string_lossy().into_owned()])
}
