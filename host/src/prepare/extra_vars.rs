//! Extra vars that are data: those of plugins, and those that an embedding program or
//! `--untrusted-vars` has from strangers. To Ansible an extra var is a template, and a
//! template can run a command on the control node.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::data::{Data, check_key, check_variable_name};
use super::vars_file::{
    BEGIN, push_data, push_data_text, push_given, push_given_scalar, push_mapping, push_sequence,
};
use crate::artifacts::to_python_json;
use crate::input::{Node as Given, Scalar, UNSAFE};

/// Variables by name, in the order they were set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtraVars {
    variables: IndexMap<String, Node>,
}

/// A value in which the operator's parts and the plugins' can be told apart.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// The operator's own: templates in it are theirs and stay templates.
    Given(Given),
    /// A plugin's or a stranger's.
    Set(Value),
    List(Vec<Node>),
    Map(IndexMap<String, (Key, Node)>),
}

/// A key, by who gave it.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Given(Scalar),
    Set(String),
}

/// What an edit does at its place.
pub(super) enum Operation {
    Set(Data),
    Append(Data),
    Unset,
}

impl ExtraVars {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Each variable with its value, whoever gave it.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, Value)> {
        self.variables.iter().map(|(name, node)| (name.as_str(), node.value()))
    }

    /// Sets a variable of the operator's, whose templates are templates.
    pub(super) fn give(&mut self, name: String, value: Given) {
        self.variables.insert(name, Node::Given(value));
    }

    /// Applies an edit at `path`: the variable's name and members or indexes below it.
    /// `given` is what the operator's files say of that variable.
    pub(super) fn apply(
        &mut self,
        path: &[String],
        given: Option<&Given>,
        operation: Operation,
    ) -> Result<(), String> {
        let Some((name, below)) = path.split_first() else {
            return Err("it names no variable; write `/extravars/<name>`".to_owned());
        };
        check_variable_name(name)?;
        if let (Operation::Unset, []) = (&operation, below) {
            self.variables.shift_remove(name);
            return match given {
                None => Ok(()),
                Some(_) => Err(format!(
                    "`{name}` comes from the operator's extra vars, which Ansible reads itself; it can be set to something else, not taken away"
                )),
            };
        }
        let is_new = !self.variables.contains_key(name) && given.is_none();
        self.variables
            .entry(name.clone())
            .or_insert_with(|| {
                given.map_or_else(|| Node::Map(IndexMap::new()), |node| Node::Given(node.clone()))
            })
            .apply(below, operation, is_new)
    }

    /// All of them as one JSON document, as Ansible Runner writes variables down; none where
    /// JSON cannot say what they are, since a part is data or has a tag.
    pub(super) fn to_json(&self) -> Option<String> {
        let is_plain = |node: &Node| matches!(node, Node::Given(given) if !given.is_tagged());
        self.variables.values().all(is_plain).then(|| {
            let members = self.variables.iter().map(|(name, node)| (name.clone(), node.value()));
            to_python_json(&Value::Object(members.collect()))
        })
    }

    /// The YAML file for Ansible's `-e @file`.
    pub fn to_yaml(&self) -> String {
        let mut yaml = BEGIN.to_owned();
        push_mapping(&mut yaml, &self.variables, |yaml, (name, node)| {
            // A name of letters, digits and `_`, which Ansible wants as a plain text.
            push_given_scalar(yaml, &Scalar::quoted(name.clone()));
            yaml.push_str(" : ");
            node.push_yaml(yaml);
        });
        yaml.push('\n');
        yaml
    }
}

impl Node {
    fn apply(&mut self, path: &[String], operation: Operation, is_new: bool) -> Result<(), String> {
        let Some((key, below)) = path.split_first() else {
            match operation {
                Operation::Set(value) => *self = Self::Set(value.into_value()),
                Operation::Append(value) => {
                    if is_new {
                        *self = Self::List(Vec::new());
                    }
                    self.open()?;
                    match self {
                        Self::List(items) => items.push(Self::Set(value.into_value())),
                        _ => return Err("there is no list to append to".to_owned()),
                    }
                }
                Operation::Unset => {}
            }
            return Ok(());
        };
        self.open()?;
        match self {
            Self::Map(members) => match (members.get_mut(key), &operation) {
                (Some(_), Operation::Unset) if below.is_empty() => {
                    members.shift_remove(key);
                    Ok(())
                }
                (None, Operation::Unset) => Ok(()),
                (Some((_, node)), _) => node.apply(below, operation, false),
                (None, _) => {
                    check_key(key)?;
                    let mut node = Self::Map(IndexMap::new());
                    node.apply(below, operation, true)?;
                    members.insert(key.clone(), (Key::Set(key.clone()), node));
                    Ok(())
                }
            },
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
    fn open(&mut self) -> Result<(), String> {
        match self {
            Self::Set(Value::Array(items)) => {
                *self = Self::List(items.drain(..).map(Self::Set).collect());
            }
            Self::Set(Value::Object(members)) => {
                let member = |(key, value): (String, Value)| {
                    (key.clone(), (Key::Set(key), Self::Set(value)))
                };
                *self = Self::Map(std::mem::take(members).into_iter().map(member).collect());
            }
            Self::Given(given) => match given {
                Given::Scalar(_) => {}
                // All that is in it is no template: data, as it is of plugins.
                Given::Sequence { tag: Some(tag), .. } | Given::Mapping { tag: Some(tag), .. }
                    if tag == UNSAFE =>
                {
                    *self = Self::Set(given.value());
                    return self.open();
                }
                Given::Sequence { tag: Some(tag), .. } | Given::Mapping { tag: Some(tag), .. } => {
                    return Err(format!(
                        "there is a value with the tag `{tag}`, which can only be set as a whole"
                    ));
                }
                Given::Sequence { tag: None, items } => {
                    *self = Self::List(items.drain(..).map(Self::Given).collect());
                }
                Given::Mapping { tag: None, members } => {
                    let member = |(name, (key, node))| (name, (Key::Given(key), Self::Given(node)));
                    *self = Self::Map(std::mem::take(members).into_iter().map(member).collect());
                }
            },
            Self::Set(_) | Self::List(_) | Self::Map(_) => {}
        }
        Ok(())
    }

    fn value(&self) -> Value {
        match self {
            Self::Given(node) => node.value(),
            Self::Set(value) => value.clone(),
            Self::List(items) => items.iter().map(Self::value).collect(),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, (_, node))| (name.clone(), node.value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    fn push_yaml(&self, yaml: &mut String) {
        match self {
            Self::Given(node) => push_given(yaml, node),
            Self::Set(value) => push_data(yaml, value),
            Self::List(items) => push_sequence(yaml, items, |yaml, item| item.push_yaml(yaml)),
            Self::Map(members) => push_mapping(yaml, members.values(), |yaml, (key, node)| {
                match key {
                    Key::Given(key) => push_given_scalar(yaml, key),
                    Key::Set(key) => push_data_text(yaml, key),
                }
                yaml.push_str(" : ");
                node.push_yaml(yaml);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::input::parse_yaml_node;

    fn path(pointer: &str) -> Vec<String> {
        pointer.split('/').map(str::to_owned).collect()
    }

    fn set(value: Value) -> Operation {
        Operation::Set(Data::new(value).unwrap())
    }

    fn append(value: Value) -> Operation {
        Operation::Append(Data::new(value).unwrap())
    }

    fn given(text: &str) -> Given {
        parse_yaml_node(text).unwrap().unwrap()
    }

    #[test]
    fn every_text_of_a_plugin_is_unsafe_and_the_operators_are_as_they_were() {
        let mut vars = ExtraVars::default();
        let theirs = given("{region: '{{ here }}', raw: !unsafe '{{ raw }}', zones: [a], at: 010}");
        vars.apply(&path("cfg/name"), Some(&theirs), set(json!("{{ lookup('pipe', 'id') }}")))
            .unwrap();
        vars.apply(&path("cfg/zones"), Some(&theirs), append(json!("b"))).unwrap();
        vars.apply(&path("n"), None, set(json!({"k": ["é", 1, 1e100, true]}))).unwrap();
        assert_eq!(
            vars.to_yaml(),
            "---\n{? \"cfg\" : {? \"region\" : \"{{ here }}\", \
             ? \"raw\" : !unsafe \"{{ raw }}\", \
             ? \"zones\" : [\"a\", !unsafe \"b\"], ? \"at\" : !!int \"010\", \
             ? !unsafe \"name\" : !unsafe \"{{ lookup('pipe', 'id') }}\"}, \
             ? \"n\" : {? !unsafe \"k\" : [!unsafe \"\\U000000e9\", 1, 1.0e+100, true]}}\n"
        );
    }

    #[test]
    fn what_is_tagged_as_a_whole_stays_so() {
        let mut vars = ExtraVars::default();
        let theirs = given("!unsafe {a: '{{ x }}', b: ['{{ y }}']}");
        vars.apply(&path("v/b"), Some(&theirs), append(json!("c"))).unwrap();
        assert_eq!(
            vars.to_yaml(),
            "---\n{? \"v\" : {? !unsafe \"a\" : !unsafe \"{{ x }}\", \
             ? !unsafe \"b\" : [!unsafe \"{{ y }}\", !unsafe \"c\"]}}\n"
        );
        let theirs = given("!!omap [a: 1]");
        let error = vars.apply(&path("o/0"), Some(&theirs), set(json!(1))).unwrap_err();
        assert!(error.contains("can only be set as a whole"), "{error}");
    }

    #[test]
    fn edits_that_cannot_be_made_say_why() {
        let mut vars = ExtraVars::default();
        let mut fails = |pointer: &str, theirs: Option<&str>, operation| {
            let theirs = theirs.map(given);
            vars.apply(&path(pointer), theirs.as_ref(), operation).unwrap_err()
        };
        assert!(fails("a-b", None, set(json!(1))).contains("cannot name a variable"));
        assert!(fails("__ansible_x", None, set(json!(1))).contains("mark of Ansible's"));
        assert!(fails("groups", None, set(json!(1))).contains("Ansible sets `groups` itself"));
        assert!(fails("x/{{ y }}", None, set(json!(1))).contains("holds `{{`"));
        assert!(fails("x", Some("1"), Operation::Unset).contains("not taken away"));
        assert!(fails("x", Some("1"), append(json!(1))).contains("no list"));
        assert!(fails("y/3", Some("[1]"), set(json!(1))).contains("no item `3`"));
    }

    #[test]
    fn what_is_not_there_is_made() {
        let mut vars = ExtraVars::default();
        vars.apply(&path("a/b/c"), None, append(json!(1))).unwrap();
        vars.apply(&path("a/b/c"), None, append(json!(2))).unwrap();
        vars.apply(&path("a/x"), None, Operation::Unset).unwrap();
        assert_eq!(vars.values().collect::<Vec<_>>(), [("a", json!({"b": {"c": [1, 2]}}))]);
    }
}
