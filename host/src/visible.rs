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

/// A text of a plugin's for the terminal of a run, where it may have lines, tabs and
/// colours (SGR), and nothing else that a terminal obeys.
pub(crate) fn with_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let length = match character {
            '\u{1b}' => sgr(rest),
            '\r' if rest.starts_with("\r\n") => Some(2),
            // Emoji are made of these.
            '\n' | '\t' | '\u{200d}' | '\u{fe0f}' => Some(character.len_utf8()),
            _ => None,
        };
        let (piece, after) = rest.split_at(length.unwrap_or(character.len_utf8()));
        match length {
            Some(_) => shown.push_str(piece),
            None => push_visible(&mut shown, piece),
        }
        rest = after;
    }
    shown
}

/// The length of the colour that a text begins with: `ESC [ 1 ; 31 m`.
fn sgr(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|character: char| !matches!(character, '0'..='9' | ';' | ':'))?;
    parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
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

/// A text, all on one line.
pub(crate) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    push_visible(&mut line, text);
    line
}

/// One message of ours with whatever others say in it. It may have more lines and tabs;
/// each further line is indented, so that none passes for a message of its own.
pub(crate) fn message(text: &str) -> String {
    let mut message = String::with_capacity(text.len());
    for piece in text.trim_end_matches(['\r', '\n']).split_inclusive(['\n', '\t']) {
        let inner = piece.strip_suffix(['\n', '\t']).unwrap_or(piece);
        push_visible(&mut message, inner.strip_suffix('\r').unwrap_or(inner));
        match &piece[inner.len()..] {
            "\n" => message.push_str("\n  "),
            rest => message.push_str(rest),
        }
    }
    message
}

/// JSON on one line, which means the same to a program: what a terminal would obey stands
/// in strings, and is written as strings may write it.
pub(crate) fn json_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        if matches!(character, '\n' | '\r' | '\t') {
            // Between the values: inside a string they are never written so.
            line.push(' ');
        } else if character.is_control() || is_unseen(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(character);
        }
    }
    line
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
    fn colours_are_all_that_is_obeyed() {
        let good = "\u{1b}[0;32mok: [h]\u{1b}[0m\r\n\tgood ✔\u{fe0f}";
        assert_eq!(with_colours(good), good);
        for bad in [
            "\u{1b}]52;c;eA==\u{7}",
            "\u{1b}]0;title\u{1b}\\",
            "\u{1b}[2J",
            "\u{1b}[1A",
            "\u{1b}[?25l",
            "\u{1b}[31",
            "\u{9b}31m",
            "x\ry",
            "\u{8}",
            "\u{202e}",
        ] {
            let shown = with_colours(bad);
            let obeyed = |character: char| character.is_control() || is_unseen(character);
            assert!(!shown.contains(obeyed), "{bad:?}: {shown:?}");
        }
    }

    #[test]
    fn no_line_of_a_message_passes_for_another_message() {
        for (text, shown) in [
            ("x\nwarning: y", "x\n  warning: y"),
            ("x\r\nerror: y\r\n", "x\n  error: y"),
            ("x\rerror: y", "x\\rerror: y"),
            ("x\n\nerror: y", "x\n  \n  error: y"),
            ("x\n\r\nerror: y", "x\n  \n  error: y"),
            ("x\n\terror: y", "x\n  \terror: y"),
            ("x\u{85}error: y\u{2028}error: z", "x\\u{85}error: y\\u{2028}error: z"),
            ("x\u{b}error: y\u{c}error: z", "x\\u{b}error: y\\u{c}error: z"),
            ("a\tb\x07\n\n", "a\tb\\u{7}"),
            ("", ""),
        ] {
            assert_eq!(message(text), shown, "{text:?}");
        }
    }

    #[test]
    fn json_on_a_terminal_is_the_same_json() {
        let value =
            serde_json::json!({"a\u{202e}": "\u{9b}31m\u{7f}\u{e0041}\u{1b}[2J é ✔\u{fe0f}"});
        let line = json_line(&value.to_string());
        let obeyed = |character: char| character.is_control() || is_unseen(character);
        assert!(!line.contains(obeyed), "{line:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
        assert_eq!(json_line("{\n\t\"a\\n\": 1\r\n}"), "{  \"a\\n\": 1  }");
    }
}
