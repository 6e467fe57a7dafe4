//! The channel that carries the callback's records: a Unix socket for one connection
//! from the child's own tree, or an append-only file where a socket cannot be had.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::ExecError;

/// A socket's path may have 108 bytes on Linux and 104 on BSD; some room is left.
const LONGEST_SOCKET_PATH: usize = 100;

/// Where the callback finds the channel, as it is told in its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelAddress {
    /// A listening Unix socket.
    Socket(PathBuf),
    /// A file to append to.
    File(PathBuf),
}

impl std::fmt::Display for ChannelAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => write!(formatter, "unix:{}", path.display()),
            Self::File(path) => write!(formatter, "file:{}", path.display()),
        }
    }
}

/// The host's end of the channel.
#[derive(Debug)]
pub struct Channel {
    address: ChannelAddress,
    state: State,
}

#[derive(Debug)]
enum State {
    Listening(UnixListener),
    Connected(UnixStream),
    File(File),
    Closed,
}

impl Channel {
    /// Opens a channel in the run's private temporary directory, which nobody else can enter.
    pub fn open(directory: &Path) -> Result<Self, ExecError> {
        let failed =
            |source| ExecError::Channel { directory: directory.display().to_string(), source };
        let path = directory.join("events.sock");
        if path.as_os_str().len() <= LONGEST_SOCKET_PATH {
            let listener = UnixListener::bind(&path).map_err(failed)?;
            listener.set_nonblocking(true).map_err(failed)?;
            return Ok(Self {
                address: ChannelAddress::Socket(path),
                state: State::Listening(listener),
            });
        }
        let path = directory.join("events");
        let file = fs::OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        Ok(Self { address: ChannelAddress::File(path), state: State::File(file) })
    }

    /// What the callback is told.
    pub fn address(&self) -> &ChannelAddress {
        &self.address
    }

    /// What to poll for reading; none for a file, which is read whenever the terminal is.
    pub(super) fn poll_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Listening(listener) => Some(listener.as_fd()),
            State::Connected(stream) => Some(stream.as_fd()),
            State::File(_) | State::Closed => None,
        }
    }

    /// Reads what is there and hands it to `take`. `child` is the process whose tree may
    /// connect; a connection from anywhere else is closed.
    pub(super) fn read_available(
        &mut self,
        child: u32,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        if let State::Listening(listener) = &self.state {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if !is_in_tree(&stream, child) {
                return Ok(());
            }
            stream.set_nonblocking(true)?;
            self.state = State::Connected(stream);
            if let ChannelAddress::Socket(path) = &self.address {
                // Its directory goes with the run, so a failure here leaves nothing behind.
                let _ = fs::remove_file(path);
            }
        }
        loop {
            let read = match &mut self.state {
                State::Connected(stream) => stream.read(buffer),
                State::File(file) => file.read(buffer),
                State::Listening(_) | State::Closed => return Ok(()),
            };
            match read {
                Ok(0) => {
                    if let State::Connected(_) = self.state {
                        self.state = State::Closed;
                    }
                    return Ok(());
                }
                Ok(size) => take(&buffer[..size]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => {
                    self.state = State::Closed;
                    return Err(error);
                }
            }
        }
    }

    /// Whether the callback ever connected; a file cannot tell.
    pub(super) fn was_used(&self) -> bool {
        matches!(self.state, State::Connected(_) | State::Closed | State::File(_))
    }
}

/// Whether the peer of `stream` is `child` or descends from it.
#[cfg(target_os = "linux")]
fn is_in_tree(stream: &UnixStream, child: u32) -> bool {
    let Ok(credentials) = rustix::net::sockopt::socket_peercred(stream) else { return false };
    let mut pid = credentials.pid.as_raw_nonzero().get().unsigned_abs();
    while pid != child {
        match super::termination::parent_of(pid) {
            Some(parent) if parent > 1 => pid = parent,
            _ => return false,
        }
    }
    true
}

/// Without `/proc` the socket's directory, which only this user can enter, has to do.
#[cfg(not(target_os = "linux"))]
fn is_in_tree(_stream: &UnixStream, _child: u32) -> bool {
    true
}
