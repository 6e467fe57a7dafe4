//! An OpenSSH agent of the run's own. Keys reach it through a pipe: they are never on
//! disk, and they go with the agent when the run ends, however it ends.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::ExecError;
use crate::input::SshKeys;

/// The name that Ansible Runner gives to its key file, which patterns of prompts know.
const KEY_NAME: &str = "ssh_key_data";

/// An agent that ends when the standard input does: no death signal reaches a program
/// that has a group of its own, as OpenSSH's agent has.
const AGENT: &str = "ssh-agent -D -a \"$0\" & exec >&- 2>&-; read -r _; kill $!";

/// Answers once: asked again, the answer was wrong, and an empty one makes `ssh-add` give up.
const ASKPASS: &str = "\
#!/bin/sh
if mkdir \"$PLAYHOUSE_ASKED\" 2>/dev/null; then printf '%s\\n' \"$PLAYHOUSE_ANSWER\"; fi
";

/// Matches [`passphrase_prompt`] in every run.
pub const PASSPHRASE_PATTERN: &str = r"^Enter passphrase for .*/ssh_key_data:\s*?$";

/// A running `ssh-agent`. It ends when this is dropped, and when this process ends.
#[derive(Debug)]
pub struct SshAgent {
    process: Child,
    directory: PathBuf,
    path: std::ffi::OsString,
}

/// What Ansible Runner's user sees where a key has a passphrase.
pub fn passphrase_prompt(artifact_dir: &Path) -> String {
    format!("Enter passphrase for {}: ", artifact_dir.join(KEY_NAME).display())
}

impl SshAgent {
    /// Starts an agent, found by the PATH of the run, whose socket lies in `directory`, which only this user
    /// can enter.
    pub fn start(directory: &Path, path: impl Into<std::ffi::OsString>) -> Result<Self, ExecError> {
        let failed = cannot_run("ssh-agent");
        let path = path.into();
        let directory = directory.join("ssh");
        fs::create_dir(&directory).map_err(&failed)?;
        let mut process = Command::new("/bin/sh")
            .args(["-c", AGENT])
            .arg(directory.join("agent"))
            .env("PATH", &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(&failed)?;
        // It says where its socket is as soon as it listens.
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(&failed)?;
        }
        if line.is_empty() {
            let output = process.wait_with_output().map_err(&failed)?;
            let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ExecError::SshAgent { program: "ssh-agent", reason });
        }
        Ok(Self { process, directory, path })
    }

    /// For `SSH_AUTH_SOCK`.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("agent")
    }

    /// Gives the agent all keys, each also with every certificate that is for it.
    /// `passphrase` opens those that are encrypted.
    pub fn add_all(&self, keys: &SshKeys, passphrase: Option<&str>) -> Result<(), ExecError> {
        let key_file = self.directory.join(KEY_NAME);
        let askpass = self.directory.join("askpass");
        symlink("/dev/stdin", &key_file)
            .and_then(|()| write(&askpass, ASKPASS, 0o700))
            .map_err(cannot_run("ssh-add"))?;
        for key in &keys.keys {
            self.add(key, passphrase)?;
            for certificate in &keys.certificates {
                let beside = self.directory.join(format!("{KEY_NAME}-cert.pub"));
                write(&beside, certificate, 0o600).map_err(cannot_run("ssh-add"))?;
                self.add(key, passphrase)?;
            }
        }
        Ok(())
    }

    fn add(&self, key: &str, passphrase: Option<&str>) -> Result<(), ExecError> {
        let asked = self.directory.join("asked");
        let mut process = Command::new("ssh-add")
            .arg(self.directory.join(KEY_NAME))
            .env("PATH", &self.path)
            .env("SSH_AUTH_SOCK", self.socket())
            .env("SSH_ASKPASS", self.directory.join("askpass"))
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env("PLAYHOUSE_ASKED", &asked)
            .env("PLAYHOUSE_ANSWER", passphrase.unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot_run("ssh-add"))?;
        if let Some(mut stdin) = process.stdin.take() {
            match stdin.write_all(key.as_bytes()) {
                // It says itself why it does not read on.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                result => result.map_err(cannot_run("ssh-add"))?,
            }
        }
        let output = process.wait_with_output().map_err(cannot_run("ssh-add"))?;
        let was_asked = fs::remove_dir(&asked).is_ok();
        match output.status.success() {
            true => Ok(()),
            false if was_asked => Err(ExecError::Passphrase { is_wrong: passphrase.is_some() }),
            false => Err(ExecError::SshKey {
                reason: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            }),
        }
    }
}

impl Drop for SshAgent {
    fn drop(&mut self) {
        self.process.stdin = None;
        // It ends by that; how does not matter.
        let _ = self.process.wait();
    }
}

fn cannot_run(program: &'static str) -> impl Fn(io::Error) -> ExecError {
    move |error| ExecError::SshAgent { program, reason: error.to_string() }
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    options.open(path)?.write_all(text.as_bytes())
}
