//! What Playhouse says on standard error: passed on line by line as it comes, and kept,
//! since a line for each plugin must be in it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read};

use crate::screen;

/// Shows all lines until the end and gives them back.
pub(crate) fn pass_on(talk: impl Read) -> String {
    let mut all = String::new();
    for line in BufReader::new(talk).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        screen::talk(&line);
        let _ = writeln!(all, "{line}");
    }
    all
}

/// The first plugin without a line of its own, if there is one. It begins with `plugin`
/// and the plugin's name.
pub(crate) fn complaint(talk: &str, plugins: &[&str]) -> Option<String> {
    let has_line = |plugin: &str| {
        talk.lines().any(|line| {
            line.strip_prefix("plugin ")
                .and_then(|rest| rest.strip_prefix(plugin))
                .is_some_and(|rest| rest.starts_with(' '))
        })
    };
    plugins
        .iter()
        .find(|plugin| !has_line(plugin))
        .map(|plugin| format!("playhouse gave no summary line for the plugin `{plugin}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_kept_even_a_last_one_without_an_end() {
        assert_eq!(pass_on(&b"one\ntwo \xff\nthree"[..]), "one\ntwo \u{fffd}\nthree\n");
    }

    #[test]
    fn a_plugin_without_a_line_is_named() {
        let talk = "warning: x\nplugin annotate 0.1.0: 55 events in\nplugin http-sink-two 0.1.0: 3 events\n";
        assert_eq!(complaint(talk, &["annotate"]), None);
        assert_eq!(
            complaint(talk, &["annotate", "http-sink"]).as_deref(),
            Some("playhouse gave no summary line for the plugin `http-sink`")
        );
    }
}
