//! The harness of the end-to-end tests: a [`RunTest`] is a private data directory and a
//! command line in a sealed room; what it gives is a [`Ran`].
//!
//! Everything in it is real: Ansible from the virtual environments that
//! `cargo xtask test` makes, components built from this repository, receivers that
//! listen on loopback. Nothing of the caller's environment gets in.

mod ansible;
mod peer;
pub mod processes;
mod ran;
mod run_test;
mod sshd;

pub use ansible::{Core, component, guest};
pub use peer::{EventForm, Peer, event_form, run_peer, shown_by, without_times};
pub use ran::Ran;
pub use run_test::{Program, RunTest};
pub use sshd::{SSH_PASSWORD, Sshd};
