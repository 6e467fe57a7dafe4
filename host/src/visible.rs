//! Text from elsewhere, for a line that a person reads: what it holds of control
//! characters is shown and not obeyed, so that it cannot move the cursor, reorder the line
//! or pass for another one.

use std::fmt::Write as _;

/// Appends a text, all on the line.
pub(crate) fn push_visible(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // What reorders a line on the terminal counts as control too.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => push_number(line, character),
            _ if character.is_control() => push_number(line, character),
            _ => line.push(character),
        }
    }
}

/// The text with its own lines and tabs, and nothing else of that kind.
pub(crate) fn visible_lines(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for piece in text.split_inclusive(['\n', '\t']) {
        let inner = piece.strip_suffix(['\n', '\t']).unwrap_or(piece);
        push_visible(&mut visible, inner);
        visible.push_str(&piece[inner.len()..]);
    }
    visible
}

fn push_number(line: &mut String, character: char) {
    let _ = write!(line, "\\u{{{:x}}}", u32::from(character));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_is_obeyed() {
        let mut line = "> ".to_owned();
        push_visible(&mut line, "a\nb\x1b[2J\u{202e}c\té");
        assert_eq!(line, "> a\\nb\\u{1b}[2J\\u{202e}c\\té");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\tb\x07\n\n"), "a\n\tb\\u{7}\n\n");
        assert_eq!(visible_lines(""), "");
    }
}
