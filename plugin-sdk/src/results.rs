//! What common modules return, for [`Event::result`](crate::Event::result). The members are
//! those that Ansible 2.16 and 2.19 were seen to give; each type takes no notice of others.
//!
//! A task that failed before its module could work has none of this, only a `msg`: then
//! `result` gives none.
//!
//! ```
//! use playhouse_plugin::Event;
//! use playhouse_plugin::results::CommandResult;
//!
//! fn has_complained(event: &Event<'_>) -> bool {
//!     event.result::<CommandResult>().is_some_and(|result| !result.stderr.is_empty())
//! }
//! ```

use serde::Deserialize;
use serde_json::{Map, Value};

/// What `command` and `shell` return.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct CommandResult {
    /// The exit code.
    pub rc: i64,
    /// What it printed.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
    /// What was run.
    pub cmd: CommandLine,
    /// `2026-11-25 09:00:00.000000`, in the managed host's time. None where `creates` or
    /// `removes` kept it from running.
    pub start: Option<String>,
    /// In the same form.
    pub end: Option<String>,
    /// How long it took: `0:00:00.010274`.
    pub delta: Option<String>,
    /// It is taken to have changed something.
    pub changed: bool,
    /// In Ansible's words; empty where all went well.
    #[serde(default)]
    pub msg: String,
}

/// A command as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CommandLine {
    /// `command`: a program and its arguments.
    Words(Vec<String>),
    /// `shell`: a line for the shell.
    Line(String),
}

/// What `stat` returns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct StatResult {
    /// What it found.
    pub stat: FileStatus,
}

/// A file as `stat` describes it. Where there is none, nothing but `exists` is known.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "as the module has them")]
#[non_exhaustive]
pub struct FileStatus {
    /// Whether there is one.
    pub exists: bool,
    /// Where.
    pub path: Option<String>,
    /// It is a folder.
    #[serde(rename = "isdir")]
    pub is_folder: bool,
    /// It is a regular file.
    #[serde(rename = "isreg")]
    pub is_regular: bool,
    /// It is a symbolic link.
    #[serde(rename = "islnk")]
    pub is_link: bool,
    /// `0644`
    pub mode: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// The owner's number.
    pub uid: Option<u32>,
    /// The group's number.
    pub gid: Option<u32>,
    /// The owner's name.
    #[serde(rename = "pw_name")]
    pub owner: Option<String>,
    /// The group's name.
    #[serde(rename = "gr_name")]
    pub group: Option<String>,
    /// Seconds since 1970-01-01T00:00:00Z when its content changed.
    pub mtime: Option<f64>,
    /// SHA-1 of its content, unless another was asked for or it is no regular file.
    pub checksum: Option<String>,
}

/// What `copy`, `template` and `file` return.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FileResult {
    /// Something was changed.
    pub changed: bool,
    /// What is there now: `file`, `directory`, `link`, `absent`, …
    pub state: String,
    /// Where, as `copy` and `template` say it.
    dest: Option<String>,
    /// Where, as `file` says it.
    path: Option<String>,
    /// `0644`
    pub mode: Option<String>,
    /// The owner's name.
    pub owner: Option<String>,
    /// The group's name.
    pub group: Option<String>,
    /// Bytes.
    pub size: Option<u64>,
    /// SHA-1 of the content, of `copy` and `template`.
    pub checksum: Option<String>,
}

impl FileResult {
    /// Where it is.
    pub fn path(&self) -> Option<&str> {
        self.dest.as_deref().or(self.path.as_deref())
    }
}

/// What `setup`, the gathering of facts, returns, and `set_fact`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FactsResult {
    /// By name: those of `setup` begin with `ansible_`.
    pub ansible_facts: Map<String, Value>,
}

/// What `package` returns where it is `apt`. `dnf` and others have `changed` and `msg` alone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct PackageResult {
    /// Something was installed, upgraded or removed.
    pub changed: bool,
    /// What the package manager printed; empty where it had nothing to do.
    #[serde(default)]
    pub stdout: String,
    /// What it complained.
    #[serde(default)]
    pub stderr: String,
    /// Whether the lists of packages were fetched anew.
    pub cache_updated: Option<bool>,
    /// Seconds since 1970-01-01T00:00:00Z when they last were.
    pub cache_update_time: Option<u64>,
    /// In Ansible's words; empty where all went well.
    #[serde(default)]
    pub msg: String,
}

/// What `service` returns, and `systemd`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ServiceResult {
    /// Which.
    pub name: String,
    /// `started` or `stopped`; none where only `enabled` was asked for.
    pub state: Option<String>,
    /// Whether it starts with the machine, where that was asked for.
    pub enabled: Option<bool>,
    /// Something was changed.
    pub changed: bool,
}

/// What `lineinfile`, `blockinfile` and `replace` return.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct LineResult {
    /// The file was changed.
    pub changed: bool,
    /// `line added`, `line replaced`; empty where nothing was to be done.
    #[serde(default)]
    pub msg: String,
    /// The copy that was made before; empty without one.
    #[serde(default)]
    pub backup: String,
}

/// What `uri` returns, whether it failed or not.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct UriResult {
    /// The answer's status, -1 where there was none.
    pub status: i64,
    /// What was asked for.
    pub url: String,
    /// `OK (unknown bytes)`, or what went wrong.
    pub msg: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// The body, where it was JSON.
    pub json: Option<Value>,
}
