//! Sinks: plugins that carry events and statuses away.
//!
//! A sink is a cursor over the journal. In: entries, read from disk in their order. Out:
//! calls of one plugin, until the log has ended and everything is taken, or the
//! deadline is over. Each sink goes at its own pace; a dead one costs no memory, holds
//! nothing up and loses nothing: its cursor stays where it is.

mod delivery;
mod log_cursor;

pub use delivery::{SinkReport, deliver};
