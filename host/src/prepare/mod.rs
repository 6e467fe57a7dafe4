//! What will happen: a [`RunSpec`](crate::input::RunSpec), the files of `env/` and the
//! environment become a [`RunConfig`] in which everything is decided.
//!
//! Pre-run plugins then look at it through a [view](view::run_view) and change it by
//! [edits](edit::apply_edits); at the end it yields Ansible's command line and
//! environment. This is the only place that reads the environment. Nothing is started.

mod ansible_cfg;
mod callback;
mod command_line;
mod data;
mod edit;
mod environment;
mod error;
mod extra_vars;
mod known_secrets;
mod laid_out;
mod names;
mod narrow;
mod passwords;
mod persist;
mod resolve;
mod run_config;
mod settings;
mod switches;
mod vars_file;
mod view;
mod words;

pub use callback::CallbackSetup;
pub(crate) use data::steers_ansible;
pub use edit::{ChangedPlaces, ConfigChange, apply_edits};
pub use environment::Environment;
pub use error::PrepareError;
pub use laid_out::LaidOut;
pub use narrow::Permission;
pub use persist::persist_inputs;
pub use resolve::resolve;
pub use run_config::RunConfig;
pub use settings::RunSettings;
pub use view::run_view;
pub use words::Word;
