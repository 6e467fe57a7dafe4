//! What there is in the view of a run and what of it a plugin can set, as
//! `wit/run-view.schema.json` has it.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::pointer::PointerPattern;
use super::select::glob_matches;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    // A test reads the file: it is JSON.
    serde_json::from_str(include_str!("../../../wit/run-view.schema.json")).unwrap_or_default()
});

/// The members of the view.
pub(super) fn members() -> Vec<&'static str> {
    properties().map(|(name, _)| name.as_str()).collect()
}

/// The members that can be set.
pub(super) fn settable() -> Vec<&'static str> {
    properties().filter(|(_, about)| is_settable(about)).map(|(name, _)| name.as_str()).collect()
}

/// Whether anything of the view is what the pattern says, or lies below it.
pub(super) fn is_there(pattern: &PointerPattern) -> bool {
    matching(pattern).any(|about| holds(about, "object") || holds(about, "array"))
        || (pattern.segments().len() == 1 && matching(pattern).next().is_some())
}

/// Whether a plugin can set something that the pattern says, or that lies below it.
pub(super) fn can_be_set(pattern: &PointerPattern) -> bool {
    let is_deep = pattern.segments().len() > 1;
    matching(pattern).any(|about| is_settable(about) && (!is_deep || holds(about, "object")))
}

fn properties() -> impl Iterator<Item = (&'static String, &'static Value)> {
    SCHEMA["properties"].as_object().into_iter().flat_map(Map::iter)
}

fn matching(pattern: &PointerPattern) -> impl Iterator<Item = &'static Value> {
    let first = pattern.segments().first().cloned().unwrap_or_default();
    properties().filter(move |(name, _)| glob_matches(&first, name)).map(|(_, about)| about)
}

fn is_settable(about: &Value) -> bool {
    about["readOnly"] != Value::Bool(true)
}

fn holds(about: &Value, kind: &str) -> bool {
    about["type"] == kind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PointerPattern {
        PointerPattern::parse(text).unwrap()
    }

    #[test]
    fn what_is_in_the_view_and_what_of_it_is_set() {
        for (text, there, set) in [
            ("/limit", true, true),
            ("/check", true, true),
            ("/mode", true, false),
            ("/extravars_file", true, false),
            ("/schema", true, false),
            ("/limits", false, false),
            ("/limit/x", false, false),
            ("/inventory/0", true, false),
            ("/extravars/a/b", true, true),
            ("/envvars/*", true, true),
            ("/*", true, true),
            ("/mod*", true, false),
        ] {
            assert_eq!(is_there(&pattern(text)), there, "{text} is there");
            assert_eq!(can_be_set(&pattern(text)), set, "{text} is set");
        }
        assert!(members().contains(&"mode") && !settable().contains(&"mode"));
    }
}
