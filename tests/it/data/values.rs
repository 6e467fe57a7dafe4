//! The values of the data tests, and how they are compared.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use tests::Core;

/// Random values of a run, for each of the two who set them.
const VALUES: usize = 120;

/// Texts that something between here and a task could take for something else.
const TRICKY: &[&str] = &[
    "",
    " ",
    "yes",
    "No",
    "on",
    "y",
    "true",
    "False",
    "None",
    "null",
    "Null",
    "~",
    "0",
    "-1",
    "+1",
    "007",
    "0644",
    "0o17",
    "0x1F",
    "0b101",
    "1_000",
    "1.10",
    "1.",
    ".5",
    "1e3",
    "1.0e+3",
    "-.inf",
    ".nan",
    "inf",
    "_1",
    "._",
    "1:2",
    "12:30:00",
    "190:20:30.15",
    "2024-01-01",
    "2024-1-1",
    "2024-01-01 10:00:00",
    "2001-12-14t21:59:43.10-05:00",
    "2024-99-99",
    "9999-12-31 99:99:99",
    "=",
    "<<",
    "!",
    "&",
    "*",
    "*a",
    "&a",
    "!unsafe x",
    "!vault |",
    "!!int 3",
    "%YAML",
    "@x",
    "`x`",
    "? k",
    ": v",
    "- a",
    "# c",
    "a: b",
    "a #b",
    "---",
    "...",
    "|",
    ">",
    "[",
    "]",
    "{",
    "}",
    "{}",
    "[]",
    "[1, 2]",
    "['a']",
    "{\"a\": 1}",
    "(1,)",
    "\"q\"",
    "'",
    "\\",
    "\\n",
    "\\u0041",
    "a\nb",
    "a\n",
    "\n",
    "\r\n",
    "\t",
    "\u{7}\u{1b}[0m",
    "\u{1}\u{1f}",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{fffe}",
    "\u{202e}",
    "é",
    "日本",
    "😀",
    "\u{10ffff}",
    "12\n",
    "yes\n",
    "=\n",
    "$ANSIBLE_VAULT;1.1;AES256\n3132\n",
    "__ansible_unsafe",
    "ansible_facts",
    "omit",
    "__omit_place_holder__",
    "AnsibleUndefined",
    "${x}",
    "%s",
    "[% 1 %]",
];

/// Texts that hold a template, which no key may.
const TEMPLATES: &[&str] = &[
    "{{ 6*7777 }}",
    "{{ nothing_here }}",
    "{% raw %}",
    "{# c #}",
    "{{",
    "}}",
    "{{{",
    "{{ omit }}",
    "#jinja2: variable_start_string: \"[%\"",
    "{{ lookup('pipe', 'echo ran') }}",
];

fn text(templates: bool) -> impl Strategy<Value = String> + Clone {
    let known = if templates { [TRICKY, TEMPLATES].concat() } else { TRICKY.to_vec() };
    let known = prop::sample::select(known);
    prop_oneof![
        6 => known.clone().prop_map(str::to_owned),
        1 => (known.clone(), known).prop_map(|(one, other)| format!("{one}{other}")),
        1 => "[^{\\x00]{0,12}".prop_map(String::from),
        2 => "[-+0-9.:eE_xb ~TZ]{1,9}".prop_map(String::from),
    ]
    .prop_filter("a template", move |text| {
        templates || !["{{", "{%", "{#", "__ansible"].iter().any(|mark| text.contains(mark))
    })
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => text(true).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => prop::sample::select(vec![u64::MAX, 1 << 63, (1 << 53) + 1]).prop_map(Value::from),
        1 => prop::sample::select(vec![0.0, -0.0, 0.1, 1e16, 1e100, 5e-324, f64::MAX, -2.5])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(false), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every tricky text as it is, in a list and as a key; a key that is too long to be an implicit
/// one; then what is drawn at random.
pub(super) fn values(prefix: &str, core: Core) -> Map<String, Value> {
    let seed = std::env::var("PLAYHOUSE_DATA_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::to_le_bytes(seed.unwrap_or(14)));
    bytes[8..8 + core.name().len()].copy_from_slice(core.name().as_bytes());
    bytes[31] = prefix.as_bytes()[0];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let keys = TRICKY.iter().filter(|text| !text.starts_with("__ansible_"));
    let mut values = vec![
        TRICKY.iter().chain(TEMPLATES).map(|&text| Value::from(text)).collect(),
        Value::Object(keys.map(|&text| (text.to_owned(), text.into())).collect()),
        json!({"é".repeat(200): "k".repeat(3000), "k".repeat(2000): 1}),
        json!({"": {"": [[], {}, [[]]]}}),
    ];
    values.extend(TRICKY.iter().chain(TEMPLATES).map(|&text| Value::from(text)));
    values.extend((0..VALUES).map(|_| anything().new_tree(&mut runner).unwrap().current()));
    let name = |index| format!("{prefix}_{index:03}");
    values.into_iter().enumerate().map(|(index, value)| (name(index), value)).collect()
}

/// A value as `tests/data/project/action_plugins/capture.py` writes it.
pub(super) fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"null": null}),
        Value::Bool(value) => json!({"bool": value}),
        Value::Number(number) => match number.as_i128() {
            Some(number) => json!({"int": number.to_string()}),
            None => {
                let bits = number.as_f64().unwrap().to_bits();
                json!({"float": format!("{bits:016x}")})
            }
        },
        Value::String(text) => json!({"text": text}),
        Value::Array(items) => json!({"list": items.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| json!([{"text": key}, typed(value)]);
            json!({"map": members.iter().map(member).collect::<Vec<_>>()})
        }
    }
}
