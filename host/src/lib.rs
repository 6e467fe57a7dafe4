//! Playhouse runs Ansible playbooks the way Ansible Runner does, with sandboxed
//! WebAssembly plugins in the loop.
//!
//! A run is one walk through these modules, in this order:
//!
//! ```text
//! input      private data dir, flags        -> RunSpec      what was asked
//! prepare    RunSpec, environment           -> RunConfig    all decided
//! plugins    RunConfig -> pre-run hooks     -> RunConfig    changed, or refused
//! exec       RunConfig                      -> bytes        ansible-playbook in a PTY
//! events     bytes, records                 -> Event        numbered, in order
//! pipeline   Event -> filters -> enrichers  -> Event
//! artifacts  Event                          -> disk         the log
//! sinks      a cursor over that log         -> plugins
//! outcome    everything                     -> exit code
//! ```
//!
//! [`Playhouse::run`] walks it. The library prints nothing and hears no signals: text goes
//! to a [`pipeline::Observer`], and a [`exec::Cancel`] stops a run. Only [`cli`] does these.

#![deny(missing_docs)]

pub mod input;

pub mod prepare;

pub mod secrets;

pub mod plugins;

pub mod exec;

pub mod events;

pub mod pipeline;

pub mod artifacts;

pub mod sinks;

mod outcome;

mod error;

pub mod exit_code;

mod run;

mod own_file;

mod visible;

pub mod cli;

pub use error::RunError;
pub use outcome::{DeliverySummary, PluginSummary, RunOutcome};
pub use run::{DeliverOutcome, Playhouse, ReplayOutcome, Run, RunHandle};
