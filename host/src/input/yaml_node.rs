//! A YAML document as it stands in its file: tags and quotes are kept, so that a part of it
//! can be written again and Ansible reads what it would have read.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::yaml_scalar::{of_core_type, plain, python_text};

/// The tag of what is no template to Ansible.
pub(crate) const UNSAFE: &str = "!unsafe";

/// What tags of YAML's own begin with: `tag:yaml.org,2002:int` is `!!int`.
pub(crate) const CORE: &str = "tag:yaml.org,2002:";

/// A node with everything below it; aliases and `<<` are resolved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Scalar(Scalar),
    Sequence { tag: Option<String>, items: Vec<Node> },
    Mapping { tag: Option<String>, members: Members },
}

/// The members of a mapping by what Python's `str` makes of their keys, in their order.
pub(crate) type Members = IndexMap<String, (Scalar, Node)>;

/// A scalar before anybody decides what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Neither quoted nor in a block of its own.
    pub(crate) is_plain: bool,
    /// Whole: `!vault`, or `tag:yaml.org,2002:int` for `!!int`.
    pub(crate) tag: Option<String>,
}

impl Scalar {
    /// A quoted text.
    pub(crate) fn quoted(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_plain: false, tag: None }
    }

    /// What it stands for. A tag that is not YAML's own says nothing of that.
    pub(crate) fn value(&self) -> Value {
        match self.tag.as_deref().map(|tag| tag.strip_prefix(CORE)) {
            Some(Some(kind)) => of_core_type(kind, &self.text),
            None if self.is_plain => plain(&self.text),
            Some(None) | None => Value::String(self.text.clone()),
        }
    }

    /// The member's name that it is as a key.
    pub(crate) fn name(&self) -> String {
        python_text(self.value()).unwrap_or_else(|| self.text.clone())
    }
}

impl Node {
    /// A JSON document as Ansible reads one: a mapping with `__ansible_unsafe` or
    /// `__ansible_vault` in it is a marked text.
    pub(crate) fn of_json(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::Scalar(Scalar::quoted(text.clone())),
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Scalar(Scalar {
                text: value.to_string(),
                is_plain: false,
                tag: Some(format!("{CORE}{}", json_type(value))),
            }),
            Value::Array(items) => {
                Self::Sequence { tag: None, items: items.iter().map(Self::of_json).collect() }
            }
            Value::Object(members) => {
                let mark = |key: &str, tag: &str| {
                    let text = members.get(key)?.as_str()?;
                    let tag = Some(tag.to_owned());
                    Some(Self::Scalar(Scalar { text: text.to_owned(), is_plain: false, tag }))
                };
                mark("__ansible_vault", "!vault")
                    .or_else(|| mark("__ansible_unsafe", UNSAFE))
                    .unwrap_or_else(|| Self::Mapping {
                        tag: None,
                        members: members
                            .iter()
                            .map(|(key, value)| {
                                let member = (Scalar::quoted(key.clone()), Self::of_json(value));
                                (key.clone(), member)
                            })
                            .collect(),
                    })
            }
        }
    }

    /// The document as JSON.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Scalar(scalar) => scalar.value(),
            Self::Sequence { items, .. } => items.iter().map(Self::value).collect(),
            Self::Mapping { members, .. } => Value::Object(values(members)),
        }
    }

    /// Whether a tag that is not YAML's own stands in it.
    pub(crate) fn is_tagged(&self) -> bool {
        let is_foreign =
            |tag: &Option<String>| tag.as_ref().is_some_and(|tag| !tag.starts_with(CORE));
        match self {
            Self::Scalar(scalar) => is_foreign(&scalar.tag),
            Self::Sequence { tag, items } => is_foreign(tag) || items.iter().any(Self::is_tagged),
            Self::Mapping { tag, members } => {
                let member =
                    |(key, node): &(Scalar, Self)| is_foreign(&key.tag) || node.is_tagged();
                is_foreign(tag) || members.values().any(member)
            }
        }
    }

    /// How many nodes it is.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Scalar(_) => 1,
            Self::Sequence { items, .. } => 1 + items.iter().map(Self::count).sum::<usize>(),
            Self::Mapping { members, .. } => {
                1 + members.values().map(|(_, value)| value.count()).sum::<usize>()
            }
        }
    }
}

/// Members as JSON has them.
pub(crate) fn values(members: &Members) -> Map<String, Value> {
    members.iter().map(|(name, (_, node))| (name.clone(), node.value())).collect()
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        _ => "int",
    }
}
