//! The name of a plugin in a run: of its folder, cursor, annotations and flags.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `[a-z][a-z0-9-]{0,39}`, and not `changes`, which is a file beside the plugins' folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

/// A text that cannot name a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PluginNameError {
    /// It has a character, a beginning or a length that names do not have.
    #[error(
        "`{0}` cannot name a plugin: use 1 to 40 of `a-z`, `0-9` and `-`, beginning with a letter"
    )]
    Form(String),
    /// `changes` is taken.
    #[error(
        "no plugin can be called `changes`: `plugins/changes.json` records what plugins changed"
    )]
    Taken,
}

const LONGEST: usize = 40;

impl PluginName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginName {
    type Err = PluginNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for PluginName {
    type Error = PluginNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let well_formed = text.len() <= LONGEST
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !well_formed {
            return Err(PluginNameError::Form(text));
        }
        if text == "changes" {
            return Err(PluginNameError::Taken);
        }
        Ok(Self(text))
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "http-sink", "x2", &"a".repeat(40)] {
            assert_eq!(good.parse::<PluginName>().expect(good).as_str(), good);
        }
        for bad in ["", "Http", "2x", "-x", "a_b", "a/b", "..", "é", &"a".repeat(41)] {
            assert_eq!(
                bad.parse::<PluginName>(),
                Err(PluginNameError::Form(bad.to_owned())),
                "{bad}"
            );
        }
        assert_eq!("changes".parse::<PluginName>(), Err(PluginNameError::Taken));
    }
}
