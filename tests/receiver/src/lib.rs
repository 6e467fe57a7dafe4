//! A small HTTP receiver for demonstrations and tests: the far end of a sink.
//!
//! A [`Receiver`] listens on a loopback port or a Unix socket, records every
//! [`Request`] in the order in which they were complete, and gives each the [`Answer`]
//! its script says. It speaks HTTP/1.1 with keep-alive through hyper, on one thread of
//! its own, and stops when it is dropped. It must not decide what a test means: it
//! checks nothing and prints nothing.
//!
//! ```
//! use receiver::{Answer, Receiver, in_turn};
//!
//! // The first request is turned away, all later ones are taken.
//! let receiver = Receiver::start_with(in_turn([Answer::status(503)]));
//! assert!(receiver.url().starts_with("http://127.0.0.1:"));
//! assert!(receiver.requests().is_empty());
//! ```

mod answer;
mod receiver;
mod record;
mod request;

pub use answer::{Answer, in_turn};
pub use receiver::Receiver;
pub use request::Request;
