//! Recorded calls without what is secret in them: what lies where credentials lie, and the
//! values of the plugin's secrets wherever they are. A recording is kept with a plugin's
//! source, and it is compared in this form, so that it fits whatever the secrets are.

use std::collections::BTreeSet;

use super::recorded::{bytes, is_binary};
use crate::plugins::{HostAnswer, HostCall};
use crate::secrets::{Owner, REDACTED, Secrets, looks_secret, without_users_in_urls};

/// Headers whose values are credentials.
const CREDENTIALS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
/// Parts of a header's name that say the same.
const CREDENTIAL_PARTS: [&str; 3] = ["key", "auth", "signature"];

/// Bytes of the shortest secret that is hidden, and of the shortest that [`Secrets`] finds.
const SHORTEST_HIDDEN: usize = 4;
const SHORTEST_FOUND: usize = 8;

/// The values that nobody sees in a recording.
#[derive(Debug, Default)]
pub(in crate::plugins) struct Concealed {
    secrets: Secrets,
    /// Secrets that are too short to be found in every form.
    short: BTreeSet<String>,
}

impl Concealed {
    /// Hides a secret that the plugin was given.
    pub(in crate::plugins) fn add_secret(&mut self, secret: &str) {
        self.add_setting(secret);
        if (SHORTEST_HIDDEN..SHORTEST_FOUND).contains(&secret.len()) {
            self.short.insert(secret.to_owned());
        }
    }

    /// Hides a text of its settings.
    pub(in crate::plugins) fn add_setting(&self, text: &str) {
        self.secrets.add(text, Owner::Plugin);
    }

    /// A text with `********` in place of each.
    pub(in crate::plugins) fn mask(&self, text: &str) -> String {
        let text = self.secrets.hide(text).into_owned();
        self.short.iter().fold(text, |text, secret| text.replace(secret, REDACTED))
    }
}

impl HostCall {
    /// The same without what is secret in it.
    pub(in crate::plugins) fn masked(mut self, secrets: &Concealed) -> Self {
        mask(&mut self.call, secrets);
        mask(&mut self.sent, secrets);
        for line in &mut self.headers {
            match line.split_once(": ") {
                Some((name, _)) if is_credential(name) => *line = format!("{name}: {REDACTED}"),
                Some((name, value)) => {
                    let mut value = value.to_owned();
                    mask(&mut value, secrets);
                    *line = format!("{name}: {value}");
                }
                None => mask(line, secrets),
            }
        }
        self.answer = self.answer.masked(secrets);
        self
    }
}

impl HostAnswer {
    fn masked(mut self, secrets: &Concealed) -> Self {
        match &mut self {
            Self::Http(_, headers, body) => {
                for (name, value) in headers {
                    if is_credential(name) {
                        REDACTED.clone_into(value);
                    } else {
                        mask(value, secrets);
                    }
                }
                mask(body, secrets);
            }
            Self::Read(text) | Self::Error(_, text) => mask(text, secrets),
            Self::Done => {}
        }
        self
    }
}

fn is_credential(header: &str) -> bool {
    let name = header.to_ascii_lowercase();
    CREDENTIALS.contains(&name.as_str())
        || CREDENTIAL_PARTS.iter().any(|part| name.contains(part))
        || looks_secret(&name)
}

/// Bytes that are no text are hidden whole where a secret is among them: they may say how
/// long it is.
fn mask(text: &mut String, secrets: &Concealed) {
    if is_binary(text) {
        let bytes = bytes(text.clone());
        let readable = String::from_utf8_lossy(&bytes);
        if secrets.mask(&readable) != readable {
            REDACTED.clone_into(text);
        }
    } else {
        *text = secrets.mask(&without_users_in_urls(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_hidden_and_a_short_setting_is_not() {
        let mut concealed = Concealed::default();
        concealed.add_secret("k1tt3n");
        concealed.add_setting("Jane");
        assert_eq!(concealed.mask("k1tt3n, Jane"), "********, Jane");
    }

    #[test]
    fn headers_that_hold_credentials_are_told_by_their_names() {
        for name in ["Authorization", "set-cookie", "x-api-key", "X-Hub-Signature-256", "db-token"]
        {
            assert!(is_credential(name), "{name}");
        }
        for name in ["content-type", "date", "x-note", "cookies"] {
            assert!(!is_credential(name), "{name}");
        }
    }
}
