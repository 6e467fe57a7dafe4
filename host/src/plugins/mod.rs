//! Plugins: finds, loads, links, instantiates, calls and limits components.
//!
//! In: a [`PluginSpec`] a plugin, then events, statuses and the view of a run. Out: a
//! [`Plugin`] that says what it is and may do, and a [`PluginLane`] that answers. Whatever
//! a component does (trap, loop, grow, lie) comes out as a value of ours: no type of the
//! engine leaves this module, and nothing here writes to the terminal, reads the
//! environment or decides what a failure does to the run.

mod allow;
mod annotation;
mod batch;
mod bindings;
mod compiled;
mod component;
mod delivery_calls;
mod digest;
mod dir_grant;
mod doubts;
mod edits;
mod egress;
mod epoch;
mod error;
mod exports;
mod foreign_keys;
mod grants;
mod growth;
mod guest_output;
mod hooks;
mod host;
mod imports;
mod inspection;
mod installed;
mod instance;
mod json_schema;
mod lane;
mod library;
mod limits;
mod log;
mod metadata;
mod name;
mod outcomes;
mod own_secrets;
mod path_calls;
mod plugin;
mod pointer;
mod private;
mod rehearsal;
mod said;
mod secret;
mod select;
mod settings_grants;
mod spec;
mod stats;
mod store;
mod surface;
mod unasked;
mod view_schema;
mod wasi_http;

pub use allow::Allow;
pub use annotation::annotate;
pub use compiled::{CompiledCache, CompiledState, CompilerProgram, compile};
pub use component::ComponentFile;
pub use digest::{Digest, PluginReference};
pub use egress::IdentityFiles;
pub use error::{PluginError, PrepareError, StartError};
pub use foreign_keys::ForeignKeys;
pub use grants::Grants;
pub use hooks::{Hook, Hooks, Lane};
pub use host::PluginHost;
pub use inspection::{Inspection, Undeclared};
pub use installed::{
    Asked, Claims, GrantedBy, InstallError, Installed, InstalledPlugins, Lock, LockedPlugin,
    Upgrade, Verified,
};
pub use lane::{LaneContext, PluginLane};
pub use library::{Found, PluginLibrary};
pub use limits::LimitOverrides;
pub use metadata::{
    BatchMetadata, CursorKind, EventText, HookMetadata, HostSettings, Metadata, SettingsMetadata,
    Want, Wanted,
};
pub use name::{PluginName, PluginNameError};
pub use outcomes::{
    Attempt, Change, Delivered, Edit, Ending, Enriched, RunFacts, StatusChange, Verdicts,
};
pub use own_secrets::read_secrets;
pub use plugin::{BatchLimits, Plugin};
pub use rehearsal::{HostAnswer, HostCall, Rehearsal};
pub use secret::SecretSource;
pub use select::Select;
pub use spec::{ExpectedDigest, OnError, PluginSpec};
pub use stats::{LaneSummary, PluginStats};
