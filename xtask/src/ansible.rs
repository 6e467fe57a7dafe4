//! The Ansible releases that tests, demo and bench run against, each in a virtual
//! environment of its own.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::virtual_env::VirtualEnv;
use crate::workspace::Workspace;

/// One release of ansible-core and what goes beside it.
#[derive(Debug)]
pub(crate) struct Ansible {
    environment: VirtualEnv,
    /// The variable that names its bin directory, for tests, and for those who have one.
    pub(crate) variable: &'static str,
}

/// What Playhouse is held against.
const PEER: &str = "ansible-runner==2.4.3";

/// The release the demo and the bench use.
pub(crate) const NEWEST: Ansible = Ansible {
    environment: VirtualEnv {
        name: "ansible-2.19",
        content: "Ansible 2.19",
        requirements: &["ansible-core==2.19.*", PEER, "pyzmq==27.*"],
    },
    variable: "PLAYHOUSE_ANSIBLE_219",
};

/// The oldest release we stay compatible with.
pub(crate) const OLDEST: Ansible = Ansible {
    environment: VirtualEnv {
        name: "ansible-2.16",
        content: "Ansible 2.16",
        requirements: &["ansible-core==2.16.*", PEER],
    },
    variable: "PLAYHOUSE_ANSIBLE_216",
};

impl Ansible {
    /// Its bin directory: the one its variable names, else the one in the target
    /// directory, made if needed.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        let Some(bin) = std::env::var_os(self.variable).map(PathBuf::from) else {
            return self.environment.ensure(workspace);
        };
        let needed = ["ansible-playbook", "ansible-runner"];
        let Some(missing) = needed.into_iter().find(|name| !bin.join(name).is_file()) else {
            return Ok(bin);
        };
        Err(Failure::new(format!(
            "`{}` names `{}`, which has no `{missing}`; unset it or correct it",
            self.variable,
            bin.display()
        )))
    }
}
