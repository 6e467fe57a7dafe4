//! A plugin's own log: one line an entry, each with its time, level and lane.
//!
//! A plugin must not fill the disk or move the operator's cursor: lines and the file are
//! bounded, and control characters are escaped. That the log cannot be written fails
//! nothing; what decides a run is reported elsewhere too.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Lane;
use crate::own_file::open_own;
use crate::secrets::{OwnWords, Secrets};
use crate::visible::push_visible;

/// Bytes of one line; the rest is cut off.
const LONGEST_LINE: usize = 8 << 10;

/// See the module's head. Both lanes of a plugin append to one file.
#[derive(Debug)]
pub(super) struct PluginLog {
    path: PathBuf,
    lane: Lane,
    /// Bytes that the plugin may write.
    most: usize,
    words: OwnWords,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    written: usize,
    dropped: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl PluginLog {
    /// The file is made with its first line. `most` bytes are the plugin's own.
    pub(super) fn new(folder: &Path, lane: Lane, most: usize, secrets: Secrets) -> Self {
        let words = OwnWords::new(secrets);
        Self { path: folder.join("log"), lane, most, words, state: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the next line of the plugin would be kept.
    pub(super) fn has_room(&self) -> bool {
        self.lock().written < self.most
    }

    /// Writes a line of the plugin's, as far as it has room.
    pub(super) fn write(&self, level: LogLevel, message: &str, fields: &[(String, String)]) {
        let line = self.line(level, message, fields);
        let mut state = self.lock();
        if state.written + line.len() > self.most {
            state.written = self.most;
            state.dropped += 1;
        } else {
            state.written += line.len();
            state.append(&self.path, &line);
        }
    }

    /// Writes a line of the host's about the plugin. There are few, and they say what
    /// became of it: the plugin's limit does not hold for them.
    pub(super) fn write_ours(&self, level: LogLevel, message: &str) {
        let line = self.line(level, message, &[]);
        self.lock().append(&self.path, &line);
    }

    /// Hides a secret of the plugin from now on, wherever in the run it stands, and a short
    /// one in the plugin's own words.
    pub(super) fn conceal(&self, secret: &str) {
        self.words.add_secret(secret);
    }

    /// A text of the plugin's without secrets.
    pub(super) fn without_secrets<'text>(&self, text: &'text str) -> Cow<'text, str> {
        self.words.hide(text)
    }

    /// Says how much there was no room for.
    pub(super) fn finish(&self) {
        let dropped = std::mem::take(&mut self.lock().dropped);
        if dropped > 0 {
            let message = format!("{dropped} more lines were dropped: the log was full");
            self.write_ours(LogLevel::Warn, &message);
        }
    }

    fn line(&self, level: LogLevel, message: &str, fields: &[(String, String)]) -> String {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
        let mut line = format!("{now} {:5} {} ", level.as_str(), self.lane.as_str());
        push(&mut line, &self.without_secrets(message));
        for (key, value) in fields {
            line.push(' ');
            push(&mut line, &self.without_secrets(key));
            line.push('=');
            push(&mut line, &self.without_secrets(value));
        }
        if line.len() > LONGEST_LINE {
            line.truncate(line.floor_char_boundary(LONGEST_LINE));
            line.push('…');
        }
        line.push('\n');
        line
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, path: &Path, line: &str) {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            self.file = open_own(options.append(true).create(true).mode(0o600), path).ok();
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_all(line.as_bytes());
        }
    }
}

/// Appends as much of a text as a line can hold.
fn push(line: &mut String, text: &str) {
    push_visible(line, &text[..text.floor_char_boundary(LONGEST_LINE)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    fn written(write: impl FnOnce(&PluginLog)) -> String {
        let folder = tempfile::tempdir().unwrap();
        let log = PluginLog::new(folder.path(), Lane::Path, MOST, Secrets::default());
        write(&log);
        log.finish();
        std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
    }

    #[test]
    fn a_line_cannot_be_more_than_a_line() {
        let text = written(|log| {
            log.write(LogLevel::Info, "a\nb\x1b[2J", &[("k".into(), "\u{202e}v".into())]);
        });
        assert!(text.ends_with(" info  path a\\nb\\u{1b}[2J k=\\u{202e}v\n"), "{text}");
    }

    #[test]
    fn lines_and_the_log_are_bounded() {
        let text = written(|log| {
            for _ in 0..200 {
                log.write(LogLevel::Info, &"é".repeat(10_000), &[]);
            }
            assert!(!log.has_room());
        });
        assert!(text.len() <= MOST + LONGEST_LINE, "{}", text.len());
        assert!(text.lines().all(|line| line.len() <= LONGEST_LINE + '…'.len_utf8()));
        let last = text.lines().last().unwrap();
        assert!(last.contains("more lines were dropped"), "{last}");
    }

    #[test]
    fn a_log_without_lines_is_no_file() {
        assert_eq!(written(|_| {}), "");
    }
}
