//! The Ansible releases that tests, demo and bench run against, each in a virtual
//! environment of its own.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::python::AtLeast;
use crate::virtual_env::VirtualEnv;
use crate::workspace::Workspace;

/// One release of ansible-core and what goes beside it.
#[derive(Debug)]
pub(crate) struct Ansible {
    environment: VirtualEnv,
    /// The variable that names its bin directory, for tests, and for those who have one.
    pub(crate) variable: &'static str,
    /// What has to be in that.
    programs: &'static [&'static str],
}

/// What Playhouse is held against.
const PEER: &str = "ansible-runner==2.4.3";

const ALONE: &[&str] = &["ansible-playbook"];
const WITH_PEER: &[&str] = &["ansible-playbook", "ansible-runner"];

/// Every release that is supported, the oldest first, the next one's pre-release last.
pub(crate) const SUPPORTED: [&Ansible; 7] = [
    &OLDEST,
    &Ansible {
        environment: VirtualEnv {
            name: "ansible-2.17",
            content: "Ansible 2.17",
            requirements: &["ansible-core==2.17.*"],
            python: AtLeast(3, 11),
        },
        variable: "PLAYHOUSE_ANSIBLE_217",
        programs: ALONE,
    },
    &Ansible {
        environment: VirtualEnv {
            name: "ansible-2.18",
            content: "Ansible 2.18",
            requirements: &["ansible-core==2.18.*"],
            python: AtLeast(3, 11),
        },
        variable: "PLAYHOUSE_ANSIBLE_218",
        programs: ALONE,
    },
    &NEWEST,
    &Ansible {
        environment: VirtualEnv {
            name: "ansible-2.20",
            content: "Ansible 2.20",
            requirements: &["ansible-core==2.20.*"],
            python: AtLeast(3, 12),
        },
        variable: "PLAYHOUSE_ANSIBLE_220",
        programs: ALONE,
    },
    &Ansible {
        environment: VirtualEnv {
            name: "ansible-2.21",
            content: "Ansible 2.21",
            requirements: &["ansible-core==2.21.*"],
            python: AtLeast(3, 12),
        },
        variable: "PLAYHOUSE_ANSIBLE_221",
        programs: ALONE,
    },
    &Ansible {
        environment: VirtualEnv {
            name: "ansible-2.22",
            content: "Ansible 2.22",
            requirements: &["ansible-core>=2.22.0b1,<2.23"],
            python: AtLeast(3, 13),
        },
        variable: "PLAYHOUSE_ANSIBLE_222",
        programs: ALONE,
    },
];

/// The newest release that Ansible Runner 2.4.3 runs with; the demo and the bench use it.
pub(crate) const NEWEST: Ansible = Ansible {
    environment: VirtualEnv {
        name: "ansible-2.19",
        content: "Ansible 2.19",
        requirements: &["ansible-core==2.19.*", PEER, "pyzmq==27.*"],
        python: AtLeast(3, 11),
    },
    variable: "PLAYHOUSE_ANSIBLE_219",
    programs: WITH_PEER,
};

/// The oldest release we stay compatible with.
pub(crate) const OLDEST: Ansible = Ansible {
    environment: VirtualEnv {
        name: "ansible-2.16",
        content: "Ansible 2.16",
        requirements: &["ansible-core==2.16.*", PEER],
        python: AtLeast(3, 11),
    },
    variable: "PLAYHOUSE_ANSIBLE_216",
    programs: WITH_PEER,
};

impl Ansible {
    /// `Ansible 2.19`
    pub(crate) fn content(&self) -> &'static str {
        self.environment.content
    }

    /// Whether the suite goes on where this machine has no Python for it. Those beside which
    /// Ansible Runner stands are needed for nearly every test.
    pub(crate) fn is_optional(&self) -> bool {
        self.programs == ALONE
    }

    /// Whether there is a Python for it, or a bin directory was named; else why not.
    pub(crate) fn lacks(&self) -> Option<String> {
        if std::env::var_os(self.variable).is_some() {
            return None;
        }
        self.environment.python.find().err().map(|failure| failure.to_string())
    }

    /// Its bin directory: the one its variable names, else the one in the target
    /// directory, made if needed.
    pub(crate) fn ensure(&self, workspace: &Workspace) -> Result<PathBuf, Failure> {
        let Some(bin) = std::env::var_os(self.variable).map(PathBuf::from) else {
            return self.environment.ensure(workspace);
        };
        let mut programs = self.programs.iter();
        let Some(missing) = programs.find(|name| !bin.join(name).is_file()) else {
            return Ok(bin);
        };
        Err(Failure::new(format!(
            "`{}` names `{}`, which has no `{missing}`; unset it or correct it",
            self.variable,
            bin.display()
        )))
    }
}
