//! How extra vars are written for Ansible's `-e @file`: one form of YAML for every
//! ansible-core, in which data is inert and arrives as what it was.
//!
//! - It begins with `---`, so that Ansible's JSON reader, which obeys marks such as
//!   `__ansible_unsafe`, never takes it.
//! - Each text and each key that is data carries `!unsafe`, which makes it no template; but
//!   not one that YAML 1.1 takes for another type: core 2.19 looks at what is in a text so
//!   tagged once more, and `"1.10"` would become a number. Such a text is quoted, which no
//!   core looks into, and it cannot hold a template.
//! - Each key is introduced by `? `: a key of more than 1,024 characters is legal only so.
//! - Texts are in ASCII: `PyYAML` refuses some characters that are written as they are.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use crate::input::{CORE, Node, Scalar, UNSAFE, implied_type, may_be_typed};

/// What the file begins with.
pub(super) const BEGIN: &str = "---\n";

/// Data, at any depth.
pub(super) fn push_data(yaml: &mut String, value: &Value) {
    match value {
        Value::Null => yaml.push_str("null"),
        Value::Bool(value) => yaml.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => push_number(yaml, number),
        Value::String(text) => push_data_text(yaml, text),
        Value::Array(items) => push_sequence(yaml, items, push_data),
        Value::Object(members) => push_mapping(yaml, members, |yaml, (key, value)| {
            push_data_text(yaml, key);
            yaml.push_str(" : ");
            push_data(yaml, value);
        }),
    }
}

/// One text that is data, a key or a value.
pub(super) fn push_data_text(yaml: &mut String, text: &str) {
    if !may_be_typed(text) {
        yaml.push_str(UNSAFE);
        yaml.push(' ');
    }
    push_quoted(yaml, text);
}

/// A part of the operator's own file, as it stands there: their templates are templates,
/// their tags are kept.
pub(super) fn push_given(yaml: &mut String, node: &Node) {
    match node {
        Node::Scalar(scalar) => push_given_scalar(yaml, scalar),
        Node::Sequence { tag, items } => {
            push_tag(yaml, tag.as_deref());
            push_sequence(yaml, items, push_given);
        }
        Node::Mapping { tag, members } => {
            push_tag(yaml, tag.as_deref());
            push_mapping(yaml, members.values(), |yaml, (key, node)| {
                push_given_scalar(yaml, key);
                yaml.push_str(" : ");
                push_given(yaml, node);
            });
        }
    }
}

/// One scalar of the operator's, a key or a value.
pub(super) fn push_given_scalar(yaml: &mut String, scalar: &Scalar) {
    match scalar.tag.as_deref() {
        Some(tag) => push_tag(yaml, Some(tag)),
        None if scalar.is_plain => {
            if let Some(kind) = implied_type(&scalar.text) {
                push_tag(yaml, Some(&format!("{CORE}{kind}")));
            }
        }
        None => {}
    }
    push_quoted(yaml, &scalar.text);
}

/// A flow sequence.
pub(super) fn push_sequence<T>(
    yaml: &mut String,
    items: impl IntoIterator<Item = T>,
    push: impl Fn(&mut String, T),
) {
    yaml.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            yaml.push_str(", ");
        }
        push(yaml, item);
    }
    yaml.push(']');
}

/// A flow mapping; `push` writes a key, ` : ` and a value.
pub(super) fn push_mapping<T>(
    yaml: &mut String,
    members: impl IntoIterator<Item = T>,
    push: impl Fn(&mut String, T),
) {
    yaml.push('{');
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            yaml.push_str(", ");
        }
        yaml.push_str("? ");
        push(yaml, member);
    }
    yaml.push('}');
}

fn push_tag(yaml: &mut String, tag: Option<&str>) {
    match tag {
        None => {}
        Some(tag) => match tag.strip_prefix(CORE) {
            Some(kind) => {
                let _ = write!(yaml, "!!{kind} ");
            }
            None if tag.starts_with('!') => {
                let _ = write!(yaml, "{tag} ");
            }
            None => {
                let _ = write!(yaml, "!<{tag}> ");
            }
        },
    }
}

/// YAML 1.1 knows a float by its point and wants a sign in its exponent.
fn push_number(yaml: &mut String, number: &Number) {
    let text = number.to_string();
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            yaml.push_str(mantissa);
            if !mantissa.contains('.') {
                yaml.push_str(".0");
            }
            yaml.push('e');
            if !exponent.starts_with('-') && !exponent.starts_with('+') {
                yaml.push('+');
            }
            yaml.push_str(exponent);
        }
        None => yaml.push_str(&text),
    }
}

fn push_quoted(yaml: &mut String, text: &str) {
    yaml.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                yaml.push('\\');
                yaml.push(character);
            }
            ' '..='~' => yaml.push(character),
            _ => {
                let _ = write!(yaml, "\\U{:08x}", u32::from(character));
            }
        }
    }
    yaml.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    use crate::input::parse_yaml_node;

    fn data(value: &Value) -> String {
        let mut yaml = String::new();
        push_data(&mut yaml, value);
        yaml
    }

    #[test]
    fn a_text_is_tagged_unless_it_would_be_typed() {
        assert_eq!(
            data(&json!({"a": "1.10", "{ x": ["", "yes\n", "é"], "yes": 1e100, "n": null})),
            "{? !unsafe \"a\" : \"1.10\", \
             ? !unsafe \"{ x\" : [\"\", \"yes\\U0000000a\", !unsafe \"\\U000000e9\"], \
             ? \"yes\" : 1.0e+100, ? !unsafe \"n\" : null}"
        );
    }

    #[test]
    fn what_the_operator_wrote_keeps_its_tags_and_types() {
        let text = "\
a: !unsafe '{{ x }}'
b: !vault |
  $ANSIBLE_VAULT;1.1;AES256
1: [2024-01-01, 0x1F, '12', off, ~, 12:30, '{{ y }}']
c: !mine [!!int '3', !<tag:example,2000:x> y]
";
        let node = parse_yaml_node(text).unwrap().unwrap();
        let mut yaml = String::new();
        push_given(&mut yaml, &node);
        assert_eq!(
            yaml,
            "{? \"a\" : !unsafe \"{{ x }}\", \
             ? \"b\" : !vault \"$ANSIBLE_VAULT;1.1;AES256\\U0000000a\", \
             ? !!int \"1\" : [!!timestamp \"2024-01-01\", !!int \"0x1F\", \"12\", !!bool \"off\", \
             !!null \"~\", !!int \"12:30\", \"{{ y }}\"], \
             ? \"c\" : !mine [!!int \"3\", !<tag:example,2000:x> \"y\"]}"
        );
        assert_eq!(parse_yaml_node(&yaml).unwrap().unwrap().value(), node.value());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let text = "\\PC{0,8}|[-+0-9._:exXtTzZ~=<! \\n\\r\\t]{0,8}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((text, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// What is written is what is read, in our own reading of `PyYAML`'s; each text that
        /// has no `!unsafe` holds no brace.
        #[test]
        fn data_comes_back(value in any_json()) {
            let node = parse_yaml_node(&data(&value)).unwrap().unwrap();
            prop_assert_eq!(node.value(), value);
            prop_assert!(is_inert(&node));
        }
    }

    fn is_inert(node: &Node) -> bool {
        let scalar = |scalar: &Scalar| {
            scalar.is_plain || scalar.tag.as_deref() == Some(UNSAFE) || !scalar.text.contains('{')
        };
        match node {
            Node::Scalar(value) => scalar(value),
            Node::Sequence { items, .. } => items.iter().all(is_inert),
            Node::Mapping { members, .. } => {
                members.values().all(|(key, node)| scalar(key) && is_inert(node))
            }
        }
    }
}
