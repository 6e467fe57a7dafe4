//! YAML as PyYAML's `safe_load` reads it, since that is what Ansible Runner's users have
//! written their files for. What comes out is JSON, or the tree with its tags.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::Value;

use super::yaml_node::{Members, Node, Scalar};

/// Deeper nesting is taken for an attack, and so are more nodes than this in all, which
/// aliases can make out of a few lines.
const DEEPEST: usize = 100;
const MOST_NODES: usize = 1_000_000;

/// A text that is no YAML, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    /// Counted from 1.
    pub(crate) line: u64,
    /// Counted from 1.
    pub(crate) column: u64,
    pub(crate) reason: String,
}

/// Reads the first document as JSON; null where there is none. Tags that are not YAML's own
/// are passed over.
pub(crate) fn parse(text: &str) -> Result<Value, YamlError> {
    Ok(parse_node(text)?.map_or(Value::Null, |node| node.value()))
}

/// Reads the first document as it stands; none where there is none.
pub(crate) fn parse_node(text: &str) -> Result<Option<Node>, YamlError> {
    let mut builder = Builder::default();
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| {
            let marker = error.marker();
            YamlError::at(marker.line(), marker.col(), error.info())
        })?;
        let ends = matches!(event, Event::DocumentEnd);
        let done = builder.take(event).map_err(|reason| {
            YamlError::at(span.start.line(), span.start.col(), reason.to_owned())
        })?;
        if done.is_some() || ends {
            return Ok(done);
        }
    }
    Ok(None)
}

impl YamlError {
    fn at(line: usize, column: usize, reason: String) -> Self {
        Self { line: line.max(1) as u64, column: column as u64 + 1, reason }
    }
}

/// Puts nodes together.
#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

/// A sequence or mapping whose end has not come yet.
struct Open {
    anchor: usize,
    tag: Option<String>,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { members: Members, merged: Vec<Node>, key: Option<Key> },
}

enum Key {
    Name(Scalar),
    /// `<<`: the value's members are taken over.
    Merge,
}

impl Builder {
    /// The document, once it is whole.
    fn take(&mut self, event: Event<'_>) -> Result<Option<Node>, &'static str> {
        let is_key_next = matches!(
            self.open.last(),
            Some(Open { content: Content::Mapping { key: None, .. }, .. })
        );
        let (anchor, node) = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) if is_key_next && text == "<<" => {
                if let Some(Open { content: Content::Mapping { key, .. }, .. }) =
                    self.open.last_mut()
                {
                    *key = Some(Key::Merge);
                }
                return Ok(None);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let tag = tag.as_deref().map(whole_tag);
                (anchor, Node::Scalar(Scalar { text: text.into_owned(), is_plain, tag }))
            }
            Event::Alias(anchor) => (
                0,
                self.anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or("an alias stands inside of its own anchor")?,
            ),
            Event::SequenceStart(_, anchor, tag) => {
                return self.begin(anchor, tag.as_deref(), Content::Sequence(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                let (members, merged) = (Members::new(), Vec::new());
                let content = Content::Mapping { members, merged, key: None };
                return self.begin(anchor, tag.as_deref(), content);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(None) };
                (open.anchor, open.content.close(open.tag)?)
            }
            _ => return Ok(None),
        };
        self.nodes += node.count();
        if self.nodes > MOST_NODES {
            return Err("there is more in it than a person would write");
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => Ok(Some(node)),
            Some(open) => open.content.push(node).map(|()| None),
        }
    }

    fn begin(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Result<Option<Node>, &'static str> {
        if self.open.len() >= DEEPEST {
            return Err("it is nested too deeply");
        }
        self.open.push(Open { anchor, tag: tag.map(whole_tag), content });
        Ok(None)
    }
}

fn whole_tag(tag: &Tag) -> String {
    format!("{}{}", tag.handle(), tag.suffix())
}

impl Content {
    fn push(&mut self, node: Node) -> Result<(), &'static str> {
        match self {
            Self::Sequence(items) => items.push(node),
            Self::Mapping { members, merged, key } => match key.take() {
                None => match node {
                    Node::Scalar(scalar) => *key = Some(Key::Name(scalar)),
                    _ => return Err("a list or mapping cannot be a key"),
                },
                Some(Key::Merge) => merged.push(node),
                Some(Key::Name(name)) => {
                    members.insert(name.name(), (name, node));
                }
            },
        }
        Ok(())
    }

    fn close(self, tag: Option<String>) -> Result<Node, &'static str> {
        let (members, merged) = match self {
            Self::Sequence(items) => return Ok(Node::Sequence { tag, items }),
            Self::Mapping { members, merged, .. } => (members, merged),
        };
        let mut all = Members::new();
        for node in merged {
            let sources = match node {
                Node::Sequence { items, .. } => items,
                other => vec![other],
            };
            // Of several, the first to name a key gives its value.
            for source in sources {
                let Node::Mapping { members, .. } = source else {
                    return Err("`<<` takes mappings only");
                };
                for (name, member) in members {
                    all.entry(name).or_insert(member);
                }
            }
        }
        all.extend(members);
        Ok(Node::Mapping { tag, members: all })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn structures_anchors_and_merges() {
        let text = "\
base: &base {a: 1, b: 2}
one: {<<: *base, b: 3}
two:
  <<: [{b: 4, c: 5}, *base]
  1: x
list: [~, *base]
";
        let base = json!({"a": 1, "b": 2});
        assert_eq!(
            parse(text).unwrap(),
            json!({
                "base": base, "one": {"a": 1, "b": 3},
                "two": {"b": 4, "c": 5, "a": 1, "1": "x"}, "list": [null, base],
            })
        );
        assert_eq!(parse("# nothing\n").unwrap(), Value::Null);
        assert_eq!(parse("a: 1\na: 2\n").unwrap(), json!({"a": 2}));
        assert_eq!(
            parse("a: !unsafe x\nb: !vault |\n  y\n").unwrap(),
            json!({"a": "x", "b": "y\n"})
        );
    }

    #[test]
    fn errors_have_a_place() {
        let error = parse("a: 1\nb: [\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 4), "{error:?}");
        assert!(!error.reason.is_empty());
        let error = parse("a: 1\n  b: 2\n").unwrap_err();
        assert_eq!((error.line, error.column), (2, 4), "{error:?}");
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = level - 1;
            let aliases = vec![format!("*a{below}"); 10].join(", ");
            let _ = writeln!(bomb, "a{level}: &a{level} [{aliases}]");
        }
        assert!(parse(&bomb).unwrap_err().reason.contains("more in it"));
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse("a: &a [*a]\n").is_err());
    }

    proptest! {
        /// Whatever stands in a file, reading it ends, and what is read is JSON.
        #[test]
        fn nothing_breaks_it(text in "[a-c0-9:.,\\[\\]{}&*!|>'\"#<~+e_ \n-]{0,60}|\\PC{0,40}") {
            if let Ok(value) = parse(&text) {
                prop_assert_eq!(serde_json::from_str::<Value>(&value.to_string()).unwrap(), value);
            }
            let _ = crate::input::role_vars(&text);
            let _ = crate::input::split_cmdline("x", &text);
            let _ = crate::input::SshKeys::parse(&text);
        }
    }
}
