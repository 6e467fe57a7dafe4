//! One run in a sealed room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::{Core, Ran};

/// The program under test; its path is known to tests only, so they hand it in.
pub type Program = &'static str;

/// A private data directory that is being set up, with the command line to run it.
pub struct RunTest {
    program: Program,
    room: TempDir,
    core: Core,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl RunTest {
    /// An empty private data directory, and `run DIR -i job` on the command line.
    pub fn new(program: Program) -> Self {
        let room = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(room.path().join("pdd/project")).expect("a folder");
        fs::create_dir_all(room.path().join("home")).expect("a folder");
        Self { program, room, core: Core::V2_19, arguments: Vec::new(), environment: Vec::new() }
    }

    /// With another version of Ansible.
    #[must_use]
    pub fn core(mut self, core: Core) -> Self {
        self.core = core;
        self
    }

    /// With a file in the private data directory.
    #[must_use]
    pub fn file(self, path: &str, text: &str) -> Self {
        let path = self.private_data_dir().join(path);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// With `project/site.yml`, which is also the playbook to run.
    #[must_use]
    pub fn playbook(self, text: &str) -> Self {
        self.file("project/site.yml", text).arguments(&["-p", "site.yml"])
    }

    /// With everything that lies in a folder of this repository.
    #[must_use]
    pub fn copy_of(self, folder: &str) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        copy(&source, &self.private_data_dir()).expect("a copy");
        self
    }

    /// With hosts that are all this machine.
    #[must_use]
    pub fn local_hosts(self, hosts: &[&str]) -> Self {
        let lines = hosts.join("\n");
        self.file(
            "inventory/hosts",
            &format!(
                "{lines}\n\n[all:vars]\nansible_connection=local\nansible_python_interpreter=\"{{{{ ansible_playbook_python }}}}\"\n"
            ),
        )
    }

    /// With more on the command line.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// With a variable in the environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where `env/`, `inventory/` and `project/` are.
    pub fn private_data_dir(&self) -> PathBuf {
        self.room.path().join("pdd")
    }

    /// The room: the private data directory, a home, and nothing else.
    pub fn room(&self) -> &Path {
        self.room.path()
    }

    /// Runs `playhouse run DIR -i job` and what was added, to its end.
    pub fn run(self) -> Ran {
        let output = self.command().output().expect("the program under test starts");
        self.ended(&output)
    }

    /// Starts it, with its streams piped; [`RunTest::ended`] takes it from there.
    pub fn start(&self) -> Child {
        self.command().spawn().expect("the program under test starts")
    }

    /// What a started run came to.
    pub fn ended(self, output: &Output) -> Ran {
        Ran::new(self, output)
    }

    /// The command, in the room's environment.
    pub fn command(&self) -> Command {
        self.command_of("run")
    }

    /// That of another subcommand with the same options.
    pub fn command_of(&self, subcommand: &str) -> Command {
        let mut command = Command::new(self.program);
        command
            .arg(subcommand)
            .arg(self.private_data_dir())
            .args(["-i", "job"])
            .args(&self.arguments);
        self.seal(&mut command);
        command
    }

    /// Another program on the same private data directory, in the same environment.
    pub fn seal(&self, command: &mut Command) {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.core.bin().display()))
            .env("HOME", self.room.path().join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("PYTHONUNBUFFERED", "1")
            .env("XDG_CACHE_HOME", target.join("test-cache"))
            .env("PLAYHOUSE_PLUGIN_PATH", target.join("plugins"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.room.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
