use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;

/// How a secret stands in a text.
#[derive(Debug, Clone, Copy)]
enum Form {
    Plain,
    Line,
    Json,
    AsciiJson,
    JsonInJson,
    Percent,
    Base64,
    Base64ForUrls,
}

const FORMS: [Form; 8] = [
    Form::Plain,
    Form::Line,
    Form::Json,
    Form::AsciiJson,
    Form::JsonInJson,
    Form::Percent,
    Form::Base64,
    Form::Base64ForUrls,
];

impl Form {
    /// The secret as it stands there, `before` and `behind` being encoded with it.
    fn place(self, secret: &str, before: &str, behind: &str) -> String {
        let json = |text: &str| json!(text).to_string();
        let all = format!("{before}{secret}{behind}");
        match self {
            Self::Plain => all,
            Self::Line => {
                let longest = secret.lines().max_by_key(|line| line.len()).unwrap_or_default();
                format!("{before}{longest}{behind}")
            }
            Self::Json => json(&all),
            Self::AsciiJson => {
                let mut escaped = String::new();
                for char in json(&all).chars() {
                    if char.is_ascii() {
                        escaped.push(char);
                        continue;
                    }
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        let _ = write!(escaped, "\\u{unit:04x}");
                    }
                }
                escaped
            }
            Self::JsonInJson => json(&json(&all)),
            Self::Percent => utf8_percent_encode(&all, NON_ALPHANUMERIC).to_string(),
            Self::Base64 => BASE64_STANDARD.encode(all),
            Self::Base64ForUrls => BASE64_URL_SAFE_NO_PAD.encode(all),
        }
    }
}

/// Text without letters: no secret of ours is in it by accident.
fn around() -> impl Strategy<Value = String> {
    "[0-9 .:/\u{e9}\n]{0,12}"
}

/// Lines of eight letters and more, with what forms escape between them.
fn secret() -> impl Strategy<Value = String> {
    "[a-zA-Z]{5}[a-z\"\\\\%+/ \u{df}\u{1f600}&=]{3,12}[A-Z]{4}(\n[a-z]{9,20}){0,2}"
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Wherever a secret stands and in whatever form, no more of it is left than the lines
    /// too short to be looked for, and what is around it stays.
    #[test]
    fn no_placement_shows_a_secret(
        secret in secret(),
        form in select(&FORMS[..]),
        [first, before, behind, last] in [around(), around(), around(), around()],
    ) {
        let secrets = Secrets::default();
        secrets.add(&secret, Owner::Plugin);
        let placed = form.place(&secret, &before, &behind);
        let text = format!("{first} <{placed}> {last}");
        for hidden in [secrets.hide(&text), secrets.hide_in_ansibles_text(&text)] {
            prop_assert!(hidden.contains(REDACTED), "{text:?}: {hidden:?}");
            for part in secret.lines().chain([&*secret]) {
                let escaped = json!(part).to_string();
                prop_assert!(!hidden.contains(part), "{text:?}: {hidden:?}");
                prop_assert!(!hidden.contains(&escaped[1..escaped.len() - 1]), "{hidden:?}");
            }
            if matches!(form, Form::Base64 | Form::Base64ForUrls) {
                prop_assert_eq!(&*hidden, format!("{first} <{REDACTED}> {last}"));
            }
            let stays = hidden.starts_with(&format!("{first} <"));
            prop_assert!(stays && hidden.ends_with(&format!("> {last}")), "{hidden:?}");
        }

        let value = json!({"a": [text, {"b": 1.5}], &placed: secret});
        let mut ours = value.clone();
        secrets.hide_in_value(&mut ours);
        let json = value.to_string();
        let hidden = secrets.hide_in_ansibles_json(&json);
        let read: serde_json::Value = serde_json::from_str(&hidden)
            .map_err(|error| TestCaseError::fail(format!("{error}: {hidden}")))?;
        prop_assert_eq!(&read, &ours, "JSON text and value lose the same");
        for part in secret.lines() {
            prop_assert!(!hidden.contains(part) && !ours.to_string().contains(part), "{hidden}");
        }
        prop_assert_eq!(&read["a"][1], &json!({"b": 1.5}));
    }

    /// A text without a secret in it is what it was.
    #[test]
    fn other_texts_stay(text in "[0-9 \"\\\\{}\n]{0,40}", secret in secret()) {
        let secrets = Secrets::default();
        secrets.add(&secret, Owner::Plugin);
        prop_assert_eq!(secrets.hide_in_ansibles_json(&text), text.as_str());
        prop_assert_eq!(secrets.hide(&text), text.as_str());
    }
}

#[test]
fn what_is_short_common_or_public_is_not_looked_for() {
    let secrets = Secrets::default();
    secrets.except(["site-of-us.yml".to_owned()]);
    for text in ["a", "true", "ansible", "sevench", "localhost", "Password", "site-of-us.yml"] {
        secrets.add(text, Owner::Plugin);
    }
    assert!(!secrets.are_in_ansibles_words());
    let text = "ansible site-of-us.yml: true localhost Password sevench a";
    assert_eq!(secrets.hide(text), text);
}

#[test]
fn an_operators_secret_is_hidden_in_our_words_alone() {
    let secrets = Secrets::default();
    secrets.add("hunter2hunter2", Owner::Operator);
    secrets.add_members(&json!({"db": [{"api_token": ["of-a-nested-one"]}]}), Owner::Operator);
    assert_eq!(secrets.hide("x hunter2hunter2 of-a-nested-one"), "x ******** ********");
    assert_eq!(secrets.hide_in_ansibles_text("hunter2hunter2"), "hunter2hunter2");
    secrets.add("of-a-plugin", Owner::Plugin);
    assert_eq!(secrets.hide("hunter2hunter2 of-a-plugin"), "******** ********");
    let text = "hunter2hunter2 of-a-plugin";
    assert_eq!(secrets.hide_in_ansibles_text(text), "hunter2hunter2 ********");
}

#[test]
fn a_number_in_json_becomes_a_text_and_escapes_are_not_cut() {
    let secrets = Secrets::default();
    secrets.add("1234567890", Owner::Plugin);
    secrets.add("nabcdefgh", Owner::Plugin);
    assert_eq!(
        secrets.hide_in_ansibles_json(r#"{"a":1234567890,"b":"\nabcdefgh","c":"nabcdefgh"}"#),
        r#"{"a":"********","b":"\nabcdefgh","c":"********"}"#
    );
}
