//! The forms in which a text turns up in other texts: as it is, escaped in JSON (once, or
//! twice where JSON is a text in JSON), percent-encoded, and in base64.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a found form is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Text: the form itself is hidden.
    Text,
    /// Base64, where the characters beside it hold bits of it too: the run of base64
    /// characters is hidden.
    Base64,
}

/// What RFC 3986 leaves as it is anywhere, stays.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What JavaScript's `encodeURIComponent` encodes.
const COMPONENT: &AsciiSet =
    &UNRESERVED.remove(b'!').remove(b'*').remove(b'\'').remove(b'(').remove(b')');

/// What Python's `quote` encodes.
const PYTHON: &AsciiSet = &UNRESERVED.remove(b'/');

/// What the WHATWG's URL standard encodes in a query.
const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');

/// What it encodes in a path.
const PATH: &AsciiSet = &QUERY.add(b'?').add(b'`').add(b'{').add(b'}').add(b'^');

/// What it encodes in a user's name and password.
const USERINFO: &AsciiSet = &PATH
    .add(b'/')
    .add(b':')
    .add(b';')
    .add(b'=')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'|');

/// All forms of a text.
pub(super) fn forms(text: &str) -> BTreeMap<String, Encoding> {
    let mut forms = BTreeMap::new();
    for alphabet in [BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(text.as_bytes());
            let encoded = alphabet.encode(&bytes);
            // Six bits a character: those that hold bits of neighbours are left out.
            let core = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
            forms.insert(encoded[core].to_owned(), Encoding::Base64);
        }
    }
    let mut plain = vec![text.to_owned()];
    for set in [NON_ALPHANUMERIC, UNRESERVED, COMPONENT, PYTHON, QUERY, PATH, USERINFO] {
        let encoded = utf8_percent_encode(text, set).to_string();
        plain.push(in_a_form(&encoded));
        plain.push(lower_hex(&encoded));
        plain.push(encoded);
    }
    for escape in [json_escaped, ascii_json_escaped] {
        let once = escape(text);
        plain.push(escape(&once));
        plain.push(once);
    }
    forms.extend(plain.into_iter().map(|form| (form, Encoding::Text)));
    forms
}

/// The base64 around a part of it.
pub(super) fn base64_run(text: &str, part: Range<usize>) -> Range<usize> {
    let is_base64 = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
    };
    let bytes = text.as_bytes();
    let before = bytes[..part.start].iter().rev().take_while(is_base64).count();
    let behind = bytes[part.end..].iter().take_while(is_base64).count();
    part.start - before..part.end + behind
}

/// As a form sends it: a blank is `+`.
fn in_a_form(encoded: &str) -> String {
    encoded.replace("%20", "+")
}

/// `%2f` in place of `%2F`.
fn lower_hex(encoded: &str) -> String {
    let mut lower = String::with_capacity(encoded.len());
    let mut digits = 0;
    for char in encoded.chars() {
        lower.push(if digits > 0 { char.to_ascii_lowercase() } else { char });
        digits = if char == '%' { 2_u8 } else { digits.saturating_sub(1) };
    }
    lower
}

/// As `serde_json` escapes it.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As Python's `json` escapes it: all but ASCII is `\uXXXX`.
fn ascii_json_escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in json_escaped(text).chars() {
        if char.is_ascii() {
            escaped.push(char);
        } else {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}
