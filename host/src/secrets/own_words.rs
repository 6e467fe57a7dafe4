//! What one plugin says or sends, without its secrets.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{Owner, REDACTED, SHORTEST, Secrets, hide_in_value};

/// Bytes of the shortest secret that is hidden in its plugin's words: less would take half of
/// every line with it.
const SHORTEST_OWN: usize = 4;

/// Hides what [`Secrets`] hides, and the plugin's own secrets that are too short for that.
#[derive(Debug, Default)]
pub struct OwnWords {
    secrets: Secrets,
    short: Mutex<BTreeSet<String>>,
}

impl OwnWords {
    /// For a plugin of the run whose secrets these are.
    pub fn new(secrets: Secrets) -> Self {
        Self { secrets, short: Mutex::default() }
    }

    /// Hides a secret of the plugin from now on, whole and line by line.
    pub fn add_secret(&self, secret: &str) {
        self.secrets.add(secret, Owner::Plugin);
        let is_short = |part: &&str| (SHORTEST_OWN..SHORTEST).contains(&part.len());
        let short = secret.lines().chain([secret]).filter(is_short);
        self.short().extend(short.map(str::to_owned));
    }

    /// Hides what a setting holds, where it is long enough to be looked for.
    pub fn add_setting(&self, value: &Value) {
        self.secrets.add_all(value, Owner::Plugin);
    }

    /// A text with `********` in place of each.
    pub fn hide<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let hidden = self.secrets.hide(text);
        self.short().iter().fold(hidden, |text, secret| {
            if text.contains(secret) { Cow::Owned(text.replace(secret, REDACTED)) } else { text }
        })
    }

    /// The same for each text and number in a value, the keys of its objects too.
    pub fn hide_in_value(&self, value: &mut Value) {
        hide_in_value(value, &|text| self.hide(text));
    }

    fn short(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.short.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_short_secret_is_hidden_and_a_short_setting_is_not() {
        let words = OwnWords::default();
        words.add_secret("k1tt3n");
        words.add_setting(&json!("Jane"));
        assert_eq!(words.hide("k1tt3n, Jane"), "********, Jane");
    }
}
