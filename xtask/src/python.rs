//! The Pythons on this machine: the newer ansible-core, the newer the Python it needs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// A version of Python, or any newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AtLeast(pub(crate) u32, pub(crate) u32);

/// The newest minor version looked for by name.
const NEWEST_MINOR: u32 = 14;

impl AtLeast {
    /// The program of a Python that is new enough and can make virtual environments:
    /// `python3`; the one that its variable names, `PLAYHOUSE_PYTHON_312`; `python3.12` and
    /// newer on PATH; those of pyenv.
    pub(crate) fn find(self) -> Result<PathBuf, Failure> {
        let Self(major, minor) = self;
        let variable = self.variable();
        if let Some(named) = std::env::var_os(&variable).map(PathBuf::from) {
            return match self.trouble_with(&named) {
                None => Ok(named),
                Some(trouble) => Err(Failure::new(format!(
                    "`{variable}` names `{}`, {trouble}",
                    named.display()
                ))),
            };
        }
        let named = (minor..=NEWEST_MINOR).map(|minor| format!("python{major}.{minor}").into());
        let candidates = std::iter::once(PathBuf::from("python3")).chain(named).chain(of_pyenv());
        let mut first_trouble = None;
        for candidate in candidates {
            match self.trouble_with(&candidate) {
                None => return Ok(candidate),
                Some(trouble) => {
                    first_trouble.get_or_insert(format!("`{}`, {trouble}", candidate.display()));
                }
            }
        }
        Err(Failure::new(format!(
            "there is no Python {major}.{minor} or newer: found {}; install one, or name it in \
             `{variable}`",
            first_trouble.unwrap_or_else(|| "none".to_owned())
        )))
    }

    /// `PLAYHOUSE_PYTHON_312`
    pub(crate) fn variable(self) -> String {
        format!("PLAYHOUSE_PYTHON_{}{}", self.0, self.1)
    }

    fn trouble_with(self, python: &Path) -> Option<&'static str> {
        let Self(major, minor) = self;
        let can = |code: &str| {
            Command::new(python)
                .args(["-c", code])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if !can("pass") {
            Some("which does not run")
        } else if !can(&format!("import sys; sys.exit(sys.version_info < ({major}, {minor}))")) {
            Some("which is too old")
        } else if !can("import ensurepip, venv") {
            Some(
                "which has no `venv` with pip; on Debian and Ubuntu that is the package \
                 `python3-venv`: `apt-get install python3-venv`",
            )
        } else {
            None
        }
    }
}

/// Every Python that pyenv has, in no order that matters.
fn of_pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")));
    let Some(versions) = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok()) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> =
        versions.flatten().map(|version| version.path().join("bin/python3")).collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_cannot_do_is_told_why() {
        let trouble = AtLeast(3, 11).trouble_with(Path::new("/nowhere/python3"));
        assert_eq!(trouble, Some("which does not run"));
        let trouble = AtLeast(9, 0).trouble_with(Path::new("python3"));
        assert_eq!(trouble, Some("which is too old"));
        assert_eq!(AtLeast(3, 12).variable(), "PLAYHOUSE_PYTHON_312");
    }
}
