//! The run as a pre-run hook sees and changes it.

use serde::Serialize;
use serde_json::Value;

/// A view of the run, as far as the operator lets this plugin look, and the changes
/// asked for so far. `wit/run-view.schema.json` describes the view. Strings that a
/// plugin sets are data: Ansible does not expand `{{ }}` in them.
#[derive(Debug, Clone)]
pub struct Run {
    view: Value,
    pub(crate) edits: Vec<Edit>,
}

/// A change that is asked for, at a JSON Pointer into the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Set a member, whether or not it is there.
    Set {
        /// Where.
        path: String,
        /// One JSON value as text.
        value: String,
        /// Why, for the record.
        reason: String,
    },
    /// Add at the end of a list, made if it is not there.
    Append {
        /// Where.
        path: String,
        /// One JSON value as text.
        value: String,
        /// Why, for the record.
        reason: String,
    },
    /// Remove a member if it is there.
    Unset {
        /// Where.
        path: String,
    },
}

impl Run {
    pub(crate) fn new(view: Value) -> Self {
        Self { view, edits: Vec::new() }
    }

    /// What is at a JSON Pointer (RFC 6901) of the view; none where there is nothing, or
    /// nothing this plugin may see.
    pub fn get(&self, pointer: &str) -> Option<&Value> {
        self.view.pointer(pointer)
    }

    /// Whether this plugin may see what lies at a JSON Pointer. Where it may and
    /// [`get`](Self::get) gives none, nothing is there.
    pub fn may_see(&self, pointer: &str) -> bool {
        let granted = self.get("/granted").and_then(Value::as_array);
        let mut patterns = granted.into_iter().flatten().filter_map(Value::as_str);
        patterns.any(|pattern| covers(pattern, pointer))
    }

    /// The playbook, if it may be seen.
    pub fn playbook(&self) -> Option<&str> {
        self.get("/playbook")?.as_str()
    }

    /// The limit, if there is one and it may be seen.
    pub fn limit(&self) -> Option<&str> {
        self.get("/limit")?.as_str()
    }

    /// The whole view.
    pub fn view(&self) -> &Value {
        &self.view
    }

    /// Sets an extra var. Needs the grant `set=/extravars/<name>`.
    pub fn set_extravar(&mut self, name: &str, value: impl Serialize, reason: impl Into<String>) {
        self.set(&pointer(["extravars", name]), value, reason);
    }

    /// Sets an environment variable of Ansible's. Needs the grant `set=/envvars/<NAME>`.
    pub fn set_envvar(&mut self, name: &str, value: impl Serialize, reason: impl Into<String>) {
        self.set(&pointer(["envvars", name]), value, reason);
    }

    /// Sets the member at a JSON Pointer. A value that has no JSON form sets nothing.
    pub fn set(&mut self, path: &str, value: impl Serialize, reason: impl Into<String>) {
        if let Ok(value) = serde_json::to_string(&value) {
            self.edits.push(Edit::Set { path: path.to_owned(), value, reason: reason.into() });
        }
    }

    /// Appends to the list at a JSON Pointer.
    pub fn append(&mut self, path: &str, value: impl Serialize, reason: impl Into<String>) {
        if let Ok(value) = serde_json::to_string(&value) {
            self.edits.push(Edit::Append { path: path.to_owned(), value, reason: reason.into() });
        }
    }

    /// Removes the member at a JSON Pointer.
    pub fn unset(&mut self, path: &str) {
        self.edits.push(Edit::Unset { path: path.to_owned() });
    }

    /// The changes asked for so far.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }
}

/// Whether `pointer` is what a pattern says or lies below it.
fn covers(pattern: &str, pointer: &str) -> bool {
    let mut parts = pointer.split('/');
    pattern.split('/').all(|glob| parts.next().is_some_and(|part| matches(glob, part)))
}

/// Whether `glob`, in which `*` stands for any text, is `text`.
fn matches(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| matches(rest, &text[at..]))
}

/// The JSON Pointer (RFC 6901) with these parts.
pub fn pointer<'part>(parts: impl IntoIterator<Item = &'part str>) -> String {
    let mut pointer = String::new();
    for part in parts {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_seen_is_told_from_what_is_not_there() {
        let run = Run::new(serde_json::json!({
            "granted": ["/limit", "/extravars/vault_*"], "limit": null
        }));
        for (pointer, expected) in [
            ("/limit", true),
            ("/tags", false),
            ("/extravars/vault_a", true),
            ("/extravars/vault_a/b", true),
            ("/extravars/other", false),
            ("/extravars", false),
        ] {
            assert_eq!(run.may_see(pointer), expected, "{pointer}");
        }
        assert!(!Run::new(Value::Null).may_see("/limit"));
    }

    #[test]
    fn names_are_escaped_in_pointers() {
        let mut run = Run::new(Value::Null);
        run.set_extravar("a/b~c", 1, "why");
        assert_eq!(
            run.edits(),
            [Edit::Set {
                path: "/extravars/a~1b~0c".into(),
                value: "1".into(),
                reason: "why".into()
            }]
        );
    }
}
