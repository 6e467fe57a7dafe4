//! Why a request was not made, or came to nothing.

use std::error::Error;
use std::fmt;
use std::io;

/// The kinds of `io-error` in `wit/types.wit`, as far as egress has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plugins) enum EgressErrorKind {
    Denied,
    Limit,
    Invalid,
    Unresolved,
    Unreachable,
    TimedOut,
    Closed,
    Tls,
    Other,
}

/// What the plugin is told; for `Denied` the message says what would allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugins) struct EgressError {
    pub(in crate::plugins) kind: EgressErrorKind,
    pub(in crate::plugins) message: String,
}

impl EgressError {
    pub(super) fn new(kind: EgressErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Finds out what went wrong with an exchange with `destination`: the innermost cause
    /// that says something.
    pub(super) fn of_exchange(error: &reqwest::Error, destination: &str) -> Self {
        let mut kind = None;
        let mut words = Vec::new();
        let mut cause: Option<&(dyn Error + 'static)> = error.source();
        while let Some(error) = cause {
            if let Some(ours) = error.downcast_ref::<Self>() {
                return ours.clone();
            }
            if let Some(error) = error.downcast_ref::<io::Error>() {
                kind = kind_of_io(error).or(kind);
            }
            if error.is::<rustls::Error>() {
                kind = Some(EgressErrorKind::Tls);
            }
            words = vec![error.to_string()];
            cause = error.source();
        }
        let kind = if error.is_timeout() {
            EgressErrorKind::TimedOut
        } else {
            kind.unwrap_or(if error.is_connect() {
                EgressErrorKind::Unreachable
            } else if error.is_request() || error.is_body() {
                EgressErrorKind::Closed
            } else {
                EgressErrorKind::Other
            })
        };
        let what = match kind {
            EgressErrorKind::TimedOut => "did not answer in time",
            EgressErrorKind::Unreachable => "cannot be reached",
            EgressErrorKind::Tls => "is not trusted",
            EgressErrorKind::Closed => "ended the connection",
            _ => "could not be talked to",
        };
        let words = words.concat();
        let message = if words.is_empty() {
            format!("`{destination}` {what}")
        } else {
            format!("`{destination}` {what}: {words}")
        };
        Self { kind, message }
    }
}

pub(super) fn kind_of_io(error: &io::Error) -> Option<EgressErrorKind> {
    // What an I/O error wraps is no source of it.
    if let Some(inner) = error.get_ref() {
        if inner.is::<rustls::Error>() {
            return Some(EgressErrorKind::Tls);
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return kind_of_io(inner);
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::NotFound => Some(EgressErrorKind::Unreachable),
        io::ErrorKind::TimedOut => Some(EgressErrorKind::TimedOut),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(EgressErrorKind::Closed),
        _ => None,
    }
}

impl fmt::Display for EgressError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for EgressError {}
