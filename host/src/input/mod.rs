//! What was asked: the private data directory and the flags become a [`RunSpec`].
//!
//! In: paths and files as the operator left them. Out: [`RunSpec`] and [`EnvFiles`],
//! parsed but not yet decided. Nothing here is written, and a file that cannot be read
//! as what it should be is an error with its path and line, never a silent default.

mod env_files;
mod error;
mod job;
mod plugin_entry;
mod private_data_dir;
mod run_spec;
mod ssh_keys;
mod yaml;
mod yaml_node;
mod yaml_scalar;

pub use env_files::{EnvFiles, ExtravarsFile};
pub(crate) use env_files::{read_mapping, read_variables, split_cmdline};
pub use error::InputError;
pub use job::{Job, role_vars};
pub use plugin_entry::{PluginEntry, PluginFlags};
pub use private_data_dir::PrivateDataDir;
pub(crate) use private_data_dir::absolute;
pub use run_spec::{CommandFile, EventData, JobEvents, OutputForm, RunSpec};
pub use ssh_keys::SshKeys;
pub(crate) use yaml::{parse as parse_yaml, parse_node as parse_yaml_node};
pub(crate) use yaml_node::{CORE, Node, Scalar, UNSAFE};
pub(crate) use yaml_scalar::{implied_type, may_be_typed};
