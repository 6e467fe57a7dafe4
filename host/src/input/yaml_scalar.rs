//! What a scalar stands for in YAML 1.1 as PyYAML reads it: `yes` is true, `010` is 8 and
//! `1:30` is 90; dates and other things that JSON lacks are the text that Python's `str`
//! makes of them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Number, Value};

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

/// What a scalar with a tag of YAML's own stands for: `int` for `!!int`.
pub(super) fn of_core_type(kind: &str, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match kind {
        "int" => integer(text).unwrap_or_else(as_text),
        "float" => float(text)
            .or_else(|| integer(text).and_then(|value| float(&format!("{value}."))))
            .or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number))
            .unwrap_or_else(as_text),
        "bool" | "null" => plain(text),
        _ => as_text(),
    }
}

/// Whether PyYAML may take a scalar without quotes for anything but a text. That is all it
/// does take so, and some more: its patterns let one line feed pass at the end.
pub(crate) fn may_be_typed(text: &str) -> bool {
    static TYPED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(concat!(
            r"^(?:|~|null|Null|NULL|<<|=|!|&|\*",
            r"|yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF",
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
            r"|[-+]?[0-9._][0-9a-fA-FxX_.:eE+-]*",
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)?[0-9:. \tZz+-]*)\n?$"
        ))
    });
    TYPED.is_match(text)
}

/// The type of YAML's own, as in `!!int`, that a scalar without quotes or tag is of; none
/// where it is a text.
pub(crate) fn implied_type(text: &str) -> Option<&'static str> {
    static DATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"));
    match plain(text) {
        Value::Null => Some("null"),
        Value::Bool(_) => Some("bool"),
        Value::Number(number) if number.is_f64() => Some("float"),
        Value::Number(_) => Some("int"),
        _ if integer_pattern().is_match(text) => Some("int"),
        _ if float(text).is_some() => Some("float"),
        _ if time(text).is_some() || DATE.is_match(text) => Some("timestamp"),
        _ => None,
    }
}

/// A scalar without quotes or tag, by the patterns of YAML 1.1 in PyYAML's reading.
pub(super) fn plain(text: &str) -> Value {
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

fn integer_pattern() -> &'static Regex {
    static INTEGER: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*(?::[0-5]?[0-9])*)$")
    });
    &INTEGER
}

fn integer(text: &str) -> Option<Value> {
    if !integer_pattern().is_match(text) {
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

    #[test]
    fn what_is_no_text_may_be_typed() {
        for text in [
            "",
            "~",
            "yes",
            "Off",
            "12",
            "-1_000",
            "0x1F",
            "010",
            "1:30",
            "1.5e+3",
            ".inf",
            ".NaN",
            "2024-01-01",
            "2024-1-1 10:00:00",
            "2001-12-14t21:59:43.10-05:00",
            "=",
            "<<",
            "!",
            "&",
            "*",
            "12\n",
            "yes\n",
            "2024-99-99",
        ] {
            assert!(may_be_typed(text), "{text:?}");
        }
        for text in ["a", "yes!", "{{ 1 }}", "1 a", "a1", "12\n\n", "/etc", "no one", "\u{664}"] {
            assert!(!may_be_typed(text), "{text:?}");
        }
    }

    #[test]
    fn a_type_is_implied_as_by_pyyaml() {
        for (text, expected) in [
            ("12", Some("int")),
            ("170141183460469231731687303715884105728", Some("int")),
            ("1.10", Some("float")),
            (".inf", Some("float")),
            ("off", Some("bool")),
            ("", Some("null")),
            ("2024-01-01", Some("timestamp")),
            ("2001-12-14 21:59:43", Some("timestamp")),
            ("2024-1-1", None),
            ("1.2.3", None),
            ("{{ x }}", None),
        ] {
            assert_eq!(implied_type(text), expected, "{text}");
        }
    }

    proptest! {
        /// The rule by which texts are written is wider than the one by which they are read.
        #[test]
        fn what_is_implied_may_be_typed(text in "[-+0-9._:eExXabTtZz yYnNoOfF~=<!&*\t\n]{0,12}") {
            if implied_type(&text).is_some() {
                prop_assert!(may_be_typed(&text));
            }
        }
    }
}
