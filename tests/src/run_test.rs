//! One run in a sealed room.

use std::fs;
use std::os::unix::fs::PermissionsExt;
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
    words: Option<Vec<String>>,
    arguments: Vec<String>,
    own_arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Where the run leaves its artifacts, in the private data directory.
    pub(crate) artifacts: String,
    /// How often it is run.
    pub(crate) times: u32,
    /// Whether its hosts take turns as they like.
    pub(crate) any_order: bool,
}

impl RunTest {
    /// An empty private data directory, and `run DIR -i job` on the command line.
    pub fn new(program: Program) -> Self {
        let room = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir_all(room.path().join("pdd/project")).expect("a folder");
        fs::create_dir_all(room.path().join("home")).expect("a folder");
        Self {
            program,
            room,
            core: Core::V2_19,
            words: None,
            arguments: Vec::new(),
            own_arguments: Vec::new(),
            environment: Vec::new(),
            artifacts: "artifacts/job".to_owned(),
            times: 1,
            any_order: false,
        }
    }

    /// With words on the command line that Ansible Runner does not get.
    #[must_use]
    pub fn own_arguments(mut self, arguments: &[&str]) -> Self {
        self.own_arguments.extend(arguments.iter().map(|&word| word.to_owned()));
        self
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

    /// With a program in the private data directory.
    #[must_use]
    pub fn program(self, path: &str, text: &str) -> Self {
        let program = self.private_data_dir().join(path);
        let with_file = self.file(path, text);
        fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("a mode");
        with_file
    }

    /// Without a folder that is there from the beginning.
    #[must_use]
    pub fn without(self, folder: &str) -> Self {
        fs::remove_dir(self.private_data_dir().join(folder)).expect("an empty folder");
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

    /// With these words in place of `run DIR -i job`; `DIR` is the private data directory.
    #[must_use]
    pub fn words(mut self, words: &[&str]) -> Self {
        let directory = self.private_data_dir().display().to_string();
        self.words = Some(words.iter().map(|word| word.replace("DIR", &directory)).collect());
        self
    }

    /// With artifacts in another folder of the private data directory than
    /// `artifacts/job`; the arguments have to say so too.
    #[must_use]
    pub fn artifacts_in(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.artifacts);
        self
    }

    /// To be run more than once before it is looked at.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// With hosts that take turns as they like.
    #[must_use]
    pub fn any_order(mut self) -> Self {
        self.any_order = true;
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
        let mut command = self.command_for(Path::new(self.program), subcommand);
        command.args(&self.own_arguments);
        command
    }

    /// The same words for Ansible Runner.
    pub fn peers_command(&self) -> Command {
        let mut command = self.command_for(&self.core.bin().join("ansible-runner"), "run");
        // Playhouse gives nobody what it is told by its environment.
        command.env_remove("PLAYHOUSE_PLUGIN_PATH");
        command
    }

    fn command_for(&self, program: &Path, subcommand: &str) -> Command {
        let mut command = Command::new(program);
        match &self.words {
            Some(words) => command.args(words),
            None => command.arg(subcommand).arg(self.private_data_dir()).args(["-i", "job"]),
        };
        command.args(&self.arguments);
        self.seal(&mut command);
        command
    }

    /// Lays a copy of the private data directory aside.
    pub(crate) fn keep_copy(&self) {
        copy(&self.private_data_dir(), &self.room.path().join("kept")).expect("a copy");
    }

    /// Moves the private data directory with all that a run left in it to `name`, and
    /// puts the copy in its place. The home directory is empty again.
    pub(crate) fn begin_again(&self, name: &str) -> PathBuf {
        let room = self.room.path();
        let moved = room.join(name);
        fs::rename(self.private_data_dir(), &moved).expect("a folder");
        fs::rename(room.join("kept"), self.private_data_dir()).expect("a folder");
        fs::remove_dir_all(room.join("home")).expect("a home");
        fs::create_dir(room.join("home")).expect("a folder");
        moved
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
            .env("XDG_STATE_HOME", target.join("test-cache/state"))
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
