//! Ansible's command line, its words in Ansible Runner's order.

use std::path::Path;

use super::words::{Word, operators_words};
use super::{LaidOut, RunConfig};
use crate::input::Job;

impl RunConfig {
    /// Ansible with everything that was decided, and the files that were laid out for it.
    pub fn command_line(&self, files: &LaidOut) -> Vec<Word> {
        if let Some(words) = &self.whole_command {
            return whole_command(words);
        }
        let program = match (&self.binary, &self.job) {
            (Some(binary), _) => binary,
            (None, Job::Module { .. }) => "ansible",
            (None, Job::Playbook(_) | Job::Role { .. }) => "ansible-playbook",
        };
        let mut argv = vec![Word::open(program)];
        argv.extend(operators_words(&self.cmdline));
        for inventory in &self.inventory {
            argv.extend(["-i", inventory].map(Word::open));
        }
        push_option(
            &mut argv,
            "limit",
            self.limit.as_ref(),
            self.set_by_plugins.contains("/limit"),
        );
        if let Some(file) = &self.extravars_file {
            push_file(&mut argv, files.extravars.as_ref().unwrap_or(&file.path));
        }
        for extra_vars in &self.extra_vars {
            argv.extend([Word::open("-e"), Word::extra_vars(extra_vars)]);
        }
        if let Some(path) = &files.data_vars {
            push_file(&mut argv, path);
        }
        if self.verbosity > 0 {
            argv.push(Word::open(format!("-{}", "v".repeat(self.verbosity.into()))));
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

    fn push_job(&self, argv: &mut Vec<Word>, role_play: Option<&Path>) {
        match &self.job {
            Job::Playbook(name) => argv.push(Word::open(name)),
            Job::Module { name, arguments, hosts } => {
                argv.extend(["-m", name].map(Word::open));
                if let Some(arguments) = arguments {
                    argv.extend(["-a", arguments].map(Word::open));
                }
                argv.extend(hosts.iter().map(Word::open));
            }
            Job::Role { .. } => {
                argv.extend(role_play.map(|path| Word::open(path.to_string_lossy())));
            }
        }
    }
}

/// The program first, and behind it what may be Ansible's options.
fn whole_command(words: &[String]) -> Vec<Word> {
    let Some((program, words)) = words.split_first() else { return Vec::new() };
    [vec![Word::open(program)], operators_words(words)].concat()
}

fn push_file(argv: &mut Vec<Word>, path: &Path) {
    argv.extend([Word::open("-e"), Word::extra_vars(format!("@{}", path.display()))]);
}

/// What a plugin set is one word, so that it is a value whatever it begins with.
fn push_option(argv: &mut Vec<Word>, name: &str, value: Option<&String>, one_word: bool) {
    match value {
        None => {}
        Some(value) if one_word => argv.push(Word::open(format!("--{name}={value}"))),
        Some(value) => argv.extend([Word::open(format!("--{name}")), Word::open(value)]),
    }
}
