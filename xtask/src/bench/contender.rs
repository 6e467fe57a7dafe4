//! The four who are measured, and the stage they run on: private data directories that
//! differ in nothing but `env/plugins`, so that each runs the same files with the same
//! settings.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::components;
use crate::failure::Failure;
use crate::step;
use crate::workspace::Workspace;

use super::measure::{self, Usage};
use super::workload::Workload;

/// Forks for all; Ansible's own default, said aloud.
const FORKS: &str = "5";

/// A run that takes longer is stopped, and counts as not finished.
const LONGEST_RUN: Duration = Duration::from_mins(10);

/// Who runs the playbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// `ansible-playbook` itself.
    Bare,
    /// The Python runner.
    AnsibleRunner,
    /// Ours, without plugins.
    Playhouse,
    /// Ours, with three plugins.
    WithPlugins,
}

/// One thing for each contender.
pub(crate) type Each<T> = [T; 4];

impl Contender {
    /// In the order of the tables.
    pub(crate) const ALL: Each<Self> =
        [Self::Bare, Self::AnsibleRunner, Self::Playhouse, Self::WithPlugins];

    /// All, the one first whose turn it is.
    pub(crate) fn in_round(round: u32) -> Each<Self> {
        let mut order = Self::ALL;
        order.rotate_left(round as usize % Self::ALL.len());
        order
    }

    /// For tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Bare => "ansible-playbook",
            Self::AnsibleRunner => "Ansible Runner",
            Self::Playhouse => "Playhouse",
            Self::WithPlugins => "Playhouse, 3 plugins",
        }
    }
}

/// The programs and the private data directories.
#[derive(Debug)]
pub(crate) struct Stage {
    /// Everything the bench writes.
    pub(crate) folder: PathBuf,
    /// What benches before this one wrote.
    before: PathBuf,
    ansible: PathBuf,
    playhouse: PathBuf,
}

/// What a run has left in `job_events`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
}

impl Stage {
    /// Moves `target/bench` aside and lays out the private data directories; the http-sink
    /// of the one with plugins sends to `receiver_url`.
    pub(crate) fn set(
        workspace: &Workspace,
        ansible: &Path,
        receiver_url: &str,
    ) -> Result<Self, Failure> {
        let folder = workspace.target.join("bench");
        let before = workspace.target.join("bench-before");
        if folder.exists() {
            fs::create_dir_all(&before).map_err(cannot_write(&before))?;
            // One that was ended has swept nothing.
            let number = fs::read_dir(&before).map_err(cannot_write(&before))?.count();
            fs::rename(&folder, before.join(number.to_string())).map_err(cannot_write(&before))?;
        }
        let stage =
            Self { folder, before, ansible: ansible.to_owned(), playhouse: workspace.playhouse() };
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
        write(&stage.data(Contender::WithPlugins).join("env/plugins"), &plugins.to_string())?;
        Ok(stage)
    }

    /// Puts a workload where all find it.
    pub(crate) fn install(&self, workload: &Workload) -> Result<(), Failure> {
        for contender in [Contender::Bare, Contender::WithPlugins] {
            let data = self.data(contender);
            write(&data.join("project/site.yml"), &workload.text)?;
            write(&data.join("inventory/hosts"), &workload.inventory)?;
        }
        Ok(())
    }

    /// One run, which must succeed, under a name of its own. Its artifacts stay until the
    /// end of the next bench, or until [`Stage::clear`]: ext4 makes files up to ten times
    /// slower for minutes after many were removed.
    pub(crate) fn run(
        &self,
        contender: Contender,
        workload: &Workload,
        ident: &str,
    ) -> Result<Usage, Failure> {
        let complaints = self.folder.join("stderr");
        let file = fs::File::create(&complaints).map_err(cannot_write(&complaints))?;
        let mut command = self.command(contender, &self.ansible, workload, ident);
        let run = measure::measure(command.stderr(file), LONGEST_RUN).map_err(|error| {
            Failure::new(format!("{} does not start: {error}", contender.title()))
        })?;
        if run.was_stopped {
            return Err(Failure::new(format!(
                "{} had not ended after {}",
                contender.title(),
                step::seconds(LONGEST_RUN)
            )));
        }
        if !run.status.success() {
            let said = fs::read_to_string(&complaints).unwrap_or_default();
            return Err(Failure::of_program(
                format!(
                    "{} ended with {} in the bench; it ran the playbook in `{}`. {}",
                    contender.title(),
                    run.status,
                    self.data(contender).display(),
                    said.trim()
                ),
                run.status.code(),
            ));
        }
        Ok(run.usage)
    }

    /// What a run has left; nothing for bare Ansible.
    pub(crate) fn left(&self, contender: Contender, ident: &str) -> Left {
        let files = fs::read_dir(self.artifacts(contender, ident).join("job_events"));
        let mut left = Left::default();
        for file in files.into_iter().flatten().flatten() {
            left.events += 1;
            left.bytes += file.metadata().map_or(0, |metadata| metadata.len());
        }
        left
    }

    /// Removes what benches before this one have left, when nothing is measured any more.
    pub(crate) fn sweep(&self) -> Result<(), Failure> {
        if self.before.exists() {
            fs::remove_dir_all(&self.before).map_err(cannot_write(&self.before))?;
        }
        Ok(())
    }

    /// Removes a run's artifacts.
    pub(crate) fn clear(&self, contender: Contender, ident: &str) -> Result<(), Failure> {
        let artifacts = self.artifacts(contender, ident);
        if artifacts.exists() {
            fs::remove_dir_all(&artifacts).map_err(cannot_write(&artifacts))?;
        }
        Ok(())
    }

    /// The command of a contender, with `bin` first on PATH and no output. All get the
    /// variables that Ansible Runner sets for speed or quiet: bare Ansible must not
    /// look better for doing less.
    pub(crate) fn command(
        &self,
        contender: Contender,
        bin: &Path,
        workload: &Workload,
        ident: &str,
    ) -> Command {
        let data = self.data(contender);
        let runner = |program: &Path| {
            let mut command = Command::new(program);
            command.arg("run").arg(&data);
            command.args(["-p", "site.yml", "--forks", FORKS, "-q", "--ident", ident]);
            command
        };
        let mut command = match contender {
            Contender::Bare => {
                let mut command = Command::new(bin.join("ansible-playbook"));
                command.arg("-i").arg(data.join("inventory"));
                command.args(["--forks", FORKS, "site.yml"]);
                command.current_dir(data.join("project"));
                command
            }
            Contender::AnsibleRunner => runner(&self.ansible.join("ansible-runner")),
            Contender::Playhouse | Contender::WithPlugins => runner(&self.playhouse),
        };
        command
            .args(workload.options)
            .env("PATH", self.path(bin))
            .env("LC_ALL", "C.UTF-8")
            .env("ANSIBLE_RETRY_FILES_ENABLED", "False")
            .env("ANSIBLE_HOST_KEY_CHECKING", "False")
            .env("ANSIBLE_CACHE_PLUGIN", "jsonfile")
            .env("ANSIBLE_CACHE_PLUGIN_CONNECTION", self.folder.join("fact_cache"))
            // With these of a developer's shell Python writes each line by itself, and
            // compiles what it imports each time.
            .env_remove("PYTHONUNBUFFERED")
            .env_remove("PYTHONDONTWRITEBYTECODE")
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

    fn data(&self, contender: Contender) -> PathBuf {
        match contender {
            Contender::WithPlugins => self.folder.join("data-with-plugins"),
            Contender::Bare | Contender::AnsibleRunner | Contender::Playhouse => {
                self.folder.join("data")
            }
        }
    }

    fn artifacts(&self, contender: Contender, ident: &str) -> PathBuf {
        self.data(contender).join("artifacts").join(ident)
    }

    fn path(&self, bin: &Path) -> OsString {
        let mut path = bin.as_os_str().to_owned();
        for folder in [Some(self.ansible.clone().into_os_string()), std::env::var_os("PATH")] {
            path.push(":");
            path.push(folder.unwrap_or_default());
        }
        path
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, text))
        .map_err(cannot_write(path))
}

/// Turns an error about a file of the bench into a sentence.
pub(crate) fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("the bench cannot write `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_begins_in_turn_and_all_run_in_each_round() {
        let firsts: Vec<_> = (0..4).map(|round| Contender::in_round(round)[0]).collect();
        assert_eq!(firsts, Contender::ALL);
        for round in 0..8 {
            let order = Contender::in_round(round);
            assert!(Contender::ALL.iter().all(|contender| order.contains(contender)));
        }
    }
}
