//! A plugin's own secrets: the operator says where each comes from, and by that grants it.
//! They are in no artifact; a log line that holds one shows `********` in its place.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use crate::prepare::Environment;

/// Where a secret comes from: `{env: NAME}`, `{file: PATH}`, `{command: [WORD, …]}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// A variable of the environment.
    Env(String),
    /// A file's text, less one line feed at its end. Relative to the private data directory.
    File(PathBuf),
    /// What a program prints, less one line feed at its end.
    Command(Vec<String>),
}

impl FromStr for SecretSource {
    type Err = String;

    /// As `--plugin-secret` gives it: `env:NAME`, `file:PATH`, `command:WORDS`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("command", words)) => match shlex::split(words) {
                Some(words) if !words.is_empty() => Ok(Self::Command(words)),
                _ => Err("`command:` is followed by the words of a command".to_owned()),
            },
            _ => Err("write `env:NAME`, `file:PATH` or `command:WORDS`".to_owned()),
        }
    }
}

/// A source with everything it takes to ask it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Secret {
    Variable { name: String, value: Option<String> },
    File(PathBuf),
    Command(Vec<String>),
}

impl Secret {
    /// Relative files lie in `base`.
    pub(super) fn new(source: &SecretSource, environment: &Environment, base: &Path) -> Self {
        match source {
            SecretSource::Env(name) => Self::Variable {
                name: name.clone(),
                value: environment.text(name).map(str::to_owned),
            },
            SecretSource::File(path) => Self::File(base.join(path)),
            SecretSource::Command(words) => Self::Command(words.clone()),
        }
    }

    /// Its value; the error says why there is none.
    pub(super) async fn read(&self, limit: Duration) -> Result<String, String> {
        match self {
            Self::Variable { value: Some(value), .. } => Ok(value.clone()),
            Self::Variable { name, value: None } => {
                Err(format!("the environment has no variable `{name}`"))
            }
            Self::File(path) => fs::read_to_string(path)
                .map(without_line_end)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display())),
            Self::Command(words) => run(words, limit).await,
        }
    }
}

async fn run(words: &[String], limit: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = words else { return Err("its command is empty".to_owned()) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let mut output = child.stdout.take().expect("it was asked for a pipe");
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let Ok(read) = timeout(limit, read).await else {
        // Whether it can be ended or not, the plugin goes without.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("`{program}` did not end in {} ms", limit.as_millis()));
    };
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("`{program}` failed: {status}"));
    }
    read.map_err(|error| error.to_string())?
        .map(without_line_end)
        .map_err(|error| format!("what `{program}` printed cannot be used: {error}"))
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<String, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut environment = Environment::default();
        environment.set("TOKEN", "abc");
        let secret = Secret::new(&source.parse().unwrap(), &environment, Path::new("/"));
        runtime.block_on(secret.read(Duration::from_secs(10)))
    }

    #[test]
    fn each_source_gives_its_text() {
        assert_eq!(read("env:TOKEN"), Ok("abc".into()));
        assert!(read("env:OTHER").unwrap_err().contains("`OTHER`"));
        assert_eq!(read("command:printf 'a b\\n\\n'"), Ok("a b\n".into()));
        assert!(read("command:false").unwrap_err().contains("`false` failed"));
        assert!(read("command:/nowhere/at-all").unwrap_err().contains("cannot be started"));
        assert!(read("file:nowhere/at-all").unwrap_err().contains("`/nowhere/at-all`"));
    }

    #[test]
    fn a_command_that_goes_on_is_ended() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let words = ["sleep".to_owned(), "60".to_owned()];
        let error = runtime.block_on(run(&words, Duration::from_millis(50))).unwrap_err();
        assert_eq!(error, "`sleep` did not end in 50 ms");
    }

    #[test]
    fn a_source_that_is_none_says_what_is() {
        for bad in ["TOKEN", "env:", "file:", "command:", "command:'", "url:x"] {
            assert!(bad.parse::<SecretSource>().is_err(), "{bad}");
        }
    }
}
