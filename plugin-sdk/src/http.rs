//! HTTP to origins that the operator granted. The host resolves, connects and does TLS.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::host;

/// A request, to be sent with [`Request::send`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// `https://host:port/path?query`, or `http+unix://%2Frun%2Fx.sock/path`.
    pub url: String,
    /// Names and values, in the order they go out.
    pub headers: Vec<(String, String)>,
    /// At most 16 MiB.
    pub body: Vec<u8>,
    /// For the whole exchange; none: what is left of the call.
    pub timeout: Option<Duration>,
}

/// An answer. A redirect is one: it is not followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// 200, 404, …
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// At most 4 MiB.
    pub body: Vec<u8>,
}

/// Why the host did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What kind of thing went wrong.
    pub kind: ErrorKind,
    /// In words. For [`ErrorKind::Denied`] it ends with the flag that would allow it.
    pub message: String,
}

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not granted. Asking again will not help.
    Denied,
    /// Over one of this plugin's limits.
    Limit,
    /// Not a URL, an address or a header that can be sent.
    Invalid,
    /// The name does not resolve.
    Unresolved,
    /// Nobody listens, or no route.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The peer closed the connection.
    Closed,
    /// No trust: certificate, name or protocol version.
    Tls,
    /// Something else.
    Other,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: None,
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body to a value's JSON and says so in `content-type`.
    #[must_use]
    pub fn json(self, value: impl Serialize) -> Self {
        let body = serde_json::to_vec(&value).unwrap_or_default();
        self.header("content-type", "application/json").body(body)
    }

    /// Limits the whole exchange.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it and waits for the answer.
    ///
    /// # Errors
    ///
    /// Where there is no answer: see [`ErrorKind`]. Any status is an answer.
    pub fn send(self) -> Result<Response, Error> {
        host::send(self)
    }
}

impl Response {
    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let known = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map(|(_, value)| value.as_str())
    }
}
