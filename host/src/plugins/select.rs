//! Which events reach a plugin: the metadata says which it wants, the operator which it
//! gets. Both lists narrow. What is not selected never crosses the border.

use serde::{Deserialize, Serialize};

use crate::events::SeenEvent;

/// Globs (`*` for any text) by what an event is. A list that is empty selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Event names: `runner_on_*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Hosts: `web*`. An event without a host is selected only by an empty list or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// `ok`, `failed`, `skipped`, `unreachable`. An event that ends nothing is selected
    /// only by an empty list or `*`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<String>,
}

impl Select {
    /// Whether the event is one of these.
    pub fn selects(&self, seen: &SeenEvent<'_>) -> bool {
        let outcome = seen.fields.outcome.map_or("", |outcome| outcome.as_str());
        any_matches(&self.names, &seen.event.name)
            && any_matches(&self.hosts, seen.fields.host.as_deref().unwrap_or(""))
            && any_matches(&self.outcomes, outcome)
    }
}

fn any_matches(globs: &[String], text: &str) -> bool {
    globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, text))
}

/// Whether `glob`, in which `*` stands for any text and nothing else is special, is `text`.
pub(super) fn glob_matches(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// Whether some text is matched by both.
pub(super) fn globs_overlap(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().collect();
    // Whether what is read so far of `one`, and so much of `other`, can be the same text.
    let mut row = vec![false; one.len() + 1];
    row[0] = true;
    for (index, glob) in one.iter().enumerate() {
        row[index + 1] = row[index] && *glob == '*';
    }
    for character in other.chars() {
        let above = row.clone();
        row[0] = above[0] && character == '*';
        for (index, &glob) in one.iter().enumerate() {
            row[index + 1] = if glob == '*' || character == '*' {
                row[index] || above[index + 1]
            } else {
                above[index] && glob == character
            };
        }
    }
    row[one.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Event, EventSource};
    use proptest::prelude::*;

    fn selects(select: &str, name: &str, host: &str) -> bool {
        let select: Select = serde_json::from_str(select).unwrap();
        let event = Event {
            counter: 1,
            uuid: "u".into(),
            name: name.into(),
            stdout: String::new(),
            lines: 0,
            start_line: 0,
            source: EventSource::of_record(&format!(r#"{{"event_data": {{"host": {host}}}}}"#)),
            annotations: Vec::new(),
            failed: Vec::new(),
        };
        select.selects(&SeenEvent { event: &event, fields: &event.fields(), json: None })
    }

    #[test]
    fn each_list_narrows_and_an_empty_one_does_not() {
        assert!(selects("{}", "verbose", "null"));
        assert!(selects(r#"{"names": ["runner_*"]}"#, "runner_on_ok", "null"));
        assert!(!selects(r#"{"names": ["runner_*"], "hosts": ["web*"]}"#, "runner_on_ok", "null"));
        assert!(selects(
            r#"{"names": ["runner_*"], "hosts": ["db*", "web*"]}"#,
            "runner_on_ok",
            r#""web1""#
        ));
        assert!(selects(r#"{"outcomes": ["failed", "ok"]}"#, "runner_on_ok", "null"));
        assert!(!selects(r#"{"outcomes": ["failed"]}"#, "runner_on_ok", "null"));
        assert!(!selects(r#"{"outcomes": ["ok"]}"#, "playbook_on_start", "null"));
        assert!(selects(r#"{"outcomes": ["*"]}"#, "playbook_on_start", "null"));
    }

    #[test]
    fn a_star_is_any_text() {
        for (glob, text, expected) in [
            ("web1", "web1", true),
            ("web1", "web11", false),
            ("*", "", true),
            ("web*", "web", true),
            ("*1", "web1", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**x", "yx", true),
            ("runner_*_ok", "runner_item_on_ok", true),
        ] {
            assert_eq!(glob_matches(glob, text), expected, "{glob} {text}");
        }
    }

    #[test]
    fn globs_overlap_where_one_text_is_matched_by_both() {
        for (one, other, expected) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("*", "", true),
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a*c", "ab", false),
            ("a*c", "a*d*c", true),
            ("*x*", "y*", true),
            ("CI_*", "*_JOB", true),
            ("CI_*", "CI", false),
        ] {
            assert_eq!(globs_overlap(one, other), expected, "{one} {other}");
            assert_eq!(globs_overlap(other, one), expected, "{other} {one}");
        }
    }

    proptest! {
        #[test]
        fn what_both_match_is_overlap(
            one in "[ab*]{0,4}", other in "[ab*]{0,4}", text in "[ab]{0,6}",
        ) {
            if glob_matches(&one, &text) && glob_matches(&other, &text) {
                prop_assert!(globs_overlap(&one, &other));
            }
        }
    }
}
