//! Virtual environments with the Ansible releases that tests, demo and bench run
//! against. One is made once, below the target directory, and counts only when it was
//! finished; what is in it comes from pip by name. It must not touch any Python outside.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::Failure;
use crate::step::{self, step};
use crate::workspace::Workspace;

/// One release of ansible-core and what goes beside it.
#[derive(Debug)]
pub(crate) struct Ansible {
    release: &'static str,
    requirements: &'static [&'static str],
    /// The variable that names its bin directory, for tests, and for those who have one.
    pub(crate) variable: &'static str,
}

/// What Playhouse is held against.
const PEER: &str = "ansible-runner==2.4.3";

/// The release the demo and the bench use.
pub(crate) const NEWEST: Ansible = Ansible {
    release: "2.19",
    requirements: &["ansible-core==2.19.*", PEER],
    variable: "PLAYHOUSE_ANSIBLE_219",
};

/// The oldest release we stay compatible with.
pub(crate) const OLDEST: Ansible = Ansible {
    release: "2.16",
    requirements: &["ansible-core==2.16.*", PEER],
    variable: "PLAYHOUSE_ANSIBLE_216",
};

impl Ansible {
    /// Its bin directory: the one its variable names, else the one in the target
    /// directory, made if needed.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        if let Some(bin) = std::env::var_os(self.variable).map(PathBuf::from) {
            let needed = ["ansible-playbook", "ansible-runner"];
            let Some(missing) = needed.into_iter().find(|name| !bin.join(name).is_file()) else {
                return Ok(bin);
            };
            return Err(Failure::new(format!(
                "`{}` names `{}`, which has no `{missing}`; unset it or correct it",
                self.variable,
                bin.display()
            )));
        }
        let home = workspace.target.join(format!("ansible-{}", self.release));
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
                    "make a virtual environment for Ansible",
                )?;
                step::run(
                    Command::new(home.join("bin/python"))
                        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                        .args(self.requirements),
                    &format!("install Ansible {}", self.release),
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
            "`python3` is older than 3.11, which Ansible needs; put a newer one first on PATH"
        } else if !python_can("import ensurepip, venv") {
            "`python3` has no `venv` with pip; on Debian and Ubuntu that is the package \
             `python3-venv`: `apt-get install python3-venv`"
        } else {
            return Ok(());
        };
        Err(Failure::new(format!("cannot install Ansible {}: {needed}", self.release)))
    }
}
