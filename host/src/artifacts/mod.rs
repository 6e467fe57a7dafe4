//! What stays on disk: `artifacts/<ident>/` in Ansible Runner's layout, and the journal.
//!
//! In: events and status changes in their order. Out: files, each written whole or not
//! at all, but for `stdout`, `events.jsonl` and the journal, which grow at their end. An entry is in the
//! journal before any sink hears of it. It survives the death of processes, not of the
//! machine: nothing is synced.

mod artifact_dir;
mod config_changes;
mod error;
mod fact_cache;
mod growing_file;
mod job_events;
mod journal;
mod log_reader;
mod python_json;
mod record;
mod rotation;
mod status;
mod undelivered;

pub use artifact_dir::ArtifactDir;
pub(crate) use artifact_dir::{plugin_folder, write_whole};
pub use config_changes::read_config_changes;
pub(crate) use config_changes::write_config_changes;
pub use error::ArtifactError;
pub use fact_cache::read_facts;
pub use job_events::{EventReader, EventTexts, Written, event_files, event_texts};
pub use journal::{Act, Entry, Journal, JournalReader, Position, What};
pub use log_reader::{LogReader, Logged};
pub use python_json::to_python_json;
pub use record::{RunRecord, RunState, is_live};
pub use rotation::rotate;
pub use status::{RunStatus, StatusChange};
pub use undelivered::{Undelivered, undelivered};
pub(crate) use undelivered::{read_cursor, write_cursor};
