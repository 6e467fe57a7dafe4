//! Exchanges and streams as a recording has them.

use std::fmt::Write as _;

use super::client::{HttpRequest, HttpResponse};
use super::error::EgressError;
use crate::plugins::rehearsal::{kind_name, kind_of_name};
use crate::plugins::{HostAnswer, HostCall};

/// Begins what is no text.
const HEX: &str = "hex:";

impl HostCall {
    /// A call without a body; its answer is yet to come.
    pub(super) fn new(call: String) -> Self {
        Self { call, headers: Vec::new(), sent: String::new(), answer: HostAnswer::Done }
    }

    /// A request; its answer is yet to come.
    pub(super) fn of_request(request: &HttpRequest) -> Self {
        let line = |(name, value): &(String, Vec<u8>)| format!("{name}: {}", text(value));
        Self {
            headers: request.headers.iter().map(line).collect(),
            sent: text(&request.body),
            ..Self::new(format!("{} {}", request.method, request.url))
        }
    }
}

impl HostAnswer {
    pub(super) fn of_response(result: &Result<HttpResponse, EgressError>) -> Self {
        match result {
            Ok(response) => Self::Http(
                response.status,
                response.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
                text(&response.body),
            ),
            Err(error) => Self::of_error(error),
        }
    }

    pub(super) fn of_error(error: &EgressError) -> Self {
        Self::Error(kind_name(error.kind).to_owned(), error.message.clone())
    }

    pub(super) fn into_response(self) -> Result<HttpResponse, EgressError> {
        match self {
            Self::Http(status, headers, body) => Ok(HttpResponse {
                status,
                headers: headers.into_iter().map(|(name, value)| (name, bytes(value))).collect(),
                body: bytes(body),
            }),
            other => Err(other.into_error("an HTTP answer")),
        }
    }

    pub(super) fn into_bytes(self) -> Result<Vec<u8>, EgressError> {
        match self {
            Self::Read(text) => Ok(bytes(text)),
            other => Err(other.into_error("bytes")),
        }
    }

    pub(super) fn into_done(self) -> Result<(), EgressError> {
        match self {
            Self::Done => Ok(()),
            other => Err(other.into_error("nothing more")),
        }
    }

    fn into_error(self, expected: &str) -> EgressError {
        match self {
            Self::Error(kind, message) => EgressError::new(kind_of_name(&kind), message),
            _ => EgressError::new(
                kind_of_name("other"),
                format!("the recording does not have {expected} here"),
            ),
        }
    }
}

/// Bytes as a recording has them.
pub(super) fn text(bytes: &[u8]) -> String {
    let is_plain = |char: char| !char.is_control() || matches!(char, '\n' | '\r' | '\t');
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_plain) && !text.starts_with(HEX) => text.to_owned(),
        _ => bytes.iter().fold(HEX.to_owned(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }),
    }
}

/// Whether a recording has bytes there that are no text.
pub(super) fn is_binary(text: &str) -> bool {
    text.starts_with(HEX)
}

/// The bytes that a recording has.
pub(super) fn bytes(text: String) -> Vec<u8> {
    let Some(digits) = text.strip_prefix(HEX) else { return text.into_bytes() };
    let pair = |pair: &[u8]| {
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0);
        let value = pair.iter().fold(0, |value, &byte| value * 16 + digit(byte));
        u8::try_from(value).unwrap_or(0)
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_as_they_were() {
        for original in [&b"plain\r\n"[..], b"", b"\x00\x01\xff", b"hex:00", "\u{e9}".as_bytes()] {
            assert_eq!(bytes(text(original)), original, "{original:?}");
        }
        assert_eq!(text(b"\x10\x0a"), "hex:100a");
    }
}
