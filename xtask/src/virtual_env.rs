//! Python virtual environments below the target directory. One is made once and counts
//! only when it was finished; what is in it comes from pip by name. It must not touch
//! any Python outside.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::Failure;
use crate::python::AtLeast;
use crate::step::{self, step};
use crate::workspace::Workspace;

/// One of them.
#[derive(Debug)]
pub(crate) struct VirtualEnv {
    /// Its folder's name in the target directory.
    pub(crate) name: &'static str,
    /// What it is for, in a sentence: `Ansible 2.19`.
    pub(crate) content: &'static str,
    /// In pip's words.
    pub(crate) requirements: &'static [&'static str],
    /// What Python it takes.
    pub(crate) python: AtLeast,
}

impl VirtualEnv {
    /// Its bin directory; it is made if needed.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        let home = workspace.target.join(self.name);
        let finished = home.join("finished");
        let wanted = self.requirements.join("\n");
        if fs::read_to_string(&finished).is_ok_and(|made_from| made_from == wanted) {
            return Ok(home.join("bin"));
        }
        step(
            &format!("installing {} into {}", self.requirements.join(" and "), home.display()),
            || {
                let python = self.python.find().map_err(|failure| {
                    Failure::new(format!("cannot install {}: {failure}", self.content))
                })?;
                step::run(
                    Command::new(python).args(["-m", "venv", "--clear"]).arg(&home),
                    &format!("make a virtual environment for {}", self.content),
                )?;
                step::run(
                    Command::new(home.join("bin/python"))
                        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                        .args(self.requirements),
                    &format!("install {}", self.content),
                )?;
                fs::write(&finished, wanted).map_err(|error| {
                    Failure::new(format!("cannot write `{}`: {error}", finished.display()))
                })
            },
        )?;
        Ok(home.join("bin"))
    }
}
