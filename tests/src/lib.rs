//! The harness of the end-to-end tests: a [`RunTest`] is a private data directory and a
//! command line in a sealed room; what it gives is a [`Ran`].
//!
//! Everything in it is real: Ansible from the virtual environments that
//! `cargo xtask test` makes, components built from this repository, receivers that
//! listen on loopback. Nothing of the caller's environment gets in. [`compare_with_peer`]
//! holds such a run against Ansible Runner's.

mod ansible;
mod authoring;
mod certificates;
mod comparison;
mod form;
mod https;
mod mosquitto;
mod peer;
pub mod processes;
mod ran;
mod run_test;
mod sshd;
mod tree;

pub use ansible::{Core, component, componentize_bin, guest, python_component};
pub use authoring::{lend_caches, lend_toolchain};
pub use comparison::{Comparison, Unlike, compare_with_peer, same_as_peer};
pub use form::{EventForm, event_form, shown_by, without_times};
pub use https::HttpsServers;
pub use mosquitto::{Mosquitto, Published};
pub use ran::Ran;
pub use run_test::{Program, RunTest};
pub use sshd::{SSH_PASSWORD, Sshd};
