#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod event;

mod host;

mod metadata;

mod plugin;

mod run;

pub mod http;

pub mod log;

pub mod net;

pub mod secret;

pub mod results;

#[cfg(not(target_family = "wasm"))]
pub mod testing;

#[doc(hidden)]
pub mod bindings;

#[doc(hidden)]
pub mod export;

pub use event::{Batch, Event, Note, Outcome};
pub use plugin::{
    Attempt, Change, DeliveryError, DeliveryFailure, Ending, Enricher, EventSink, Filter,
    InitError, Lane, Plugin, PreRun, PrepareError, RunFacts, Setup, StatusChange, StatusSink,
    Timer,
};
pub use run::{Edit, Run, pointer};
