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
            _ if character.is_control() || is_unseen(character) => push_number(line, character),
            _ => line.push(character),
        }
    }
}

/// Whether a character has no shape of its own: it reorders a line, breaks it, joins what
/// stands beside it or is not seen at all. Unicode's formats (Cf), its line and paragraph
/// separators and what is ignorable by default.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
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
    fn what_is_not_seen_is_shown() {
        for unseen in [
            '\u{200e}',
            '\u{200f}',
            '\u{61c}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let mut line = String::new();
            push_visible(&mut line, &unseen.to_string());
            assert_eq!(line, format!("\\u{{{:x}}}", u32::from(unseen)));
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(visible_lines("a\n\tb\x07\n\n"), "a\n\tb\\u{7}\n\n");
        assert_eq!(visible_lines(""), "");
    }
}
