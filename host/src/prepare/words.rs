//! The words of Ansible's command line, each with what of it may be shown: a word knows what
//! it is from where it is made, so that nobody has to guess it from the command line again.

use std::borrow::Cow;

use crate::secrets::{REDACTED, without_credentials};

/// A word, and how artifacts, sinks and plugins see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    text: String,
    shown: String,
}

impl Word {
    /// A word that may be seen, but for credentials in its URLs and values under names that look
    /// secret.
    pub(super) fn open(text: impl Into<String>) -> Self {
        Self::behind(Behind::Open, text.into())
    }

    /// A word behind `-e`: variables, or `@` and the path of a file.
    pub(super) fn extra_vars(text: impl Into<String>) -> Self {
        Self::behind(Behind::ExtraVars, text.into())
    }

    fn behind(behind: Behind, text: String) -> Self {
        Self { shown: shown_value(behind, &text).into_owned(), text }
    }

    /// As Ansible gets it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// As it may be shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// What stands behind an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Nothing: it is a switch.
    Nothing,
    /// A value that may be shown.
    Open,
    /// Variables.
    ExtraVars,
    /// A value that may hold credentials.
    Secret,
    /// Something or nothing: the option is none that we know.
    Unknown,
}

/// The long options of `ansible-playbook` and `ansible`, core 2.16 to 2.22. The value of an
/// option that is not here is not shown.
const LONG: [(&str, Behind); 53] = [
    ("args", Behind::Open),
    ("ask-become-pass", Behind::Nothing),
    ("ask-pass", Behind::Nothing),
    ("ask-vault-pass", Behind::Nothing),
    ("ask-vault-password", Behind::Nothing),
    ("background", Behind::Open),
    ("become", Behind::Nothing),
    ("become-method", Behind::Open),
    ("become-pass-file", Behind::Open),
    ("become-password-file", Behind::Open),
    ("become-user", Behind::Open),
    ("check", Behind::Nothing),
    ("conn-pass-file", Behind::Open),
    ("connection", Behind::Open),
    ("connection-password-file", Behind::Open),
    ("diff", Behind::Nothing),
    ("extra-vars", Behind::ExtraVars),
    ("flush-cache", Behind::Nothing),
    ("force-handlers", Behind::Nothing),
    ("forks", Behind::Open),
    ("help", Behind::Nothing),
    ("inventory", Behind::Open),
    ("inventory-file", Behind::Open),
    ("key-file", Behind::Open),
    ("limit", Behind::Open),
    ("list-hosts", Behind::Nothing),
    ("list-tags", Behind::Nothing),
    ("list-tasks", Behind::Nothing),
    ("module-name", Behind::Open),
    ("module-path", Behind::Open),
    ("one-line", Behind::Nothing),
    ("playbook-dir", Behind::Open),
    ("poll", Behind::Open),
    ("private-key", Behind::Open),
    ("scp-extra-args", Behind::Secret),
    ("sftp-extra-args", Behind::Secret),
    ("skip-tags", Behind::Open),
    ("ssh-common-args", Behind::Secret),
    ("ssh-extra-args", Behind::Secret),
    ("start-at-task", Behind::Open),
    ("step", Behind::Nothing),
    ("subset", Behind::Open),
    ("syntax-check", Behind::Nothing),
    ("tags", Behind::Open),
    ("task-timeout", Behind::Open),
    ("timeout", Behind::Open),
    ("tree", Behind::Open),
    ("user", Behind::Open),
    ("vault-id", Behind::Open),
    ("vault-pass-file", Behind::Open),
    ("vault-password-file", Behind::Open),
    ("verbose", Behind::Nothing),
    ("version", Behind::Nothing),
];

/// The words that an operator wrote, read as Python's `argparse` reads them: options may be
/// shortened, short ones stand together, a value stands in the same word or in the next.
pub(super) fn operators_words(words: &[String]) -> Vec<Word> {
    let mut reader = Reader { awaited: Behind::Nothing, has_options: true };
    words.iter().map(|word| Word { shown: reader.shown(word), text: word.clone() }).collect()
}

struct Reader {
    /// What the next word is by the option before it.
    awaited: Behind,
    /// Options may come: there was no `--`.
    has_options: bool,
}

impl Reader {
    fn shown(&mut self, word: &str) -> String {
        let awaited = std::mem::replace(&mut self.awaited, Behind::Nothing);
        let is_option = word.len() > 1 && word.starts_with('-');
        let as_value = match awaited {
            Behind::Nothing => None,
            // Behind a switch comes something that is shown on its own account.
            Behind::Unknown if is_option => None,
            awaited => Some(shown_value(awaited, word).into_owned()),
        };
        if !is_option || !self.has_options {
            return as_value.unwrap_or_else(|| without_credentials(word).into_owned());
        }
        if word == "--" {
            // Python takes it out, and the value still comes.
            self.awaited = awaited;
            self.has_options = awaited != Behind::Nothing;
            return word.to_owned();
        }
        // A value that begins with `-` may be an option as well: whatever it is, what it hides
        // is hidden, and what is behind it too.
        let as_option = match word.strip_prefix("--") {
            Some(long) => self.shown_long(long),
            None => self.shown_short(&word[1..]),
        };
        match as_value {
            Some(value) if value != word => value,
            _ => as_option,
        }
    }

    fn shown_long(&mut self, word: &str) -> String {
        match word.split_once('=') {
            Some((name, value)) => format!("--{name}={}", shown_value(behind_long(name), value)),
            None => {
                self.awaited = behind_long(word);
                format!("--{word}")
            }
        }
    }

    fn shown_short(&mut self, word: &str) -> String {
        for (index, letter) in word.char_indices() {
            let behind = behind_short(letter);
            if behind == Behind::Nothing {
                continue;
            }
            let (options, value) = word.split_at(index + letter.len_utf8());
            if value.is_empty() {
                self.awaited = behind;
            }
            return format!("-{options}{}", shown_value(behind, value));
        }
        format!("-{word}")
    }
}

fn shown_value(behind: Behind, value: &str) -> Cow<'_, str> {
    match behind {
        _ if value.is_empty() => Cow::Borrowed(value),
        Behind::Nothing | Behind::Open => without_credentials(value),
        Behind::ExtraVars if value.starts_with('@') => without_credentials(value),
        Behind::ExtraVars | Behind::Secret | Behind::Unknown => Cow::Borrowed(REDACTED),
    }
}

/// A long option, whole or shortened: what may stand behind any that it may be.
fn behind_long(name: &str) -> Behind {
    if let Some((_, behind)) = LONG.iter().find(|(long, _)| *long == name) {
        return *behind;
    }
    let mut matching = LONG.iter().filter(|(long, _)| long.starts_with(name)).map(|(_, b)| *b);
    match matching.next() {
        Some(first) if matching.all(|behind| behind == first) => first,
        _ => Behind::Unknown,
    }
}

fn behind_short(letter: char) -> Behind {
    match letter {
        'b' | 'C' | 'D' | 'h' | 'J' | 'k' | 'K' | 'o' | 'v' => Behind::Nothing,
        'a' | 'B' | 'c' | 'f' | 'i' | 'l' | 'm' | 'M' | 'P' | 'T' | 't' | 'u' => Behind::Open,
        'e' => Behind::ExtraVars,
        _ => Behind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        let words = operators_words(&words);
        words.iter().map(Word::shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_are_read_as_argparse_reads_them() {
        for (words, expected) in [
            (&["-e", "x=1"][..], "-e ********"),
            (&["-ex=1"], "-e********"),
            (&["-ve", "x=1"], "-ve ********"),
            (&["-vex=1"], "-ve********"),
            (&["--extra-vars", "x=1"], "--extra-vars ********"),
            (&["--extra-vars=x=1"], "--extra-vars=********"),
            (&["--extra-v", "x=1"], "--extra-v ********"),
            (&["--e=x=1"], "--e=********"),
            (&["-e", "@vars.yml", "site.yml"], "-e @vars.yml site.yml"),
            (&["-e", "--", "x=1"], "-e -- ********"),
            (&["-e", "-e", "x=1"], "-e ******** ********"),
            (&["-e", "-x y=1"], "-e ********"),
            (&["-i", "-ex=1"], "-i -e********"),
            (&["--ssh-common-args", "-oPassword=x", "a"], "--ssh-common-args ******** a"),
            (&["--ssh-extra-args=-oPassword=x", "a"], "--ssh-extra-args=******** a"),
            (&["--ssh", "x"], "--ssh ********"),
            (&["--new-option", "x", "a"], "--new-option ******** a"),
            (&["--new-option=x", "-Zx", "-Z", "-v"], "--new-option=******** -Z******** -Z -v"),
            (&["-vvv", "--check", "site.yml"], "-vvv --check site.yml"),
            (&["-l", "web", "--tags=a,b", "-f5"], "-l web --tags=a,b -f5"),
            (&["--private-key", "~/k", "--vault-id", "x@y"], "--private-key ~/k --vault-id x@y"),
            (&["-a", "name=u password='a b'"], "-a name=u password=********"),
            (&["token=x"], "token=********"),
            (&["--", "-e", "x"], "-- -e x"),
        ] {
            assert_eq!(shown(words), expected, "{words:?}");
        }
    }

    proptest! {
        /// Wherever it stands among options, what is behind `-e` in any spelling is not shown.
        #[test]
        fn no_spelling_shows_extra_vars(
            before in proptest::collection::vec("-{0,2}[a-zA-Z-]{0,12}=?", 0..4),
            spelling in 0..8_usize,
        ) {
            let value = "zq=SWORDFISH";
            let mut words: Vec<String> = before;
            match spelling {
                0 => words.extend(["-e".to_owned(), value.to_owned()]),
                1 => words.push(format!("-e{value}")),
                2 => words.push(format!("-vCe{value}")),
                3 => words.extend(["-vve".to_owned(), value.to_owned()]),
                4 => words.push(format!("--extra-vars={value}")),
                5 => words.push(format!("--ext={value}")),
                6 => words.extend(["--extra-v".to_owned(), value.to_owned()]),
                _ => words.extend(["--extra-vars".to_owned(), value.to_owned()]),
            }
            // Behind `--` nothing is an option.
            prop_assume!(!words.iter().any(|word| word == "--"));
            for word in operators_words(&words) {
                prop_assert!(!word.shown().contains("SWORDFISH"), "{words:?}");
            }
        }
    }
}
