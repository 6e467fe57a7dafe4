//! Finds our callback's markers in the terminal's bytes; everything else is text.
//!
//! A marker is `ESC _ <nonce>;<number><kind> ESC \`, where kind is `(` before an event's
//! text, `)` behind it and `.` for an event without text. The nonce is random and known
//! to the callback only: a managed host can print what it likes and forges nothing.

use std::fmt;

use uuid::Uuid;

/// The random word that makes a marker ours: 32 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new one for each run.
    pub fn random() -> Self {
        Self(Uuid::new_v4().simple().to_string())
    }

    /// For the callback's environment.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Nonce(…)")
    }
}

/// A piece of the terminal's stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'bytes> {
    Text(&'bytes [u8]),
    Marker { number: u64, kind: MarkerKind },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkerKind {
    Begin,
    End,
    Whole,
}

const ESCAPE: u8 = 0x1b;

/// More digits than a `u64` has are nobody's marker.
const MOST_DIGITS: usize = 20;

/// Cuts a byte stream into tokens, whatever pieces it comes in.
#[derive(Debug)]
pub(super) struct Decoder {
    prefix: Vec<u8>,
    /// The end of the last piece, when a marker may begin there.
    held: Vec<u8>,
}

enum Match {
    Marker {
        number: u64,
        kind: MarkerKind,
        size: usize,
    },
    /// All bytes fit so far and there are no more of them.
    Incomplete,
    No,
}

impl Decoder {
    pub(super) fn new(nonce: &Nonce) -> Self {
        Self { prefix: format!("\x1b_{};", nonce.as_str()).into_bytes(), held: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8], mut take: impl FnMut(Token<'_>)) {
        let joined;
        let bytes = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            &joined
        };

        let mut text = 0;
        let mut at = 0;
        while let Some(offset) = bytes[at..].iter().position(|&byte| byte == ESCAPE) {
            at += offset;
            match self.match_marker(&bytes[at..]) {
                Match::No => at += 1,
                Match::Marker { number, kind, size } => {
                    if text < at {
                        take(Token::Text(&bytes[text..at]));
                    }
                    take(Token::Marker { number, kind });
                    at += size;
                    text = at;
                }
                Match::Incomplete => {
                    self.held = bytes[at..].to_vec();
                    break;
                }
            }
        }
        let end = bytes.len() - self.held.len();
        if text < end {
            take(Token::Text(&bytes[text..end]));
        }
    }

    /// What is held back is text after all: nothing more will come.
    pub(super) fn finish(&mut self, mut take: impl FnMut(Token<'_>)) {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            take(Token::Text(&held));
        }
    }

    fn match_marker(&self, bytes: &[u8]) -> Match {
        let known = self.prefix.len().min(bytes.len());
        if bytes[..known] != self.prefix[..known] {
            return Match::No;
        }
        let rest = &bytes[known..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > MOST_DIGITS {
            return Match::No;
        }
        let Some(&kind) = rest.get(digits) else { return Match::Incomplete };
        let kind = match kind {
            b'(' => MarkerKind::Begin,
            b')' => MarkerKind::End,
            b'.' => MarkerKind::Whole,
            _ => return Match::No,
        };
        let end = &rest[digits + 1..];
        if end.len() < 2 {
            return if b"\x1b\\".starts_with(end) { Match::Incomplete } else { Match::No };
        }
        let number = std::str::from_utf8(&rest[..digits]).ok().and_then(|text| text.parse().ok());
        match number {
            Some(number) if end.starts_with(b"\x1b\\") => {
                Match::Marker { number, kind, size: known + digits + 3 }
            }
            _ => Match::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn nonce() -> Nonce {
        Nonce("0123456789abcdef0123456789abcdef".into())
    }

    fn decode(pieces: &[&[u8]]) -> String {
        let mut decoder = Decoder::new(&nonce());
        let mut seen = String::new();
        let mut take = |token: Token<'_>| match token {
            Token::Text(text) => seen.push_str(&String::from_utf8_lossy(text)),
            Token::Marker { number, kind } => write!(seen, "<{kind:?} {number}>").unwrap(),
        };
        for piece in pieces {
            decoder.push(piece, &mut take);
        }
        decoder.finish(&mut take);
        seen
    }

    fn marker(number: u64, kind: char) -> String {
        format!("\x1b_{};{number}{kind}\x1b\\", nonce().as_str())
    }

    #[test]
    fn markers_are_found_wherever_the_stream_is_cut() {
        let stream = format!(
            "before\r\n{}\x1b[0;32mok\x1b[0m\r\n{}{}after",
            marker(7, '('),
            marker(7, ')'),
            marker(8, '.')
        );
        let expected = "before\r\n<Begin 7>\x1b[0;32mok\x1b[0m\r\n<End 7><Whole 8>after";
        for cut in 0..=stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            assert_eq!(decode(&[head, tail]), expected, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_not_ours_is_text() {
        let foreign = [
            marker(7, '(').replace("0123", "3210"),
            marker(7, '!'),
            marker(7, '(').replace('7', "x"),
            marker(7, '(').replace('7', "99999999999999999999999"),
            marker(7, '(').replace("\x1b\\", "\x1b["),
            "\x1b_".to_owned(),
            "\x1b".to_owned(),
        ];
        for text in foreign {
            assert_eq!(decode(&[text.as_bytes()]), text);
        }
    }
}
