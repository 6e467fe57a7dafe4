//! `env/passwords`: patterns of Python's `re`, compiled with `MULTILINE` as Ansible
//! Runner 2.4.3 does, and their answers.

use std::fmt::Write as _;
use std::path::Path;

use regex::bytes::{Regex, RegexBuilder};

use super::PrepareError;
use crate::exec::Answers;

/// Bytes of a plugin's pattern, and of what it is compiled to.
const LONGEST_PATTERN: usize = 1_000;
const LARGEST_REGEX: usize = 256 << 10;

/// Compiles the entries of the file at `path`, in its order. One that cannot be
/// honoured is an error: without it a run would wait for an answer that never comes.
pub(super) fn answers(path: &Path, entries: &[(String, String)]) -> Result<Answers, PrepareError> {
    let mut answers = Answers::default();
    for (pattern, answer) in entries {
        let compiled = compile(pattern).map_err(|reason| PrepareError::Pattern {
            path: path.to_owned(),
            pattern: pattern.clone(),
            reason,
        })?;
        answers.push(compiled, answer.clone());
    }
    Ok(answers)
}

/// A pattern of the operator's.
fn compile(pattern: &str) -> Result<Regex, String> {
    build(RegexBuilder::new(&translated(pattern)?).multi_line(true))
}

/// A pattern of a plugin's, which may not cost what one likes.
pub(super) fn compile_bounded(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LONGEST_PATTERN {
        return Err(format!("the pattern is longer than {LONGEST_PATTERN} bytes"));
    }
    let translated = translated(pattern)?;
    let mut builder = RegexBuilder::new(&translated);
    build(builder.multi_line(true).size_limit(LARGEST_REGEX).dfa_size_limit(LARGEST_REGEX))
}

fn build(builder: &RegexBuilder) -> Result<Regex, String> {
    builder.build().map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or(&error);
        reason.trim_start_matches("error: ").to_owned()
    })
}

/// A pattern of Python's `re` in the syntax of the `regex` crate. What differs: a brace
/// that is no repetition and a `[`, `&` or `~` in a class are characters, any character
/// but a letter or digit may be escaped, `\Z` is the end.
fn translated(pattern: &str) -> Result<String, String> {
    let mut translated = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut rest = pattern.chars().peekable();
    while let Some(char) = rest.next() {
        match char {
            '\\' => match rest.next() {
                Some('Z') => translated.push_str("\\z"),
                Some('0') => translated.push_str("\\x00"),
                Some(digit @ '1'..='9') if !in_class => {
                    return Err(format!("the back-reference `\\{digit}` is not supported"));
                }
                Some(letter) if letter.is_ascii_alphanumeric() => {
                    let _ = write!(translated, "\\{letter}");
                }
                Some(other) => translated.push_str(&regex::escape(&other.to_string())),
                None => return Err("it ends with a `\\`".to_owned()),
            },
            '[' if in_class => translated.push_str("\\["),
            '[' => {
                in_class = true;
                translated.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    translated.push('^');
                }
                // First in a class it is a character.
                if rest.next_if_eq(&']').is_some() {
                    translated.push_str("\\]");
                }
            }
            ']' => {
                in_class = false;
                translated.push(']');
            }
            '&' | '~' if in_class => {
                let _ = write!(translated, "\\{char}");
            }
            '{' if !in_class && !is_repetition(rest.clone()) => translated.push_str("\\{"),
            _ => translated.push(char),
        }
    }
    Ok(translated)
}

/// Whether what follows a `{` makes it `{m}`, `{m,}`, `{,n}` or `{m,n}`.
fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take_while(|&char| char != '}').collect();
    let (from, to) = inside.split_once(',').unwrap_or((&inside, "0"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    inside != "," && !inside.is_empty() && is_number(from) && is_number(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_of_pythons_are_honoured() {
        for (pattern, text) in [
            (r"^SSH password:\s*?$", "\r\nSSH password: "),
            (r"Enter passphrase for .*\/ssh_key_data:", "Enter passphrase for /a/ssh_key_data:"),
            (r"{{ name }}: \Z", "{{ name }}: "),
            (r"a{2}b{1,}[]x[&&~]{2}", "aab]["),
            (r"(?i)vault\ password\:", "Vault password:"),
            (r"Kennwort für \w+: $", "Kennwort für jürgen: "),
        ] {
            let compiled = compile(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            assert!(compiled.is_match(text.as_bytes()), "{pattern}");
        }
        assert!(!compile(r"^word").unwrap().is_match(b"password"));
    }

    #[test]
    fn what_cannot_be_honoured_is_an_error() {
        for (pattern, words) in [
            ("(?<=x)y", "look-around"),
            (r"(a)\1", "the back-reference `\\1`"),
            ("pass(word", "unclosed group"),
            ("x\\", "it ends with"),
        ] {
            let reason = compile(pattern).unwrap_err();
            assert!(reason.contains(words), "{pattern}: {reason}");
        }
    }

    #[test]
    fn a_pattern_of_a_plugins_is_bounded() {
        for pattern in ["BECOME password:", r"^Kennwort für \w+: $", "(?i)vault.*password"] {
            assert!(compile_bounded(pattern).is_ok(), "{pattern}");
        }
        assert!(compile_bounded(r"\w{500}").unwrap_err().contains("size limit"));
        assert!(compile_bounded(&"a".repeat(1_001)).unwrap_err().contains("longer than"));
    }

    proptest! {
        /// A pattern is honoured or refused.
        #[test]
        fn nothing_breaks_it(pattern in "[a-c0-9^$.|?*+()\\[\\]{},\\\\Zsw&~-]{0,30}|\\PC{0,20}") {
            let _ = compile(&pattern);
        }
    }
}
