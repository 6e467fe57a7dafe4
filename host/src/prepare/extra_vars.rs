//! Extra vars that plugins set. What a plugin sets is data: to Ansible an extra var is a
//! template, and a template can run a command on the control node.
//!
//! They go to Ansible as one YAML file in which each text of a plugin carries `!unsafe`.
//! JSON's `__ansible_unsafe` will not do: core 2.19 unwraps it where it is nested.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Variables by name, in the order they were set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtraVars {
    variables: Vec<(String, Node)>,
}

/// A value in which the operator's parts and the plugins' can be told apart.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// The operator's own: templates in it are theirs and stay templates.
    Given(Value),
    /// A plugin's.
    Set(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// What an edit does at its place.
pub(super) enum Operation {
    Set(Value),
    Append(Value),
    Unset,
}

impl ExtraVars {
    /// Whether no plugin set any.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Each variable with its value, whoever gave it.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, Value)> {
        self.variables.iter().map(|(name, node)| (name.as_str(), node.value()))
    }

    /// Sets a variable of the operator's, whose templates are templates.
    pub(super) fn give(&mut self, name: String, value: Value) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, Node::Given(value)));
    }

    /// Applies an edit at `path`: the variable's name and members or indexes below it.
    /// `given` is what the operator's files say of that variable.
    pub(super) fn apply(
        &mut self,
        path: &[String],
        given: Option<&Value>,
        operation: Operation,
    ) -> Result<(), String> {
        let Some((name, below)) = path.split_first() else {
            return Err("it names no variable; write `/extravars/<name>`".to_owned());
        };
        if !is_variable_name(name) {
            return Err(format!(
                "`{name}` cannot name a variable: letters, digits and `_`, no digit first"
            ));
        }
        let known = self.variables.iter().position(|(known, _)| known == name);
        if let (Operation::Unset, []) = (&operation, below) {
            if let Some(index) = known {
                self.variables.remove(index);
            }
            return match given {
                None => Ok(()),
                Some(_) => Err(format!(
                    "`{name}` comes from the operator's extra vars, which Ansible reads itself; it can be set to something else, not taken away"
                )),
            };
        }
        let index = known.unwrap_or_else(|| {
            let node = given.map_or(Node::Map(Vec::new()), |value| Node::Given(value.clone()));
            self.variables.push((name.clone(), node));
            self.variables.len() - 1
        });
        let is_new = known.is_none() && given.is_none();
        self.variables[index].1.apply(below, operation, is_new)
    }

    /// The YAML file for Ansible's `-e @file`: one flow mapping.
    pub fn to_yaml(&self) -> String {
        let mut yaml = String::new();
        push_mapping(
            &mut yaml,
            self.variables.iter().map(|(name, node)| (name, node)),
            |yaml, node| {
                node.push_yaml(yaml);
            },
        );
        yaml.push('\n');
        yaml
    }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
        && !name.starts_with("__ansible_")
}

impl Node {
    fn apply(&mut self, path: &[String], operation: Operation, is_new: bool) -> Result<(), String> {
        let Some((key, below)) = path.split_first() else {
            match operation {
                Operation::Set(value) => *self = Self::Set(value),
                Operation::Append(value) => {
                    if is_new {
                        *self = Self::List(Vec::new());
                    }
                    self.open();
                    match self {
                        Self::List(items) => items.push(Self::Set(value)),
                        _ => return Err("there is no list to append to".to_owned()),
                    }
                }
                Operation::Unset => {}
            }
            return Ok(());
        };
        self.open();
        match self {
            Self::Map(members) => {
                let known = members.iter().position(|(known, _)| known == key);
                match (known, &operation) {
                    (Some(index), Operation::Unset) if below.is_empty() => {
                        members.remove(index);
                        Ok(())
                    }
                    (None, Operation::Unset) => Ok(()),
                    (Some(index), _) => members[index].1.apply(below, operation, false),
                    (None, _) => {
                        let mut node = Self::Map(Vec::new());
                        node.apply(below, operation, true)?;
                        members.push((key.clone(), node));
                        Ok(())
                    }
                }
            }
            Self::List(items) => {
                let count = items.len();
                let item = key
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| items.get_mut(index))
                    .ok_or_else(|| format!("the list has {count} items and no item `{key}`"))?;
                item.apply(below, operation, false)
            }
            Self::Given(_) | Self::Set(_) => {
                Err(format!("there is a single value, which has no member `{key}`"))
            }
        }
    }

    /// Makes members and items of a list or mapping reachable one by one.
    fn open(&mut self) {
        let wrap = match self {
            Self::Given(_) => Self::Given,
            Self::Set(_) => Self::Set,
            Self::List(_) | Self::Map(_) => return,
        };
        let (Self::Given(value) | Self::Set(value)) = self else { return };
        match value {
            Value::Array(items) => *self = Self::List(items.drain(..).map(wrap).collect()),
            Value::Object(members) => {
                let members = std::mem::take(members);
                *self =
                    Self::Map(members.into_iter().map(|(key, value)| (key, wrap(value))).collect());
            }
            _ => {}
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Given(value) | Self::Set(value) => value.clone(),
            Self::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, node)| (key.clone(), node.value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    fn push_yaml(&self, yaml: &mut String) {
        match self {
            Self::Given(value) => push_value(yaml, value, ""),
            Self::Set(value) => push_value(yaml, value, "!unsafe "),
            Self::List(items) => push_sequence(yaml, items, |yaml, item| item.push_yaml(yaml)),
            Self::Map(members) => {
                push_mapping(yaml, members.iter().map(|(key, node)| (key, node)), |yaml, node| {
                    node.push_yaml(yaml);
                });
            }
        }
    }
}

fn push_value(yaml: &mut String, value: &Value, tag: &str) {
    match value {
        Value::Null => yaml.push_str("null"),
        Value::Bool(value) => yaml.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => push_number(yaml, number),
        Value::String(text) => {
            yaml.push_str(tag);
            push_text(yaml, text);
        }
        Value::Array(items) => push_sequence(yaml, items, |yaml, item| push_value(yaml, item, tag)),
        Value::Object(members) => {
            push_mapping(yaml, members, |yaml, value| push_value(yaml, value, tag));
        }
    }
}

fn push_sequence<T>(yaml: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    yaml.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            yaml.push_str(", ");
        }
        push(yaml, item);
    }
    yaml.push(']');
}

fn push_mapping<'a, T: 'a>(
    yaml: &mut String,
    members: impl IntoIterator<Item = (&'a String, &'a T)>,
    push: impl Fn(&mut String, &T),
) {
    yaml.push('{');
    for (index, (key, value)) in members.into_iter().enumerate() {
        if index > 0 {
            yaml.push_str(", ");
        }
        push_text(yaml, key);
        yaml.push_str(": ");
        push(yaml, value);
    }
    yaml.push('}');
}

/// YAML 1.1 knows a float by its point and wants a sign in its exponent.
fn push_number(yaml: &mut String, number: &serde_json::Number) {
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

/// A double-quoted scalar in ASCII: `PyYAML` refuses some characters that are written as they are.
fn push_text(yaml: &mut String, text: &str) {
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
    use serde_json::json;

    fn path(pointer: &str) -> Vec<String> {
        pointer.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn every_text_of_a_plugin_is_unsafe_and_the_operators_are_not() {
        let mut vars = ExtraVars::default();
        let given = json!({"region": "{{ here }}", "zones": ["a"]});
        vars.apply(
            &path("cfg/name"),
            Some(&given),
            Operation::Set(json!("{{ lookup('pipe', 'id') }}")),
        )
        .unwrap();
        vars.apply(&path("cfg/zones"), Some(&given), Operation::Append(json!("b"))).unwrap();
        vars.apply(&path("n"), None, Operation::Set(json!({"k": ["é", 1, 1e100, true]}))).unwrap();
        assert_eq!(
            vars.to_yaml(),
            "{\"cfg\": {\"region\": \"{{ here }}\", \"zones\": [\"a\", !unsafe \"b\"], \
             \"name\": !unsafe \"{{ lookup('pipe', 'id') }}\"}, \
             \"n\": {\"k\": [!unsafe \"\\U000000e9\", 1, 1.0e+100, true]}}\n"
        );
    }

    #[test]
    fn edits_that_cannot_be_made_say_why() {
        let mut vars = ExtraVars::default();
        let mut fails = |pointer: &str, given: Option<Value>, operation| {
            vars.apply(&path(pointer), given.as_ref(), operation).unwrap_err()
        };
        assert!(fails("a-b", None, Operation::Set(json!(1))).contains("cannot name a variable"));
        assert!(fails("__ansible_x", None, Operation::Set(json!(1))).contains("cannot name"));
        assert!(fails("x", Some(json!(1)), Operation::Unset).contains("not taken away"));
        assert!(fails("x", Some(json!(1)), Operation::Append(json!(1))).contains("no list"));
        assert!(fails("y/3", Some(json!([1])), Operation::Set(json!(1))).contains("no item `3`"));
    }

    #[test]
    fn what_is_not_there_is_made() {
        let mut vars = ExtraVars::default();
        vars.apply(&path("a/b/c"), None, Operation::Append(json!(1))).unwrap();
        vars.apply(&path("a/b/c"), None, Operation::Append(json!(2))).unwrap();
        vars.apply(&path("a/x"), None, Operation::Unset).unwrap();
        assert_eq!(vars.values().collect::<Vec<_>>(), [("a", json!({"b": {"c": [1, 2]}}))]);
    }
}
