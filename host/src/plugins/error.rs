//! Why a plugin is not loaded, does not start, or does not prepare a run.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{Digest, PluginNameError};

/// A plugin cannot take part. Nothing of it has run.
#[derive(Debug, Error)]
pub enum PluginError {
    /// The file cannot be read.
    #[error("cannot read the plugin `{}`", path.display())]
    Read {
        /// The component's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than any plugin we compile.
    #[error(
        "the plugin `{}` is larger than {limit} MiB; build it in release mode or take debug information out of it",
        path.display()
    )]
    TooLarge {
        /// The component's file.
        path: PathBuf,
        /// MiB.
        limit: u64,
    },
    /// It is some other kind of file.
    #[error("`{}` is not a WebAssembly component: {reason}", path.display())]
    NotAComponent {
        /// The file.
        path: PathBuf,
        /// What it is instead, and how to get a component.
        reason: String,
    },
    /// Making its code takes more of time or memory than any plugin should.
    #[error(
        "the plugin `{}` cannot be compiled: {reason}; ask its author for one with less code in it",
        path.display()
    )]
    Compile {
        /// The component's file.
        path: PathBuf,
        /// What it takes too much of.
        reason: String,
    },
    /// It is a component of someone else's.
    #[error(
        "the component `{}` is no plugin: it exports none of the hooks of `playhouse:plugin`; build it with the plugin SDK, or against `wit/`",
        path.display()
    )]
    NoHook {
        /// The component's file.
        path: PathBuf,
    },
    /// It was built for an interface we do not have.
    #[error(
        "the plugin `{}` was built for `{found}` and this is `playhouse:plugin@{ours}`; take the plugin's version for it, or build it anew",
        path.display()
    )]
    OtherVersion {
        /// The component's file.
        path: PathBuf,
        /// An interface it names.
        found: String,
        /// The version we have.
        ours: &'static str,
    },
    /// It names our interface and means another.
    #[error(
        "the plugin `{}` does not fit `{interface}`: {reason}; build it anew against this version's `wit/`",
        path.display()
    )]
    Mismatch {
        /// The component's file.
        path: PathBuf,
        /// The interface.
        interface: String,
        /// The engine's words.
        reason: String,
    },
    /// It needs something of the host that is not there.
    #[error(
        "the plugin `{}` imports what this version does not have: {reason}; build it against `wit/` and WASI 0.2",
        path.display()
    )]
    Import {
        /// The component's file.
        path: PathBuf,
        /// The engine's words.
        reason: String,
    },
    /// Its metadata cannot be used.
    #[error("the metadata of the plugin `{}` cannot be used: {reason}", path.display())]
    Metadata {
        /// The component's file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The digest it was asked for with is none.
    #[error("the plugin `{plugin}` cannot be looked for: {reason}")]
    Reference {
        /// As it was asked for.
        plugin: String,
        /// What a digest looks like.
        reason: String,
    },
    /// It is not the component that was asked for.
    #[error(
        "the plugin `{}` has the digest {found}, and it was asked for with {pinned}; find out why, and then correct one of them",
        path.display()
    )]
    Pinned {
        /// The component's file.
        path: PathBuf,
        /// What it has.
        found: Digest,
        /// What it was to have.
        pinned: Digest,
    },
    /// It is not the component that was installed.
    #[error(
        "the installed plugin `{name}` is not what was installed: `{}` has the digest {found}, and {installed} was installed; find out why, and then put the right one there with `playhouse plugin upgrade`, or take it away with `playhouse plugin remove {name}`",
        path.display()
    )]
    Changed {
        /// The name it is installed under.
        name: String,
        /// The component's file.
        path: PathBuf,
        /// What it has.
        found: Digest,
        /// What the lock file says.
        installed: Digest,
    },
    /// There is no name to call it by.
    #[error("the plugin `{}` has no name that can be used; give it one with `name:` or `--plugin {}=name`", path.display(), path.display())]
    Name {
        /// The component's file.
        path: PathBuf,
        /// What is wrong with the one it has.
        source: PluginNameError,
    },
    /// What the operator allows cannot be read.
    #[error("plugin `{plugin}`: the {kind} grant `{pattern}` cannot be read: {reason}")]
    Grant {
        /// The plugin's name in this run.
        plugin: String,
        /// `http`, `set`, `view`.
        kind: &'static str,
        /// As it was written.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// The operator gives it what it does not ask for.
    #[error("plugin `{plugin}` does not ask for {what}: it {asks}; correct it, or take it out")]
    Unasked {
        /// The plugin's name in this run.
        plugin: String,
        /// The grant, secret or setting.
        what: String,
        /// What the plugin asks for instead.
        asks: String,
    },
    /// The operator writes a setting that it does not have.
    #[error(
        "plugin `{plugin}` has no setting `{setting}`{}; correct it, or take it out",
        if known.is_empty() { String::new() } else { format!(", only {}", known.join(", ")) }
    )]
    UnknownSetting {
        /// The plugin's name in this run.
        plugin: String,
        /// JSON Pointer to the setting.
        setting: String,
        /// Those that it has in that place.
        known: Vec<String>,
    },
    /// A secret that it cannot do without has no value.
    #[error(
        "plugin `{plugin}` cannot do without its secret `{secret}`, and that has no value: {why}; give it one with `--plugin-secret {plugin}.{secret}=env:VARIABLE`, or with `secrets: {{{secret}: {{env: VARIABLE}}}}` in its entry in env/plugins"
    )]
    SecretMissing {
        /// The plugin's name in this run.
        plugin: String,
        /// What the plugin calls it.
        secret: String,
        /// That there is no source, or what became of it.
        why: String,
    },
    /// A certificate or key that the operator names cannot be used.
    #[error("plugin `{plugin}`: {reason}")]
    Tls {
        /// The plugin's name in this run.
        plugin: String,
        /// Which file, and what is wrong.
        reason: String,
    },
    /// The engine itself does not start.
    #[error("the WebAssembly engine does not start: {0}")]
    Engine(String),
}

/// A plugin's lane does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The operator has to change a setting.
    #[error(
        "plugin `{plugin}` refuses its settings{}: {message}",
        if setting.is_empty() { String::new() } else { format!(" at `{setting}`") }
    )]
    Config {
        /// The plugin's name in this run.
        plugin: String,
        /// JSON Pointer into the settings; may be empty.
        setting: String,
        /// The plugin's words.
        message: String,
    },
    /// `init` could not do its work.
    #[error("plugin `{plugin}` cannot start: {message}")]
    Failed {
        /// The plugin's name in this run.
        plugin: String,
        /// The plugin's words.
        message: String,
    },
    /// `init` did not end by itself.
    #[error("plugin `{plugin}` {reason}; its log is `{}`", log.display())]
    Lost {
        /// The plugin's name in this run.
        plugin: String,
        /// `trapped in init: …`, `exceeded … in init`.
        reason: String,
        /// The plugin's log.
        log: PathBuf,
    },
    /// Its folder cannot be made or written.
    #[error("cannot write `{}` for plugin `{plugin}`", path.display())]
    Folder {
        /// The plugin's name in this run.
        plugin: String,
        /// What could not be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A pre-run hook gave no edits.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrepareError {
    /// By the plugin's rule the run must not start; no `on_error` overrides it.
    #[error("plugin `{plugin}` refuses the run: {reason}")]
    Refused {
        /// The plugin's name in this run.
        plugin: String,
        /// The plugin's words.
        reason: String,
    },
    /// It could not do its work.
    #[error("plugin `{plugin}` failed in prepare: {reason}")]
    Failed {
        /// The plugin's name in this run.
        plugin: String,
        /// What happened.
        reason: String,
    },
}
