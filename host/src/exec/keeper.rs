//! The keeper: a small process between this one and ansible-playbook. It sees to it that
//! a run ends with the program that hosts it, even when that is killed, and it tells what
//! a stopped run has left behind. This is the host's end of it, and what goes between.

use std::ffi::{OsStr, OsString};
use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use serde::{Deserialize, Serialize};

use super::ExecError;
use super::child::{Child, Command};
use super::termination::{LeftProcess, Process};

/// A program that acts as a keeper when it is started with these arguments and a socket
/// as its standard input: `playhouse keeper` does, and so does any program that then
/// calls [`keep`](super::keep).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeeperProgram {
    /// The program's file.
    pub program: PathBuf,
    /// What makes it a keeper.
    pub arguments: Vec<String>,
}

/// A keeper that is up. If this is dropped, what it keeps is ended.
#[derive(Debug)]
pub struct Keeper {
    process: std::process::Child,
    socket: Option<UnixStream>,
    /// The run's temporary directory, once there is something to keep.
    scratch: PathBuf,
}

/// What the keeper is to start, and what it removes if nobody is left to do so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) command: Command,
    pub(super) scratch: PathBuf,
}

/// The keeper's answer to an [`Order`]; the terminal comes with `Started`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Started { pid: u32 },
    NotFound { program: String },
    Failed { program: String, step: String, reason: String },
}

/// The keeper's last word.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Farewell {
    pub(super) code: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) left: Vec<LeftProcess>,
}

impl Keeper {
    /// Starts a keeper, which then waits to be told what to keep.
    pub fn start(program: &KeeperProgram) -> Result<Self, ExecError> {
        let start = || {
            let (ours, theirs) = UnixStream::pair()?;
            let process = std::process::Command::new(&program.program)
                .args(&program.arguments)
                .stdin(OwnedFd::from(theirs))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0)
                .spawn()?;
            Ok(Self { process, socket: Some(ours), scratch: PathBuf::new() })
        };
        start().map_err(|source| ExecError::Keeper { program: program.program.clone(), source })
    }

    /// Has a command started; `scratch` is the run's temporary directory.
    pub(super) fn spawn(&mut self, command: &Command, scratch: &Path) -> Result<Child, ExecError> {
        scratch.clone_into(&mut self.scratch);
        let order = Order { command: command.clone(), scratch: scratch.to_owned() };
        let mut socket = self.socket.as_ref().ok_or(ExecError::KeeperLost)?;
        socket.write_all(&order.encode()).map_err(|_| ExecError::KeeperLost)?;
        let (answer, terminal) = receive(socket).map_err(|_| ExecError::KeeperLost)?;
        match (answer, terminal) {
            (Answer::Started { pid }, Some(terminal)) => Ok(Child::kept(pid, terminal)),
            (Answer::Started { .. }, None) => Err(ExecError::KeeperLost),
            (Answer::NotFound { program }, _) => Err(ExecError::NotFound { program }),
            (Answer::Failed { program, step, reason }, _) => {
                Err(ExecError::Start { program, step, reason })
            }
        }
    }

    /// Waits for the end of what it keeps. Where the keeper itself was ended: those that it
    /// has written down.
    pub(super) fn wait(mut self) -> Result<Farewell, Vec<Process>> {
        let farewell = self.hear();
        // Its word is in, or there is none; how it exits says no more.
        let _ = self.process.wait();
        farewell.ok_or_else(|| read_kept(&self.scratch))
    }

    fn hear(&self) -> Option<Farewell> {
        let mut text = Vec::new();
        self.socket.as_ref()?.read_to_end(&mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Where a keeper writes down who belongs to the run, for whoever is left when it is
/// ended itself: a list in JSON, behind which older text may stand.
pub(super) fn kept_path(scratch: &Path) -> PathBuf {
    scratch.join("kept")
}

/// What a keeper has written there.
fn read_kept(scratch: &Path) -> Vec<Process> {
    let text = std::fs::read(kept_path(scratch)).unwrap_or_default();
    let mut lists = serde_json::Deserializer::from_slice(&text).into_iter::<Vec<Process>>();
    lists.next().and_then(Result::ok).unwrap_or_default()
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.socket = None;
        // It ends by itself once it has ended what it keeps.
        let _ = self.process.wait();
    }
}

/// What comes is not for programs that are executed meanwhile; macOS cannot be told so.
#[cfg(not(target_vendor = "apple"))]
const RECEIVING: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(target_vendor = "apple")]
const RECEIVING: RecvFlags = RecvFlags::empty();

/// Reads an answer, a JSON line, and the descriptor that came with it.
fn receive(socket: &UnixStream) -> io::Result<(Answer, Option<OwnedFd>)> {
    let mut line = Vec::new();
    let mut descriptor = None;
    while !line.ends_with(b"\n") {
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut buffers = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg(socket, &mut buffers, &mut control, RECEIVING)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                descriptor = descriptors.last();
            }
        }
        if received.bytes == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(&bytes[..received.bytes]);
    }
    Ok((serde_json::from_slice(&line)?, descriptor))
}

impl Order {
    /// Its size in four bytes, then its texts, each ended by a NUL, which none can hold:
    /// scratch, working directory, settings, number of arguments, these, and names and values.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut texts = Vec::new();
        let mut push = |text: &OsStr| {
            texts.extend_from_slice(text.as_bytes());
            texts.push(0);
        };
        push(self.scratch.as_os_str());
        push(self.command.cwd.as_os_str());
        push(OsStr::from_bytes(&self.command.settings));
        push(OsStr::new(&self.command.argv.len().to_string()));
        self.command.argv.iter().for_each(|word| push(OsStr::new(word)));
        for (name, value) in &self.command.environment {
            push(name);
            push(value);
        }
        let size = u32::try_from(texts.len()).unwrap_or(u32::MAX).to_le_bytes();
        [&size[..], &texts].concat()
    }

    /// Reads what [`Order::encode`] made; none where nothing, or less, comes.
    pub(super) fn read(mut from: impl io::Read) -> Option<Self> {
        let mut size = [0; 4];
        from.read_exact(&mut size).ok()?;
        let mut bytes = vec![0; usize::try_from(u32::from_le_bytes(size)).ok()?];
        from.read_exact(&mut bytes).ok()?;
        let mut texts =
            bytes.split(|&byte| byte == 0).map(|text| OsString::from_vec(text.to_vec()));
        let scratch = texts.next()?.into();
        let cwd = texts.next()?.into();
        let settings = texts.next()?.into_vec();
        let count = texts.next()?.into_string().ok()?.parse().ok()?;
        let argv = texts.by_ref().take(count).map(OsString::into_string).collect::<Result<_, _>>();
        let argv = argv.ok()?;
        let mut environment = Vec::new();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            environment.push((name, value));
        }
        Some(Self { command: Command { argv, environment, settings, cwd }, scratch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_arrives_as_it_was_sent() {
        let order = Order {
            command: Command {
                argv: vec!["ansible-playbook".into(), String::new(), "é\n".into()],
                environment: vec![
                    ("EMPTY".into(), OsString::new()),
                    ("BYTES".into(), OsString::from_vec(vec![0xff, b'='])),
                ],
                settings: b"{\"channel\": \"\"}".to_vec(),
                cwd: "/project".into(),
            },
            scratch: "/tmp/run".into(),
        };
        let bytes = order.encode();
        assert_eq!(Order::read(&bytes[..]).as_ref(), Some(&order));
        assert_eq!(Order::read(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Order::read(&b""[..]), None);
    }
}
