//! The secrets of a run, as far as their values are known, and texts without them.
//!
//! Two kinds of text are told apart. In what Playhouse itself writes (a status, the
//! `command` artifact, reasons, logs) every known secret is hidden. In Ansible's own words
//! (events, `stdout`, the terminal) only those of plugins are: what an operator gave to
//! Ansible is his playbook's to show or to hide with `no_log`, as under Ansible Runner.
//!
//! A value is looked for if it has eight bytes or more and is not a word that stands in many texts
//! anyway ([`common_words`]). Shorter ones are hidden by their place alone.

mod common_words;
mod forms;
mod json_text;
mod own_words;
mod places;
mod variables;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::Value;

use common_words::is_common;
use forms::{Encoding, base64_run, forms};

pub use own_words::OwnWords;
pub use places::{
    REDACTED, hide_members, looks_secret, without_credentials, without_users_in_urls,
};
pub use variables::is_public_variable;

/// Bytes of the shortest text that is looked for.
const SHORTEST: usize = 8;

/// Bytes of the longest: what finds a text takes more than a thousand times its size. A
/// plugin's secret has no more (`plugins::secret`).
const LONGEST: usize = 32 << 10;

/// Secrets of one run. Clones share what they know.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Shared>);

#[derive(Default)]
struct Shared {
    known: Mutex<Known>,
    /// Whether there are any in `known.of_plugins`: asked for each piece of Ansible's text.
    has_plugins: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// Texts that anybody may read and that are no secret therefore.
    public: BTreeSet<String>,
    of_operator: Texts,
    of_plugins: Texts,
}

/// Texts, and what finds them, made when it is first needed.
#[derive(Default)]
struct Texts {
    texts: BTreeSet<String>,
    finder: Option<Arc<Finder>>,
}

/// Finds texts in all their forms.
struct Finder {
    automaton: AhoCorasick,
    encodings: Vec<Encoding>,
}

/// Whose secret it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It was given to Ansible: a password, a variable.
    Operator,
    /// It was given to a plugin and to nobody else.
    Plugin,
}

impl Secrets {
    /// Takes texts out that anybody may read: paths, the ident, the playbook's name. One
    /// that is given as a secret too is not looked for.
    pub fn except(&self, public: impl IntoIterator<Item = String>) {
        self.lock().public.extend(public);
    }

    /// Hides a text from now on, whole and line by line.
    pub fn add(&self, text: &str, owner: Owner) {
        let mut known = self.lock();
        let parts = text.lines().chain([text]);
        for part in parts.flat_map(|part| [part, part.trim()]) {
            let has_length = (SHORTEST..=LONGEST).contains(&part.len());
            if !has_length || is_common(part) || known.public.contains(part) {
                continue;
            }
            let texts = match owner {
                Owner::Operator => &mut known.of_operator,
                Owner::Plugin => &mut known.of_plugins,
            };
            if texts.texts.insert(part.to_owned()) {
                texts.finder = None;
                // An operator's text is hidden where a plugin's is, too.
                known.of_operator.finder = None;
                if owner == Owner::Plugin {
                    self.0.has_plugins.store(true, Ordering::Release);
                }
            }
        }
    }

    /// Adds each text and number in `value` that stands under a name which looks secret.
    pub fn add_members(&self, value: &Value, owner: Owner) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    if looks_secret(name) {
                        self.add_all(value, owner);
                    } else {
                        self.add_members(value, owner);
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_members(item, owner)),
            _ => {}
        }
    }

    /// Adds each text and number in `value`.
    pub fn add_all(&self, value: &Value, owner: Owner) {
        match value {
            Value::Object(members) => members.values().for_each(|item| self.add_all(item, owner)),
            Value::Array(items) => items.iter().for_each(|item| self.add_all(item, owner)),
            Value::String(text) => self.add(text, owner),
            Value::Number(number) => self.add(&number.to_string(), owner),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// A text of ours with `********` in place of each secret.
    pub fn hide<'text>(&self, text: &'text str) -> Cow<'text, str> {
        match self.finder_of_all() {
            Some(finder) => finder.hide(text),
            None => Cow::Borrowed(text),
        }
    }

    /// The same, in place.
    pub fn hide_in(&self, text: &mut String) {
        if let Cow::Owned(hidden) = self.hide(text) {
            *text = hidden;
        }
    }

    /// The same for each text and number in a value of ours, the keys of its objects too.
    pub fn hide_in_value(&self, value: &mut Value) {
        hide_in_value(value, &|text| self.hide(text));
    }

    /// Whether anything may have to be hidden in Ansible's words.
    pub fn are_in_ansibles_words(&self) -> bool {
        self.0.has_plugins.load(Ordering::Acquire)
    }

    /// Ansible's text without the secrets of plugins.
    pub fn hide_in_ansibles_text<'text>(&self, text: &'text str) -> Cow<'text, str> {
        match self.finder_of_plugins() {
            Some(finder) => finder.hide(text),
            None => Cow::Borrowed(text),
        }
    }

    /// Ansible's JSON without the secrets of plugins; it stays JSON.
    pub fn hide_in_ansibles_json<'text>(&self, json: &'text str) -> Cow<'text, str> {
        match self.finder_of_plugins() {
            Some(finder) if finder.automaton.is_match(json) => {
                Cow::Owned(json_text::hide(json, |text| finder.hide(text)))
            }
            _ => Cow::Borrowed(json),
        }
    }

    fn finder_of_plugins(&self) -> Option<Arc<Finder>> {
        if !self.are_in_ansibles_words() {
            return None;
        }
        let mut known = self.lock();
        let texts = &mut known.of_plugins;
        let made = texts.finder.get_or_insert_with(|| Finder::new(texts.texts.iter()));
        Some(Arc::clone(made))
    }

    fn finder_of_all(&self) -> Option<Arc<Finder>> {
        let mut known = self.lock();
        let Known { of_operator, of_plugins, .. } = &mut *known;
        if of_operator.texts.is_empty() && of_plugins.texts.is_empty() {
            return None;
        }
        let all = of_operator.texts.iter().chain(&of_plugins.texts);
        Some(Arc::clone(of_operator.finder.get_or_insert_with(|| Finder::new(all))))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Applies `hide` to each text and number in a value, and to the keys of its objects.
fn hide_in_value(value: &mut Value, hide: &impl Fn(&str) -> Cow<'_, str>) {
    match value {
        Value::Object(members) => {
            for (key, mut value) in std::mem::take(members) {
                hide_in_value(&mut value, hide);
                members.insert(hide(&key).into_owned(), value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_in_value(item, hide)),
        Value::String(text) => {
            if let Cow::Owned(hidden) = hide(text) {
                *text = hidden;
            }
        }
        Value::Number(number) => {
            if let Cow::Owned(hidden) = hide(&number.to_string()) {
                *value = Value::String(hidden);
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// The secrets themselves are in no debug output.
impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.lock();
        let count = known.of_operator.texts.len() + known.of_plugins.texts.len();
        write!(formatter, "Secrets({count})")
    }
}

impl Finder {
    fn new<'text>(texts: impl Iterator<Item = &'text String>) -> Arc<Self> {
        let patterns: BTreeMap<String, Encoding> = texts.flat_map(|text| forms(text)).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.keys())
            .expect("secrets are far smaller than an automaton can be");
        Arc::new(Self { automaton, encodings: patterns.into_values().collect() })
    }

    fn hide<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut hidden = String::new();
        let mut end = 0;
        for found in self.automaton.find_iter(text) {
            let part = match self.encodings[found.pattern().as_usize()] {
                Encoding::Text => found.range(),
                Encoding::Base64 => base64_run(text, found.range()),
            };
            if part.end <= end {
                continue;
            }
            hidden.push_str(&text[end..part.start.max(end)]);
            hidden.push_str(REDACTED);
            end = part.end;
        }
        if end == 0 {
            return Cow::Borrowed(text);
        }
        hidden.push_str(&text[end..]);
        Cow::Owned(hidden)
    }
}

#[cfg(test)]
mod tests;
