//! Starting a command in a PTY of 24 lines and 80 columns without echo, in a session of
//! its own, as Ansible Runner does it: 80 columns decide how Ansible pads its banners.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::mem::ManuallyDrop;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use portable_pty::{MasterPty, PtySize, native_pty_system};
use rustix::io::FdFlags;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::ExecError;
use super::termination::end_with_this_thread;

/// A program with everything it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// What the callback in it can read once, from [`SETTINGS_DESCRIPTOR`]; no NUL is in it.
    pub settings: Vec<u8>,
    /// Its working directory.
    pub cwd: PathBuf,
}

/// The descriptor by which a command inherits its settings: above those that shell scripts
/// name and shells use, below what a small limit allows.
pub const SETTINGS_DESCRIPTOR: RawFd = 47;

/// A started command.
pub(super) struct Child {
    pub(super) pid: u32,
    /// The PTY as a descriptor of our own, which does not block.
    pub(super) terminal: OwnedFd,
    /// Keeps the PTY open. Its writer is never taken: when portable-pty drops one it
    /// types a line end and an end of file, which answers "yes" to some prompts.
    _master: Option<Box<dyn MasterPty + Send>>,
}

impl Child {
    /// One that another process started and keeps.
    pub(super) fn kept(pid: u32, terminal: OwnedFd) -> Self {
        Self { pid, terminal, _master: None }
    }
}

impl Command {
    /// Starts it; it is asked to end when the thread that called this does.
    pub(super) fn spawn(&self) -> Result<Child, ExecError> {
        let name = self.argv.first().cloned().unwrap_or_default();
        let program = self
            .find_program(&name)
            .ok_or_else(|| ExecError::NotFound { program: name.clone() })?;
        let failed = |step: &'static str| {
            let program = name.clone();
            move |reason: String| ExecError::Start { program, step: step.to_owned(), reason }
        };

        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let opening = failed("opening a PTY");
        let pair = native_pty_system().openpty(size).map_err(|error| opening(error.to_string()))?;
        let (terminal, other_end) = open_both_ends(&*pair.master)
            .map_err(|error| failed("setting up the PTY")(error.to_string()))?;

        let mut command = std::process::Command::new(program);
        command
            .args(&self.argv[1..])
            .env_clear()
            .envs(self.environment.iter().map(|(variable, value)| (variable, value)))
            .current_dir(&self.cwd);
        let starting = failed("executing it");
        let child = hand_down(&mut command, &self.settings)
            .and_then(|()| attach(&mut command, other_end))
            .and_then(|()| command.spawn())
            .map_err(|error| starting(error.to_string()))?;
        Ok(Child { pid: child.id(), terminal, _master: Some(pair.master) })
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

/// Our end as a descriptor of our own, without echo and without blocking, and the child's.
fn open_both_ends(master: &dyn MasterPty) -> io::Result<(OwnedFd, OwnedFd)> {
    let missing = || io::Error::other("it has no name or descriptor");
    let terminal = duplicate(master.as_raw_fd().ok_or_else(missing)?)?;
    turn_echo_off(&terminal)?;
    rustix::io::ioctl_fionbio(&terminal, true)?;
    let no_controlling_terminal = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    let other_end = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(no_controlling_terminal)
        .open(master.tty_name().ok_or_else(missing)?)?;
    Ok((terminal, other_end.into()))
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

/// Lets the child inherit a file in memory that holds `settings`.
#[expect(unsafe_code, reason = "what runs between fork and exec has to be async-signal-safe")]
fn hand_down(command: &mut std::process::Command, settings: &[u8]) -> io::Result<()> {
    let mut file = file_in_memory()?;
    file.write_all(settings)?;
    file.rewind()?;
    // The number is somebody's from here on, so that no descriptor that the start itself
    // needs can get it.
    let file = rustix::io::fcntl_dupfd_cloexec(&file, SETTINGS_DESCRIPTOR)?;
    let place = move || {
        if file.as_raw_fd() == SETTINGS_DESCRIPTOR {
            return Ok(rustix::io::fcntl_setfd(&file, FdFlags::empty())?);
        }
        // SAFETY: whoever owns that number owns it in the parent; in this process, which is
        // about to execute another program, nobody does. It is left open.
        let mut target = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(SETTINGS_DESCRIPTOR) });
        Ok(rustix::io::dup2(&file, &mut target)?)
    };
    // SAFETY: one system call; nothing allocates or locks.
    unsafe { command.pre_exec(place) };
    Ok(())
}

/// A file that has no name and no place on a disk.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn file_in_memory() -> io::Result<File> {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    Ok(File::from(rustix::fs::memfd_create("playhouse-callback", flags)?))
}

/// Without files in memory, one without a name has to do.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
fn file_in_memory() -> io::Result<File> {
    tempfile::tempfile()
}

/// Makes the terminal the three streams and the controlling terminal of a new session,
/// in which a hang-up is ignored, as Ansible Runner has it.
#[expect(unsafe_code, reason = "what runs between fork and exec has to be async-signal-safe")]
fn attach(command: &mut std::process::Command, terminal: OwnedFd) -> io::Result<()> {
    command
        .stdin(Stdio::from(terminal.try_clone()?))
        .stdout(Stdio::from(terminal.try_clone()?))
        .stderr(Stdio::from(terminal));
    let lead_session = || {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        // SAFETY: ignoring a signal touches nothing but this process's disposition.
        if unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    };
    // SAFETY: three system calls; nothing allocates or locks.
    unsafe { command.pre_exec(lead_session) };
    end_with_this_thread(command);
    Ok(())
}
