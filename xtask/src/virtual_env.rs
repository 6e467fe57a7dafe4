//! Python virtual environments below the target directory. One is made once and counts
//! only when it was finished; what is in it comes from pip by name. It must not touch
//! any Python outside.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
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
                self.check_python()?;
                step::run(
                    Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home),
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

    /// Says what is missing before `venv` fails with a page of text.
    fn check_python(&self) -> Result<(), Failure> {
        let python_can = |code: &str| {
            Command::new("python3")
                .args(["-c", code])
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let needed = if !python_can("pass") {
            "there is no `python3` that runs; install Python 3.11 or newer"
        } else if !python_can("import sys; sys.exit(sys.version_info < (3, 11))") {
            "`python3` is older than 3.11, which it needs; put a newer one first on PATH"
        } else if !python_can("import ensurepip, venv") {
            "`python3` has no `venv` with pip; on Debian and Ubuntu that is the package \
             `python3-venv`: `apt-get install python3-venv`"
        } else {
            return Ok(());
        };
        Err(Failure::new(format!("cannot install {}: {needed}", self.content)))
    }
}
