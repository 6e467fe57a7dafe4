//! What happens to events between the child and the disk: filters, enrichers, text.
//!
//! In: segments from a [`Queue`]. Out: text on the terminal and in `stdout`, files in
//! `job_events/`, entries in the journal, in this order and each before the next event's.
//! It runs on one thread. A plugin can hold it up within its budget, a sink cannot.

mod chain;
mod observer;
mod queue;
mod stage;

pub use chain::Chain;
pub use observer::Observer;
pub use queue::Queue;
pub use stage::{LogState, Pipeline, PipelineEnd};
