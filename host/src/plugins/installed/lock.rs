//! The lock file: what was installed, and what the operator accepted by that. JSON, to
//! be read in a diff.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Claims, InstallError};
use crate::plugins::{Allow, Digest, ForeignKeys, Hook, LimitOverrides, PluginName, private};

/// The file's name.
pub(super) const FILE: &str = "plugins.lock";
/// The form we read and write.
const FORM: u32 = 1;

/// The installed plugins by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    form: u32,
    /// By the name they are asked for.
    pub plugins: BTreeMap<PluginName, LockedPlugin>,
}

/// A plugin as it was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// Its own version; empty if it says none.
    pub version: String,
    /// Of its component.
    pub digest: Digest,
    /// What it takes part in.
    pub hooks: Vec<Hook>,
    /// What it asked for, in words.
    pub wants: Vec<String>,
    /// What its metadata asks for in place of the default limits.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: LimitOverrides,
    /// What else its metadata says that was accepted. An older Playhouse has not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Claims>,
    /// What the operator allows it wherever it runs. Less may be written here by hand.
    pub grants: Allow,
    /// When it was installed, or last upgraded.
    pub installed: Timestamp,
}

impl LockedPlugin {
    /// The keys of others that it reads, as far as that was accepted.
    pub(in crate::plugins) fn keys(&self) -> ForeignKeys {
        self.claims.as_ref().map(|claims| claims.keys.clone()).unwrap_or_default()
    }
}

fn is_default(limits: &LimitOverrides) -> bool {
    *limits == LimitOverrides::default()
}

impl Default for Lock {
    fn default() -> Self {
        Self { form: FORM, plugins: BTreeMap::new() }
    }
}

impl Lock {
    /// Reads it from the folder of the installed plugins; empty where there is none.
    pub(super) fn read(folder: &Path) -> Result<Self, InstallError> {
        let path = folder.join(FILE);
        let refused = |reason: String| InstallError::Lock { path: path.clone(), reason };
        let Some(mut file) = private::open(&path).map_err(refused)? else {
            return Ok(Self::default());
        };
        let mut text = String::new();
        file.read_to_string(&mut text)
            .map_err(|error| refused(format!("it cannot be read: {error}")))?;
        let lock: Self = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
        if lock.form == FORM {
            Ok(lock)
        } else {
            let form = lock.form;
            Err(refused(format!("it has the form {form}, and this version reads {FORM}")))
        }
    }

    /// Writes it whole, in place of the one before.
    pub(super) fn write(&self, folder: &Path) -> Result<(), InstallError> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| InstallError::write(&folder.join(FILE))(error.into()))?;
        text.push('\n');
        put(folder, FILE, text.as_bytes())
    }
}

/// Puts a file of this user's alone into `folder`, whole, in place of one of that name.
pub(super) fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), InstallError> {
    let path = folder.join(name);
    let put = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&path)?;
        Ok(())
    };
    put().map_err(InstallError::write(&path))
}
