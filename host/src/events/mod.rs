//! Events: what happened in a run, in the order the terminal shows it.
//!
//! In: the terminal's bytes and the callback's records. Out: [`Segment`]s with
//! [`Event`]s in them, numbered without gaps. Nothing here does I/O and nothing fails:
//! what is not understood comes out as text, so nothing Ansible printed is ever lost.

mod assembler;
mod decoder;
mod event;
mod fields;
mod json;
mod records;
mod stats;

pub use assembler::{Assembler, Segment};
pub use decoder::Nonce;
pub use event::{Annotation, Event, EventOutcome, EventSource};
pub use fields::{Fields, Scope, SeenEvent};
pub use json::{format_created, push_json_string};
pub use stats::HostStats;
