//! Values that the operator set aside for this plugin, never the run's own passwords.
//!
//! ```
//! use playhouse_plugin::secret::{self, SecretError};
//!
//! /// A password is optional: without one the plugin logs in as nobody.
//! fn password() -> Result<Option<String>, SecretError> {
//!     match secret::get("password") {
//!         Ok(password) => Ok(Some(password)),
//!         Err(SecretError::Denied(_)) => Ok(None),
//!         Err(error) => Err(error),
//!     }
//! }
//! # assert_eq!(password(), Ok(None));
//! ```
//!
//! The metadata asks for it (`{"kind": "secret", "name": "password", "optional": true}`),
//! and the operator says where the value is. Without `"optional": true` a run does not
//! start where the value is missing.

use std::fmt;

use crate::host;

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretError {
    /// Not granted; the text ends with the line that would allow it.
    Denied(String),
    /// Granted, and its source has no value.
    Missing(String),
}

impl fmt::Display for SecretError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Denied(message) | Self::Missing(message)) = self;
        formatter.write_str(message)
    }
}

impl std::error::Error for SecretError {}

/// The value of a secret. Ask when it is needed: its source may change during a run.
///
/// # Errors
///
/// Where it was not granted, or its source has no value.
pub fn get(name: &str) -> Result<String, SecretError> {
    host::secret(name)
}
