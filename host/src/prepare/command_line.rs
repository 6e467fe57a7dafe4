//! Ansible's command line, its words in Ansible Runner's order.

use std::path::Path;

use super::RunConfig;

impl RunConfig {
    /// `ansible-playbook` with everything that was decided. `plugin_vars` is the file
    /// with what plugins set, if they set anything.
    pub fn command_line(&self, plugin_vars: Option<&Path>) -> Vec<String> {
        let mut argv = vec!["ansible-playbook".to_owned()];
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
            argv.extend(["-e".to_owned(), format!("@{}", file.path.display())]);
        }
        for extra_vars in &self.extra_vars {
            argv.extend(["-e".to_owned(), extra_vars.clone()]);
        }
        if let Some(path) = plugin_vars {
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
        argv.push(self.playbook.clone());
        argv
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
