//! JSON text with something hidden in its texts, which stays JSON.

use std::borrow::Cow;

/// Applies `hide` to each text, keys too, as it reads without its escapes, and to each
/// number and word, which become texts where something of them is hidden. Of what is not
/// JSON as much is hidden as can be found.
pub(super) fn hide(json: &str, hide: impl Fn(&str) -> Cow<'_, str>) -> String {
    let mut hidden = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let end = |is_end: fn(char) -> bool| rest.find(is_end).unwrap_or(rest.len());
        let length = match first {
            '"' => string_length(rest),
            _ if is_scalar(first) => end(|char| !is_scalar(char)),
            _ => end(|char| char == '"' || is_scalar(char)),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        let text = match first {
            '"' => serde_json::from_str(token).map_or(Cow::Borrowed(token), Cow::Owned),
            _ => Cow::Borrowed(token),
        };
        match hide(&text) {
            Cow::Owned(text) if first == '"' || is_scalar(first) => {
                hidden.push_str(&serde_json::Value::from(text).to_string());
            }
            _ => hidden.push_str(token),
        }
    }
    hidden
}

/// Whether a character may be part of a number, `true`, `false` or `null`.
fn is_scalar(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '-' | '+' | '.')
}

/// Bytes of the string that `text` begins with, its quotes too; all if it has no end.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json() {
        fn replaced(text: &str) -> Cow<'_, str> {
            match text.replace("se\"cret", "*").replace("12345678", "*") {
                new if new == text => Cow::Borrowed(text),
                new => Cow::Owned(new),
            }
        }
        let json = r#"{"a": "x se\"cret\n", "se\u0022cret": [12345678, true, 1.5e3], "n\\": ""}"#;
        let hidden = hide(json, replaced);
        let value: serde_json::Value = serde_json::from_str(&hidden).unwrap();
        let expected = serde_json::json!({"a": "x *\n", "*": ["*", true, 1.5e3], "n\\": ""});
        assert_eq!(value, expected);
    }
}
