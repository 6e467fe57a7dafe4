//! [`Data`]: a value from somebody who is not the operator, a plugin or a stranger, that
//! Ansible takes for what it is and never for an instruction.
//!
//! Texts need no check: as they are written (`vars_file`) none of them is a template. What
//! is refused here is what no way of writing makes inert in every ansible-core.

use serde_json::Value;

/// How deep lists and mappings may lie in one another.
const DEEPEST: usize = 64;

/// What begins something to evaluate in Jinja.
const TEMPLATE_MARKS: [&str; 3] = ["{{", "{%", "{#"];

/// What Ansible's own variables begin with, underscores aside.
const ANSIBLES_PREFIX: &str = "ansible_";

/// Variables that Ansible sets for each task. For most of them another value never arrives;
/// `inventory_hostname` decides where a task connects to, and `lookup` breaks templates.
const SET_BY_ANSIBLE: [&str; 20] = [
    "_task",
    "environment",
    "group_names",
    "groups",
    "hostvars",
    "inventory_dir",
    "inventory_file",
    "inventory_hostname",
    "inventory_hostname_short",
    "lookup",
    "omit",
    "play_hosts",
    "playbook_dir",
    "query",
    "role_name",
    "role_names",
    "role_path",
    "role_uuid",
    "undef",
    "vars",
];

/// A value that is data wherever a playbook uses it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Data(Value);

impl Data {
    /// The error says what in it is not data.
    pub(super) fn new(value: Value) -> Result<Self, String> {
        check(&value, DEEPEST)?;
        Ok(Self(value))
    }

    pub(super) fn value(&self) -> &Value {
        &self.0
    }

    pub(super) fn into_value(self) -> Value {
        self.0
    }
}

/// Whether `name` can name a variable that is not Ansible's; the error says why not.
pub(super) fn check_variable_name(name: &str) -> Result<(), String> {
    let may_begin = |first: char| first.is_ascii_alphabetic() || first == '_';
    let may_go_on = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if !name.starts_with(may_begin) || !name.chars().all(may_go_on) {
        let name = name.escape_debug();
        return Err(format!(
            "`{name}` cannot name a variable: letters, digits and `_`, no digit first"
        ));
    }
    if name.starts_with("__ansible_") {
        return Err(format!("the name `{name}` is a mark of Ansible's own"));
    }
    if SET_BY_ANSIBLE.contains(&name) {
        return Err(format!("Ansible sets `{name}` itself"));
    }
    Ok(())
}

/// Whether a variable of this name tells Ansible what to do: how to connect, which program
/// to run. Those are nobody's to set who was not allowed that very name.
pub(crate) fn steers_ansible(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(ANSIBLES_PREFIX)
}

/// Whether a mapping may have this key.
pub(super) fn check_key(key: &str) -> Result<(), String> {
    if key.starts_with("__ansible_") {
        return Err(format!(
            "the key `{key}` would tell Ansible how to read a value: such keys are marks of Ansible's own"
        ));
    }
    if let Some(mark) = TEMPLATE_MARKS.into_iter().find(|mark| key.contains(mark)) {
        let key: String = key.chars().take(40).collect();
        return Err(format!(
            "the key `{}` holds `{mark}`: Ansible before 2.19 takes such a key for a template; use a list of `key` and `value`",
            key.escape_debug()
        ));
    }
    Ok(())
}

fn check(value: &Value, depth_left: usize) -> Result<(), String> {
    let depth_left = match value {
        Value::Array(_) | Value::Object(_) => depth_left
            .checked_sub(1)
            .ok_or_else(|| format!("it is nested deeper than {DEEPEST} levels"))?,
        _ => return Ok(()),
    };
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth_left)),
        Value::Object(members) => members
            .iter()
            .try_for_each(|(key, value)| check_key(key).and_then(|()| check(value, depth_left))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn nested(depth: usize, innermost: Value) -> Value {
        (0..depth).fold(innermost, |value, _| json!([value]))
    }

    #[test]
    fn a_key_that_ansible_would_evaluate_or_obey_is_refused_at_any_depth() {
        for (key, part) in [
            ("{{ lookup('pipe', 'id') }}", "holds `{{`"),
            ("a {% if x %}", "holds `{%`"),
            ("{#", "holds `{#`"),
            ("__ansible_unsafe", "marks of Ansible's own"),
            ("__ansible_type", "marks of Ansible's own"),
        ] {
            for value in [json!({key: 1}), json!([{"a": [{key: "x"}]}])] {
                let error = Data::new(value).unwrap_err();
                assert!(error.contains(part), "{key}: {error}");
            }
        }
        for key in ["{ x }}", "}}", "[[ x ]]", "${x}", "ansible_host", "", "a\nb"] {
            assert!(Data::new(json!({key: "{{ x }}"})).is_ok(), "{key}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        assert!(Data::new(nested(DEEPEST, json!(1))).is_ok());
        assert!(Data::new(nested(DEEPEST + 1, json!(1))).unwrap_err().contains("deeper than 64"));
    }

    #[test]
    fn names_that_are_ansibles_are_not_variables() {
        for (name, part) in [
            ("a-b", "cannot name a variable"),
            ("9a", "cannot name a variable"),
            ("", "cannot name a variable"),
            ("é", "cannot name a variable"),
            ("groups", "Ansible sets `groups` itself"),
            ("inventory_hostname", "itself"),
            ("__ansible_unsafe", "mark of Ansible's own"),
        ] {
            let error = check_variable_name(name).unwrap_err();
            assert!(error.contains(part), "{name}: {error}");
        }
        assert_eq!(check_variable_name("region"), Ok(()));
        for name in ["ansible_connection", "_ansible_ansiballz_debugpy_config", "___ansible_x"] {
            assert!(steers_ansible(name), "{name}");
        }
        assert!(!steers_ansible("my_ansible_x") && !steers_ansible("ansible"));
    }

    proptest! {
        /// Wherever a key with a mark stands, it is found.
        #[test]
        fn no_depth_hides_a_mark(
            path in prop::collection::vec(any::<bool>(), 0..20),
            before in "[a-z{]{0,3}",
            mark in prop::sample::select(&TEMPLATE_MARKS[..]),
        ) {
            let innermost = json!({format!("{before}{mark}"): null});
            let value = path.iter().fold(innermost, |value, in_list| {
                if *in_list { json!([1, value]) } else { json!({"k": 1, "v": value}) }
            });
            prop_assert!(Data::new(value).is_err());
        }
    }
}
