//! Starting a command in a PTY of 24 lines and 80 columns without echo, in a session of
//! its own, as Ansible Runner does it: 80 columns decide how Ansible pads its banners.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::ExecError;

/// A program with everything it is given.
#[derive(Debug, Clone)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub cwd: PathBuf,
}

/// A started command.
pub(super) struct Child {
    pub(super) pid: u32,
    /// The PTY as a descriptor of our own, which does not block.
    pub(super) terminal: OwnedFd,
    /// Keeps the PTY open. Its writer is never taken: when portable-pty drops one it
    /// types a line end and an end of file, which answers "yes" to some prompts.
    _master: Box<dyn MasterPty + Send>,
}

impl Command {
    pub(super) fn spawn(&self) -> Result<Child, ExecError> {
        let name = self.argv.first().cloned().unwrap_or_default();
        let program = self
            .find_program(&name)
            .ok_or_else(|| ExecError::NotFound { program: name.clone() })?;
        let failed = |step: &'static str, reason: String| ExecError::Start {
            program: name.clone(),
            step,
            reason,
        };

        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system()
            .openpty(size)
            .map_err(|error| failed("opening a PTY", error.to_string()))?;
        let descriptor = pair
            .master
            .as_raw_fd()
            .ok_or_else(|| failed("opening a PTY", "it has no descriptor".to_owned()))?;
        let terminal =
            duplicate(descriptor).map_err(|error| failed("opening a PTY", error.to_string()))?;
        turn_echo_off(&terminal)
            .map_err(|error| failed("setting up the PTY", error.to_string()))?;
        rustix::io::ioctl_fionbio(&terminal, true)
            .map_err(|error| failed("setting up the PTY", error.to_string()))?;

        let mut builder = CommandBuilder::new(program);
        builder.args(&self.argv[1..]);
        builder.env_clear();
        for (variable, value) in &self.environment {
            builder.env(variable, value);
        }
        builder.cwd(&self.cwd);
        let child = pair
            .slave
            .spawn_command(builder)
            .map_err(|error| failed("executing it", error.to_string()))?;
        let pid = child
            .process_id()
            .ok_or_else(|| failed("executing it", "it has no process id".to_owned()))?;
        Ok(Child { pid, terminal, _master: pair.master })
    }

    /// The program's file, by the PATH the child will have.
    fn find_program(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            let path = self.cwd.join(name);
            return is_executable(&path).then_some(path);
        }
        let path = self.environment.iter().rev().find(|(variable, _)| variable == "PATH")?;
        std::env::split_paths(&path.1)
            .map(|directory| self.cwd.join(directory).join(name))
            .find(|candidate| is_executable(candidate))
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[expect(unsafe_code, reason = "portable-pty names its descriptor by number only")]
fn duplicate(descriptor: i32) -> rustix::io::Result<OwnedFd> {
    // SAFETY: the descriptor belongs to the PTY pair of `spawn`, which is alive here.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    rustix::io::fcntl_dupfd_cloexec(borrowed, 0)
}

fn turn_echo_off(terminal: &OwnedFd) -> rustix::io::Result<()> {
    let mut modes = tcgetattr(terminal)?;
    modes.local_modes.remove(LocalModes::ECHO);
    tcsetattr(terminal, OptionalActions::Now, &modes)
}
