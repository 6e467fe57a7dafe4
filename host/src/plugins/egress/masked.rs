//! Recorded calls without what is secret in them: what lies where credentials lie, and the
//! values of the plugin's secrets wherever they are. A recording is kept with a plugin's
//! source, and it is compared in this form, so that it fits whatever the secrets are.

use super::recorded::{bytes, is_binary};
use crate::plugins::{HostAnswer, HostCall};
use crate::secrets::{OwnWords, REDACTED, looks_secret, without_users_in_urls};

/// Parts of a header's name that say that its value is a credential.
const CREDENTIAL_PARTS: [&str; 3] = ["key", "auth", "signature"];

impl HostCall {
    /// The same without what is secret in it.
    pub(in crate::plugins) fn masked(mut self, secrets: &OwnWords) -> Self {
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
    fn masked(mut self, secrets: &OwnWords) -> Self {
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
    CREDENTIAL_PARTS.iter().any(|part| name.contains(part)) || looks_secret(&name)
}

/// Bytes that are no text are hidden whole where a secret is among them: they may say how
/// long it is.
fn mask(text: &mut String, secrets: &OwnWords) {
    if is_binary(text) {
        let bytes = bytes(text.clone());
        let readable = String::from_utf8_lossy(&bytes);
        if secrets.hide(&readable) != readable {
            REDACTED.clone_into(text);
        }
    } else {
        *text = secrets.hide(&without_users_in_urls(text)).into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
