//! A plugin's own secrets: the operator says where each comes from, and by that grants it.
//! They are in no artifact; a log line that holds one shows `********` in its place. A run
//! does not start without one that its plugin cannot do without.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::prepare::Environment;

/// Bytes of a secret at most.
const LARGEST: u64 = 32 << 10;
/// How often it is looked whether a program has ended that says nothing more.
const LOOK_EVERY: Duration = Duration::from_millis(5);

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

    /// The variable that it is in.
    pub(super) fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable { name, .. } => Some(name),
            Self::File(_) | Self::Command(_) => None,
        }
    }

    /// Its value, which is not empty; the error says why there is none.
    pub(super) async fn read(&self, limit: Duration) -> Result<String, String> {
        match self {
            Self::Variable { value: Some(value), .. } => Ok(value.clone()),
            Self::Variable { name, value: None } => {
                Err(format!("the environment has no variable `{name}`, or it is empty"))
            }
            Self::File(path) => read_file(path, limit).await,
            Self::Command(words) => run(words, limit).await,
        }
    }
}

async fn read_file(path: &Path, limit: Duration) -> Result<String, String> {
    let place = path.display();
    let open = path.to_owned();
    let read = in_thread(limit, move || read_text(File::open(open)?)).await;
    match read {
        None => Err(format!("`{place}` could not be read in {} ms", limit.as_millis())),
        Some(Err(error)) => Err(format!("`{place}` cannot be read: {error}")),
        Some(Ok(text)) if text.is_empty() => Err(format!("`{place}` is empty")),
        Some(Ok(text)) => Ok(text),
    }
}

async fn run(words: &[String], limit: Duration) -> Result<String, String> {
    let [program, arguments @ ..] = words else { return Err("its command is empty".to_owned()) };
    let deadline = Instant::now() + limit;
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
    let mut child = EndedWhenDropped(child);
    let output = child.0.stdout.take().expect("it was asked for a pipe");
    let late = || format!("`{program}` did not end in {} ms", limit.as_millis());
    let read = in_thread(limit, move || read_text(output)).await.ok_or_else(late)?;
    let text = read.map_err(|error| format!("what `{program}` printed cannot be used: {error}"))?;
    // It may go on after it has closed its output.
    let status = loop {
        match child.0.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if Instant::now() >= deadline => return Err(late()),
            None => sleep(LOOK_EVERY).await,
        }
    };
    if !status.success() {
        return Err(format!("`{program}` failed: {status}"));
    }
    if text.is_empty() {
        return Err(format!("`{program}` printed nothing"));
    }
    Ok(text)
}

/// A program that nobody waits for any more is ended.
struct EndedWhenDropped(Child);

impl Drop for EndedWhenDropped {
    fn drop(&mut self) {
        // Whether it can be ended or not, the plugin goes without.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Does what may block for ever, such as to read a FIFO, where nobody has to wait for it.
async fn in_thread<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Option<io::Result<T>> {
    let (done, result) = oneshot::channel();
    let started = thread::Builder::new().name("secret".to_owned()).spawn(move || {
        // Nobody waits for it any more where this fails.
        let _ = done.send(work());
    });
    if let Err(error) = started {
        return Some(Err(error));
    }
    timeout(limit, result).await.ok()?.ok()
}

fn read_text(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {} KiB", LARGEST >> 10)));
    }
    Ok(without_line_end(text))
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
        assert_eq!(read("command:true").unwrap_err(), "`true` printed nothing");
        assert!(read("command:/nowhere/at-all").unwrap_err().contains("cannot be started"));
        assert!(read("file:nowhere/at-all").unwrap_err().contains("`/nowhere/at-all`"));
        assert_eq!(read("file:dev/null").unwrap_err(), "`/dev/null` is empty");
        let endless = read("file:dev/zero").unwrap_err();
        assert_eq!(endless, "`/dev/zero` cannot be read: it is larger than 32 KiB");
    }

    #[tokio::test]
    async fn what_goes_on_is_waited_for_no_longer_than_its_limit() {
        let limit = Duration::from_millis(50);
        for script in ["exec sleep 60", "exec >&-; exec sleep 60"] {
            let words = ["sh", "-c", script].map(str::to_owned);
            let error = run(&words, limit).await.unwrap_err();
            assert_eq!(error, "`sh` did not end in 50 ms", "{script}");
        }
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let error = read_file(&fifo, limit).await.unwrap_err();
        assert!(error.ends_with("fifo` could not be read in 50 ms"), "{error}");
    }

    #[test]
    fn a_source_that_is_none_says_what_is() {
        for bad in ["TOKEN", "env:", "file:", "command:", "command:'", "url:x"] {
            assert!(bad.parse::<SecretSource>().is_err(), "{bad}");
        }
    }
}
