//! Ansible's command line, its words in Ansible Runner's order.

use std::path::Path;

use super::{LaidOut, RunConfig};
use crate::input::Job;

impl RunConfig {
    /// Ansible with everything that was decided, and the files that were laid out for it.
    pub fn command_line(&self, files: &LaidOut) -> Vec<String> {
        if let Some(words) = &self.whole_command {
            return words.clone();
        }
        let program = match (&self.binary, &self.job) {
            (Some(binary), _) => binary,
            (None, Job::Module { .. }) => "ansible",
            (None, Job::Playbook(_) | Job::Role { .. }) => "ansible-playbook",
        };
        let mut argv = vec![program.to_owned()];
        argv.extend(self.cmdline.iter().cloned());
        for inventory in &self.inventory {
            argv.extend(["-i".to_owned(), inventory.clone()]);
        }
        push_option(
            &mut argv,
            "limit",
            self.limit.as_ref(),
            self.set_by_plugins.contains("/limit"),
        );
        if let Some(file) = &self.extravars_file {
            let path = files.extravars.as_ref().unwrap_or(&file.path);
            argv.extend(["-e".to_owned(), format!("@{}", path.display())]);
        }
        for extra_vars in &self.extra_vars {
            argv.extend(["-e".to_owned(), extra_vars.clone()]);
        }
        if let Some(path) = &files.data_vars {
            argv.extend(["-e".to_owned(), format!("@{}", path.display())]);
        }
        if self.verbosity > 0 {
            argv.push(format!("-{}", "v".repeat(self.verbosity.into())));
        }
        push_option(&mut argv, "tags", self.tags.as_ref(), self.set_by_plugins.contains("/tags"));
        push_option(
            &mut argv,
            "skip-tags",
            self.skip_tags.as_ref(),
            self.set_by_plugins.contains("/skip_tags"),
        );
        push_option(&mut argv, "forks", self.forks.as_ref(), false);
        if self.binary.is_none() {
            self.push_job(&mut argv, files.role_play.as_deref());
        }
        argv
    }

    fn push_job(&self, argv: &mut Vec<String>, role_play: Option<&Path>) {
        match &self.job {
            Job::Playbook(name) => argv.push(name.clone()),
            Job::Module { name, arguments, hosts } => {
                argv.extend(["-m".to_owned(), name.clone()]);
                if let Some(arguments) = arguments {
                    argv.extend(["-a".to_owned(), arguments.clone()]);
                }
                argv.extend(hosts.clone());
            }
            Job::Role { .. } => {
                argv.extend(role_play.map(|path| path.to_string_lossy().into_owned()));
            }
        }
    }
}

/// What a plugin set is one word, so that it is a value whatever it begins with.
fn push_option(argv: &mut Vec<String>, name: &str, value: Option<&String>, one_word: bool) {
    match value {
        None => {}
        Some(value) if one_word => argv.push(format!("--{name}={value}")),
        Some(value) => argv.extend([format!("--{name}"), value.clone()]),
    }
}
