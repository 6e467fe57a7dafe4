//! What is a secret by where it stands: under a name that says so, or before the host of a
//! URL. Whatever its length, nobody has to know its value.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// In place of a secret.
pub const REDACTED: &str = "********";

/// Parts of a name that say that its value is a secret.
const SECRET_PARTS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "API_KEY",
];

/// Words of a name that say so.
const SECRET_WORDS: [&str; 14] = [
    "PASS",
    "APIKEY",
    "PWD",
    "PW",
    "SSHPASS",
    "AUTH",
    "AUTHORIZATION",
    "BEARER",
    "COOKIE",
    "DSN",
    "JWT",
    "OTP",
    "PIN",
    "PSK",
];

/// A name, `=` or `:`, and what is behind it up to a blank or the next part of a query.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r#"([A-Za-z_][A-Za-z0-9_.-]*)(["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s&]+)"#;
    Regex::new(pattern).expect("a pattern")
});

/// The user's name and password in a URL.
static USERINFO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#\s"']*)@"#).expect("a pattern")
});

/// Whether a name says that its value is a secret. A name that ends in `_FILE`, `_PATH` or
/// `_DIR` says where the secret is, which is none.
pub fn looks_secret(name: &str) -> bool {
    let is_folder = matches!(name, "PWD" | "OLDPWD");
    let name = in_words(name);
    let names_a_place = ["_FILE", "_PATH", "_DIR", "_SOCK"].iter().any(|end| name.ends_with(end));
    let is_key = name.ends_with("_KEY") && !name.contains("PUBLIC");
    let says_so = || {
        SECRET_PARTS.iter().any(|part| name.contains(part))
            || name.split('_').any(|word| SECRET_WORDS.contains(&word))
    };
    !names_a_place && !is_folder && (is_key || says_so())
}

/// A name as `DB_PASSWORD`: `dbPassword` and `db-password` are the same.
fn in_words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut was_lower = false;
    for char in name.chars() {
        if was_lower && char.is_ascii_uppercase() {
            words.push('_');
        }
        was_lower = char.is_ascii_lowercase();
        words.push(if matches!(char, '-' | '.' | ' ') { '_' } else { char.to_ascii_uppercase() });
    }
    words
}

/// A text with `********` for who signs in by its URLs, and for the values of names that
/// look secret: `token=…`, `"password": …`, `?api_key=…`.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut hidden = users_in_urls(text);
    hidden.extend(assigned_to_secret_names(text));
    without(text, hidden)
}

/// A text with `********` for who signs in by its URLs.
pub fn without_users_in_urls(text: &str) -> Cow<'_, str> {
    without(text, users_in_urls(text))
}

/// Puts `instead` in the place of each member whose name looks secret, however deep, and hides
/// the credentials in other texts.
pub fn hide_members(value: &mut Value, instead: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if looks_secret(name) {
                    *value = instead.clone();
                } else {
                    hide_members(value, instead);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_members(item, instead)),
        Value::String(text) => {
            if let Cow::Owned(hidden) = without_credentials(text) {
                *text = hidden;
            }
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

fn users_in_urls(text: &str) -> Vec<Range<usize>> {
    let mut users = Vec::new();
    for found in USERINFO.captures_iter(text) {
        let (scheme, user) = (&found[1], found.get(2).expect("a part of each match"));
        // `ssh://git@host`: the key is elsewhere.
        let is_name = matches!(scheme, "ssh" | "git+ssh") && !user.as_str().contains(':');
        if !is_name {
            users.push(user.range());
        }
    }
    users
}

fn assigned_to_secret_names(text: &str) -> Vec<Range<usize>> {
    let mut assigned = Vec::new();
    let mut at = 0;
    while let Some(found) = ASSIGNMENT.captures_at(text, at) {
        let value = found.get(3).expect("a part of each match");
        // What stands behind another name may be an assignment too: `https://h/?token=…`.
        at = value.start();
        if looks_secret(&found[1]) {
            assigned.push(value.range());
            at = value.end();
        }
    }
    assigned
}

/// The text with `********` for some parts of it, which may overlap.
fn without(text: &str, mut parts: Vec<Range<usize>>) -> Cow<'_, str> {
    if parts.is_empty() {
        return Cow::Borrowed(text);
    }
    parts.sort_by_key(|part| part.start);
    let mut shown = String::new();
    let mut end = 0;
    for part in parts {
        if part.start >= end {
            shown.push_str(&text[end..part.start]);
            shown.push_str(REDACTED);
        }
        end = end.max(part.end);
    }
    shown.push_str(&text[end..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in [
            "AWS_SECRET_ACCESS_KEY",
            "db_password",
            "GITHUB_TOKEN",
            "MYSQL_PASS",
            "MYSQL_PWD",
            "SSHPASS",
            "REDISCLI_AUTH",
            "SENTRY_DSN",
            "proxy-authorization",
            "pwd",
            "privateKey",
            "clientSecret",
            "signing_key",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in [
            "PATH",
            "ANSIBLE_VAULT_PASSWORD_FILE",
            "SSH_AUTH_SOCK",
            "COMPASS",
            "HOME",
            "PWD",
            "author",
            "ssh_public_key",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }

    #[test]
    fn urls_and_assignments_lose_their_credentials() {
        for (text, shown) in [
            ("https://u:p@h/x", "https://********@h/x"),
            ("a https://ghp_x@h/x?token=y&a=b", "a https://********@h/x?token=********&a=b"),
            ("postgres://u:p@ss@h", "postgres://********@h"),
            ("ssh://git@h/x", "ssh://git@h/x"),
            ("ssh://git:x@h/x", "ssh://********@h/x"),
            ("name=x password='a b' state=present", "name=x password=******** state=present"),
            (r#"{"token": "a\"b", "n": 1}"#, r#"{"token": ********, "n": 1}"#),
            ("https://h/a@b", "https://h/a@b"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }
}
