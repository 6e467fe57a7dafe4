//! SHA-256 of a component, written `sha256:` and 64 hexadecimal digits, and how a plugin
//! is asked for with one: `http-sink@sha256:…`, `./x.wasm@sha256:…`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

const PREFIX: &str = "sha256:";
const DIGITS: usize = 64;

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{:x}", sha2::Sha256::digest(bytes)))
    }

    /// Its hexadecimal digits alone.
    pub fn as_hex(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix(PREFIX)
            .filter(|hex| hex.len() == DIGITS && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .map(|hex| Self(hex.to_ascii_lowercase()))
            .ok_or_else(|| {
                format!("`{text}` is no digest; write `{PREFIX}` and {DIGITS} hexadecimal digits, as `sha256sum` gives them")
            })
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", self.0)
    }
}

/// How a plugin is asked for: by name or path, and perhaps by what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginReference<'text> {
    /// A name or a path.
    pub plugin: &'text str,
    /// `sha256:…`, not yet looked at.
    pub digest: Option<&'text str>,
}

impl<'text> PluginReference<'text> {
    /// Splits what was asked for.
    pub fn new(text: &'text str) -> Self {
        match text.rsplit_once('@') {
            Some((plugin, digest)) if digest.starts_with(PREFIX) => {
                Self { plugin, digest: Some(digest) }
            }
            _ => Self { plugin: text, digest: None },
        }
    }

    /// Whether it is asked for by its file.
    pub fn is_path(&self) -> bool {
        self.plugin.contains('/')
            || Path::new(self.plugin).extension().is_some_and(|extension| extension == "wasm")
    }

    /// What a plugin is called by its file alone.
    pub fn stem(&self) -> &'text str {
        let last = self.plugin.rsplit('/').next().unwrap_or(self.plugin);
        last.strip_suffix(".wasm").unwrap_or(last)
    }

    /// The digest it must have; the error says what one looks like.
    pub fn pinned(&self) -> Result<Option<Digest>, String> {
        self.digest.map(str::parse).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_64_digits() {
        let hex = "ab".repeat(32);
        let digest: Digest = format!("sha256:{}", hex.to_uppercase()).parse().unwrap();
        assert_eq!(digest.to_string(), format!("sha256:{hex}"));
        for bad in [&hex, "sha256:", "sha256:abc", &format!("sha256:{}", "g".repeat(64))] {
            assert!(bad.parse::<Digest>().unwrap_err().contains("64 hexadecimal digits"), "{bad}");
        }
    }

    #[test]
    fn a_reference_is_a_name_or_a_path_with_or_without_a_digest() {
        for (text, plugin, is_path, digest) in [
            ("http-sink", "http-sink", false, None),
            ("http-sink@sha256:ab", "http-sink", false, Some("sha256:ab")),
            ("x.wasm@sha256:ab", "x.wasm", true, Some("sha256:ab")),
            ("./a@b/x.wasm", "./a@b/x.wasm", true, None),
        ] {
            let reference = PluginReference::new(text);
            assert_eq!((reference.plugin, reference.digest), (plugin, digest));
            assert_eq!(reference.is_path(), is_path);
        }
        assert!(PluginReference::new("x@sha256:ab").pinned().is_err());
    }
}
