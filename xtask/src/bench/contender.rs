//! The three who are measured, and the stage they run on: one private data directory
//! for all, so that each runs the same files with the same settings.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::components;
use crate::failure::Failure;
use crate::step;
use crate::workspace::Workspace;

use super::measure::{self, Usage};
use super::playbook::Playbook;

/// Forks for all three; Ansible's own default, said aloud.
const FORKS: &str = "5";

/// Who runs the playbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// `ansible-playbook` itself.
    Bare,
    /// The Python runner.
    AnsibleRunner,
    /// Ours, with three plugins.
    Playhouse,
}

impl Contender {
    /// In the order of the table's columns.
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::AnsibleRunner, Self::Playhouse];
}

/// The programs and the private data directory.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Everything the bench writes.
    pub(crate) folder: PathBuf,
    data: PathBuf,
    ansible: PathBuf,
    playhouse: PathBuf,
}

impl Stage {
    /// Clears `target/bench` and lays out a private data directory whose http-sink
    /// sends to `receiver_url`.
    pub(crate) fn set(
        workspace: &Workspace,
        ansible: &Path,
        receiver_url: &str,
    ) -> Result<Self, Failure> {
        let folder = workspace.target.join("bench");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(cannot_write(&folder))?;
        }
        let stage = Self {
            data: folder.join("data"),
            folder,
            ansible: ansible.to_owned(),
            playhouse: workspace.playhouse(),
        };
        let plugin = |name: &str| components::plugin_folder(workspace).join(format!("{name}.wasm"));
        let plugins = json!([
            {"plugin": plugin("annotate"), "config": {"labels": {"bench": "yes"}}},
            {"plugin": plugin("only-failed"), "for": ["http-sink"]},
            {
                "plugin": plugin("http-sink"),
                "config": {"url": receiver_url},
                "allow": {"http": [receiver_url]},
            },
        ]);
        stage.write("env/plugins", &plugins.to_string())?;
        Ok(stage)
    }

    /// Puts a playbook where all three find it.
    pub(crate) fn install(&self, playbook: &Playbook) -> Result<(), Failure> {
        self.write("project/site.yml", &playbook.text)?;
        self.write("inventory/hosts", &playbook.inventory)
    }

    /// One run, which must succeed. Its artifacts stay until the next bench: ext4 makes
    /// files up to ten times slower for seconds after many were removed.
    pub(crate) fn run(&self, contender: Contender) -> Result<Usage, Failure> {
        let complaints = self.folder.join("stderr");
        let file = fs::File::create(&complaints).map_err(cannot_write(&complaints))?;
        let mut command = self.command(contender, &self.ansible);
        let (status, usage) = measure::measure(command.stderr(file))
            .map_err(|error| Failure::new(format!("{contender:?} does not start: {error}")))?;
        if !status.success() {
            let said = fs::read_to_string(&complaints).unwrap_or_default();
            return Err(Failure::of_program(
                format!(
                    "{contender:?} ended with {status} in the bench; it ran the playbook in `{}`. {}",
                    self.data.display(),
                    said.trim()
                ),
                status.code(),
            ));
        }
        Ok(usage)
    }

    /// The command of a contender, with `bin` first on PATH and no output. All get the
    /// variables that Ansible Runner sets for speed or quiet: bare Ansible must not
    /// look better for doing less.
    pub(crate) fn command(&self, contender: Contender, bin: &Path) -> Command {
        let runner = |program: &Path| {
            let mut command = Command::new(program);
            command.arg("run").arg(&self.data);
            command.args(["-p", "site.yml", "--forks", FORKS, "-q"]);
            command
        };
        let mut command = match contender {
            Contender::Bare => {
                let mut command = Command::new(bin.join("ansible-playbook"));
                command.arg("-i").arg(self.data.join("inventory"));
                command.args(["--forks", FORKS, "site.yml"]);
                command.current_dir(self.data.join("project"));
                command
            }
            Contender::AnsibleRunner => runner(&self.ansible.join("ansible-runner")),
            Contender::Playhouse => runner(&self.playhouse),
        };
        command
            .env("PATH", self.path(bin))
            .env("LC_ALL", "C.UTF-8")
            .env("ANSIBLE_RETRY_FILES_ENABLED", "False")
            .env("ANSIBLE_HOST_KEY_CHECKING", "False")
            .env("ANSIBLE_CACHE_PLUGIN", "jsonfile")
            .env("ANSIBLE_CACHE_PLUGIN_CONNECTION", self.folder.join("fact_cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// What each program calls itself: ansible-playbook, ansible-runner, playhouse.
    pub(crate) fn versions(&self) -> Result<[String; 3], Failure> {
        let version = |program: &Path| {
            let mut command = Command::new(program);
            command.arg("--version").env("LC_ALL", "C.UTF-8");
            let text = step::output_of(&mut command, "ask for a version")?;
            Ok(text.lines().next().unwrap_or_default().trim().to_owned())
        };
        Ok([
            version(&self.ansible.join("ansible-playbook"))?,
            format!("ansible-runner {}", version(&self.ansible.join("ansible-runner"))?),
            version(&self.playhouse)?,
        ])
    }

    fn path(&self, bin: &Path) -> OsString {
        let mut path = bin.as_os_str().to_owned();
        for folder in [Some(self.ansible.clone().into_os_string()), std::env::var_os("PATH")] {
            path.push(":");
            path.push(folder.unwrap_or_default());
        }
        path
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.data.join(name);
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text))
            .map_err(cannot_write(&path))
    }
}

/// Turns an error about a file of the bench into a sentence.
pub(crate) fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("the bench cannot write `{}`: {error}", path.display()))
}
