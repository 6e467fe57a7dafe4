//! YAML as PyYAML's `safe_load` reads it, since that is what Ansible Runner's users have
//! written their files for: YAML 1.1, in which `yes` is true, `010` is 8 and `1:30` is 90.
//! JSON is what comes out, with dates and other things that JSON lacks as the text that
//! Python's `str` makes of them. Tags that are not YAML's own are passed over.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use regex::Regex;
use serde_json::{Map, Number, Value};

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

/// Reads the first document; null where there is none.
pub(crate) fn parse(text: &str) -> Result<Value, YamlError> {
    let mut builder = Builder::default();
    for step in Parser::new_from_str(text) {
        let (event, span) = step.map_err(|error| {
            let marker = error.marker();
            YamlError::at(marker.line(), marker.col(), error.info())
        })?;
        let done = builder.take(event).map_err(|reason| {
            YamlError::at(span.start.line(), span.start.col(), reason.to_owned())
        })?;
        if let Some(value) = done {
            return Ok(value);
        }
    }
    Ok(Value::Null)
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
    anchors: HashMap<usize, Value>,
    nodes: usize,
}

/// A sequence or mapping whose end has not come yet.
struct Open {
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Value>),
    Mapping { members: Map<String, Value>, merged: Vec<Value>, key: Option<Key> },
}

enum Key {
    Name(String),
    /// `<<`: the value's members are taken over.
    Merge,
}

impl Builder {
    /// The document's value, once it is whole.
    fn take(&mut self, event: Event<'_>) -> Result<Option<Value>, &'static str> {
        let is_key_next = matches!(
            self.open.last(),
            Some(Open { content: Content::Mapping { key: None, .. }, .. })
        );
        let (anchor, value) = match event {
            Event::Scalar(text, ScalarStyle::Plain, _, None) if is_key_next && text == "<<" => {
                if let Some(Open { content: Content::Mapping { key, .. }, .. }) =
                    self.open.last_mut()
                {
                    *key = Some(Key::Merge);
                }
                return Ok(None);
            }
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(&text, style, tag.as_deref()))
            }
            Event::Alias(anchor) => (
                0,
                self.anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or("an alias stands inside of its own anchor")?,
            ),
            Event::SequenceStart(_, anchor, _) => {
                return self.begin(anchor, Content::Sequence(Vec::new()));
            }
            Event::MappingStart(_, anchor, _) => {
                let (members, merged) = (Map::new(), Vec::new());
                return self.begin(anchor, Content::Mapping { members, merged, key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return Ok(None) };
                (open.anchor, open.content.close()?)
            }
            Event::DocumentEnd => return Ok(Some(Value::Null)),
            _ => return Ok(None),
        };
        self.nodes += count(&value);
        if self.nodes > MOST_NODES {
            return Err("there is more in it than a person would write");
        }
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => Ok(Some(value)),
            Some(open) => open.content.push(value).map(|()| None),
        }
    }

    fn begin(&mut self, anchor: usize, content: Content) -> Result<Option<Value>, &'static str> {
        if self.open.len() >= DEEPEST {
            return Err("it is nested too deeply");
        }
        self.open.push(Open { anchor, content });
        Ok(None)
    }
}

impl Content {
    fn push(&mut self, value: Value) -> Result<(), &'static str> {
        match self {
            Self::Sequence(items) => items.push(value),
            Self::Mapping { members, merged, key } => match key.take() {
                None => *key = Some(Key::Name(key_text(value)?)),
                Some(Key::Merge) => merged.push(value),
                Some(Key::Name(name)) => {
                    members.insert(name, value);
                }
            },
        }
        Ok(())
    }

    fn close(self) -> Result<Value, &'static str> {
        let (members, merged) = match self {
            Self::Sequence(items) => return Ok(Value::Array(items)),
            Self::Mapping { members, merged, .. } => (members, merged),
        };
        let mut all = Map::new();
        for value in merged {
            let sources = match value {
                Value::Array(items) => items,
                other => vec![other],
            };
            // Of several, the first to name a key gives its value.
            for source in sources {
                let Value::Object(source) = source else { return Err("`<<` takes mappings only") };
                for (name, value) in source {
                    all.entry(name).or_insert(value);
                }
            }
        }
        all.extend(members);
        Ok(Value::Object(all))
    }
}

/// A key as Python's `str` writes it.
fn key_text(value: Value) -> Result<String, &'static str> {
    python_text(value).ok_or("a list or mapping cannot be a key")
}

/// A value as Python's `str` writes it; none for a list or a mapping.
pub(crate) fn python_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Null => Some("None".to_owned()),
        Value::Number(number) => Some(number_text(&number)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Python writes exponents with a sign and two digits at least.
fn number_text(number: &Number) -> String {
    let text = match number.as_f64() {
        Some(float) if number.is_f64() => format!("{float:?}"),
        _ => number.to_string(),
    };
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let (sign, digits) =
                exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            format!("{mantissa}e{sign}{digits:0>2}")
        }
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let as_text = || Value::String(text.to_owned());
    match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix())) {
        Some((true, "int")) => integer(text).unwrap_or_else(as_text),
        Some((true, "float")) => float(text)
            .or_else(|| integer(text).and_then(|value| float(&format!("{value}."))))
            .unwrap_or_else(as_text),
        Some((true, "bool" | "null")) => plain(text),
        None if style == ScalarStyle::Plain => plain(text),
        Some(_) | None => as_text(),
    }
}

/// A scalar without quotes or tag, by the patterns of YAML 1.1 in PyYAML's reading.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let may_be_number = text.starts_with(|first: char| "+-.0123456789".contains(first));
    let value = may_be_number.then(|| integer(text).or_else(|| float(text)).or_else(|| time(text)));
    value.flatten().unwrap_or_else(|| Value::String(text.to_owned()))
}

fn integer(text: &str) -> Option<Value> {
    static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)$")
    });
    if !INTEGER.is_match(text) {
        return None;
    }
    let (sign, digits) = signed(text);
    let digits = digits.replace('_', "");
    let size = if let Some(digits) = digits.strip_prefix("0b") {
        i128::from_str_radix(digits, 2)
    } else if let Some(digits) = digits.strip_prefix("0x") {
        i128::from_str_radix(digits, 16)
    } else if digits.contains(':') {
        digits.split(':').try_fold(0_i128, |sum, part| Ok(sum * 60 + part.parse::<i128>()?))
    } else if digits.len() > 1 && digits.starts_with('0') {
        i128::from_str_radix(&digits[1..], 8)
    } else {
        digits.parse()
    };
    // More than that is a text of digits to whoever asks for a text.
    let value = size.ok()? * if sign { -1 } else { 1 };
    Number::from_i128(value).map(Value::Number)
}

fn float(text: &str) -> Option<Value> {
    static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        )
    });
    if !FLOAT.is_match(text) {
        return None;
    }
    let (is_negative, digits) = signed(text);
    let digits = digits.replace('_', "").to_lowercase();
    let size = match digits.as_str() {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ => digits
            .split(':')
            .try_fold(0.0, |sum, part| {
                Ok::<_, std::num::ParseFloatError>(sum * 60.0 + part.parse::<f64>()?)
            })
            .ok()?,
    };
    let value = if is_negative { -size } else { size };
    Some(match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "nan".into(),
        None => if value > 0.0 { "inf" } else { "-inf" }.into(),
    })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// A point in time, as Python's `str` writes it; a date is written as it stands.
fn time(text: &str) -> Option<Value> {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::?(\d\d))?))?$",
        )
    });
    let found = TIME.captures(text)?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    let mut time = format!(
        "{}-{:0>2}-{:0>2} {:0>2}:{}:{}",
        part(1),
        part(2),
        part(3),
        part(4),
        part(5),
        part(6)
    );
    let fraction: String = format!("{:0<6}", part(7)).chars().take(6).collect();
    if fraction != "000000" {
        let _ = write!(time, ".{fraction}");
    }
    if found.get(8).is_some() {
        time.push_str("+00:00");
    } else if found.get(9).is_some() {
        let _ = write!(time, "{}{:0>2}:{:0>2}", part(9), part(10), part(11));
    }
    Some(Value::String(time))
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

#[cfg(test)]
mod tests {
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
