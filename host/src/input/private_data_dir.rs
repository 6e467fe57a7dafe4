//! The private data directory: opened and checked once, then trusted.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::InputError;

/// An existing directory, as an absolute path, with `env/`, `inventory/` and `project/`
/// in it where the operator has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateDataDir {
    path: PathBuf,
}

impl PrivateDataDir {
    /// Checks that `path` is a directory. Creates nothing.
    pub fn open(path: &Path) -> Result<Self, InputError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(InputError::PrivateDataDirIsNotADirectory { path: path.to_owned() });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(InputError::PrivateDataDirMissing { path: path.to_owned() });
            }
            Err(source) => return Err(InputError::Unreadable { path: path.to_owned(), source }),
        }
        let path = absolute(path)
            .map_err(|source| InputError::Unreadable { path: path.to_owned(), source })?;
        Ok(Self { path })
    }

    /// Its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of `env/`, there or not.
    pub fn env_file(&self, name: &str) -> PathBuf {
        self.path.join("env").join(name)
    }
}

/// `path` as seen from the working directory, with `.` and `..` taken out by name, as
/// Python's `abspath` does: symbolic links stay as they were written.
pub(crate) fn absolute(path: &Path) -> std::io::Result<PathBuf> {
    use std::path::Component;
    let mut absolute = if path.is_absolute() { PathBuf::new() } else { env::current_dir()? };
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                absolute.pop();
            }
            other => absolute.push(other),
        }
    }
    Ok(absolute)
}
