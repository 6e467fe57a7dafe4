//! The secrets of a run whose values are known before it starts.

use serde_json::Value;

use super::RunConfig;
use crate::secrets::{Owner, is_public_variable, looks_secret};

impl RunConfig {
    /// Hides what is a secret by its place wherever else it stands: answers to prompts, and
    /// variables whose names look secret. Asked again when plugins have changed the run.
    pub(crate) fn learn_secrets(&self) {
        let secrets = &self.secrets;
        secrets.except(self.public_texts());
        for answer in self.answers.texts() {
            secrets.add(answer, Owner::Operator);
        }
        for (name, value) in self.environment.iter() {
            let name = name.to_string_lossy();
            let by_plugin = self.set_by_plugins.contains(&format!("/envvars/{name}"));
            if looks_secret(&name) || by_plugin {
                secrets.add(&value.to_string_lossy(), Owner::Operator);
            }
        }
        if let Some(file) = &self.extravars_file {
            secrets.add_members(&Value::Object(file.members.clone()), Owner::Operator);
        }
        for (name, value) in self.data_vars.values() {
            let member = Value::Object([(name.to_owned(), value)].into_iter().collect());
            secrets.add_members(&member, Owner::Operator);
        }
        for text in self.extra_vars.iter().chain(&self.cmdline) {
            match serde_json::from_str(text) {
                Ok(value) => secrets.add_members(&value, Owner::Operator),
                Err(_) => {
                    for value in assigned_in_secret(text) {
                        secrets.add(&value, Owner::Operator);
                    }
                }
            }
        }
    }

    /// What anybody may read of a run, so that none of it is a secret.
    fn public_texts(&self) -> Vec<String> {
        let paths =
            [&self.private_data_dir, &self.project_dir, &self.artifact_root, &self.artifact_dir];
        let mut texts: Vec<String> =
            paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        texts.push(self.ident.clone());
        texts.push(self.run_id.to_string());
        texts.extend(self.job.playbook().map(str::to_owned));
        texts.extend(self.inventory.clone());
        let variables = self.environment.iter();
        texts.extend(
            variables
                .filter(|(name, _)| name.to_str().is_some_and(is_public_variable))
                .map(|(_, value)| value.to_string_lossy().into_owned()),
        );
        texts
    }
}

/// The values in a text of variables, `name=value …`, whose names look secret.
fn assigned_in_secret(text: &str) -> Vec<String> {
    let words = shlex::split(text).unwrap_or_default();
    let assigned = words.iter().filter_map(|word| word.split_once('='));
    let secret = assigned.filter(|(name, _)| looks_secret(name));
    secret.map(|(_, value)| value.to_owned()).collect()
}
