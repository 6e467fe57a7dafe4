//! Peers of streams in a test.

use std::collections::VecDeque;

use crate::host::{Step, StreamState};
use crate::http::Error;
use crate::net::Connect;

/// A peer in a test: what it expects to be sent, and what it sends.
///
/// Steps are in order. What the plugin writes must be what the peer expects, cut into
/// pieces anywhere: otherwise the test fails there. Once nothing more is expected, what
/// comes is only kept. An answer is there to be read when everything expected before it has
/// come; until then, and after the last step, a read times out.
#[derive(Debug, Clone)]
pub struct Peer {
    pub(super) address: String,
    pub(super) steps: VecDeque<Step>,
}

impl Peer {
    /// One that takes a connection to this address.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), steps: VecDeque::new() }
    }

    /// Expects these bytes.
    #[must_use]
    pub fn expect(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Expect(bytes.into()))
    }

    /// Sends these bytes.
    #[must_use]
    pub fn answer(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Answer(bytes.into()))
    }

    /// Sends no more.
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// Fails whatever reads next; as the first step, connecting.
    #[must_use]
    pub fn fail(self, error: Error) -> Self {
        self.step(Step::Fail(error))
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push_back(step);
        self
    }
}

/// A connection that a plugin made in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// What it asked for.
    pub connect: Connect,
    /// What it wrote.
    pub sent: Vec<u8>,
    /// It said that it sends no more.
    pub finished: bool,
    /// It closed the connection.
    pub closed: bool,
}

impl Stream {
    pub(super) fn of(state: &StreamState) -> Self {
        Self {
            connect: state.connect.clone(),
            sent: state.sent.clone(),
            finished: state.finished,
            closed: state.dropped,
        }
    }
}
