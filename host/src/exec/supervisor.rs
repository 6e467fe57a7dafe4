//! The loop that reads the child: terminal, channel, cancellation and exit, each as soon
//! as there is something, on a thread of its own.

use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use super::child::{Child, Command};
use super::termination::{GRACE, Tree, signal};
use super::{Cancel, Channel, ExecError};
use crate::events::{Assembler, Nonce, Segment};

/// How long text without a line end is held back before it is taken for a prompt.
const PROMPT_AFTER: Duration = Duration::from_millis(100);

/// How long to wait, after the exit, for a terminal that some other process holds open.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// How long a child may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// From its start to its end.
    pub job: Option<Duration>,
    /// Without a byte on the terminal or the channel.
    pub idle: Option<Duration>,
}

/// Why a child was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// By its [`Cancel`].
    Canceled,
    /// It took longer than this.
    JobTimeout(Duration),
    /// It said nothing for this long.
    IdleTimeout(Duration),
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Why it was made to end, if it did not end by itself.
    pub stop: Option<Stop>,
    /// Whether the callback ever spoke to us. If not, all of the run is text.
    pub has_events: bool,
}

/// A running child with its channel.
pub struct Running {
    child: Child,
    channel: Channel,
    assembler: Assembler,
    cancel: Cancel,
    timeouts: Timeouts,
    started: Instant,
    /// When something last came from the child.
    heard_at: Instant,
    stopping: Option<Stopping>,
}

/// A stop under way.
struct Stopping {
    reason: Stop,
    tree: Tree,
    kill_at: Instant,
}

impl Running {
    /// Starts `command`; `nonce` is what the callback was told to mark its text with.
    pub fn start(
        command: &Command,
        channel: Channel,
        nonce: &Nonce,
        cancel: Cancel,
        timeouts: Timeouts,
    ) -> Result<Self, ExecError> {
        let child = command.spawn()?;
        let now = Instant::now();
        Ok(Self {
            child,
            channel,
            assembler: Assembler::new(nonce),
            cancel,
            timeouts,
            started: now,
            heard_at: now,
            stopping: None,
        })
    }

    /// Reads the child until it has exited and everything it said has been handed to
    /// `take`, which may block: then the child waits.
    pub fn drive(mut self, mut take: impl FnMut(Vec<Segment>)) -> Result<Exit, ExecError> {
        let pid = self.child.pid;
        let cancel = self.cancel.clone();
        let (exited, exits) = mpsc::channel();
        thread::Builder::new()
            .name("wait".to_owned())
            .spawn(move || {
                // Nobody listens any more only where reading the child has failed.
                let _ = exited.send(wait_for(pid));
                cancel.wake();
            })
            .map_err(ExecError::Read)?;

        let mut buffer = vec![0; 64 * 1024];
        let mut open = true;
        let mut exit = None;
        while exit.is_none() || (open && self.heard_at.elapsed() < LAST_WORDS) {
            self.wait_for_input(open, exit.is_some())?;
            self.cancel.drain_wakes();
            if exit.is_none()
                && let Ok(status) = exits.try_recv()
            {
                exit = Some(status);
                self.heard_at = Instant::now();
            }
            if self.read(&mut buffer, &mut open)? {
                self.heard_at = Instant::now();
            } else if self.heard_at.elapsed() >= PROMPT_AFTER {
                self.assembler.show_unfinished_text();
            }
            if exit.is_none() {
                self.climb_ladder();
            }
            let segments = self.assembler.take_segments();
            if !segments.is_empty() {
                take(segments);
            }
        }
        self.finish_stop(&mut take);
        self.assembler.finish(Timestamp::now());
        take(self.assembler.take_segments());

        let (code, ended_by) = exit.unwrap_or((None, None));
        Ok(Exit {
            code,
            signal: ended_by,
            stop: self.stopping.map(|stopping| stopping.reason),
            has_events: self.channel.was_used(),
        })
    }

    /// Sleeps until there is something to do.
    fn wait_for_input(&self, terminal_is_open: bool, exited: bool) -> Result<(), ExecError> {
        let timeout =
            self.next_look(exited).map(|due| due.saturating_duration_since(Instant::now()));
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });

        let mut fds = vec![PollFd::from_borrowed_fd(self.cancel.wake_fd(), PollFlags::IN)];
        if terminal_is_open {
            fds.push(PollFd::new(&self.child.terminal, PollFlags::IN));
        }
        if let Some(channel) = self.channel.poll_fd() {
            fds.push(PollFd::from_borrowed_fd(channel, PollFlags::IN));
        }
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(ExecError::Read(error.into())),
        }
    }

    /// When to look again even if nothing comes.
    fn next_look(&self, exited: bool) -> Option<Instant> {
        if exited {
            return Some(Instant::now() + LAST_WORDS);
        }
        let stop = match &self.stopping {
            Some(stopping) => Some(stopping.kill_at),
            None => self.next_timeout().map(|(due, _)| due),
        };
        let prompt = self.assembler.has_unfinished_text().then_some(self.heard_at + PROMPT_AFTER);
        stop.into_iter().chain(prompt).min()
    }

    /// The timeout that comes first, and when.
    fn next_timeout(&self) -> Option<(Instant, Stop)> {
        let job = self.timeouts.job.map(|limit| (self.started + limit, Stop::JobTimeout(limit)));
        let idle =
            self.timeouts.idle.map(|limit| (self.heard_at + limit, Stop::IdleTimeout(limit)));
        job.into_iter().chain(idle).min_by_key(|(due, _)| *due)
    }

    /// Reads the channel, then one buffer of the terminal. Records go out before the
    /// markers that name them, so in this order markers seldom have to wait.
    fn read(&mut self, buffer: &mut [u8], open: &mut bool) -> Result<bool, ExecError> {
        let assembler = &mut self.assembler;
        let mut heard = false;
        let channel_error = self
            .channel
            .read_available(self.child.pid, buffer, |bytes| {
                heard = true;
                assembler.push_records(bytes);
            })
            .err();
        if channel_error.is_some() {
            assembler.give_up_on_records();
        }
        if !*open {
            return Ok(heard);
        }
        match rustix::io::read(self.child.terminal.as_fd(), &mut *buffer) {
            Ok(0) | Err(rustix::io::Errno::IO) => *open = false,
            Ok(size) => {
                heard = true;
                assembler.push_output(&buffer[..size], Timestamp::now());
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
            Err(error) => return Err(ExecError::Read(error.into())),
        }
        Ok(heard)
    }

    fn climb_ladder(&mut self) {
        let now = Instant::now();
        if let Some(stopping) = &mut self.stopping {
            if self.cancel.asked() > 1 || now >= stopping.kill_at {
                stopping.tree.add(self.child.pid);
                signal(self.child.pid, Signal::KILL);
                stopping.tree.kill();
                stopping.kill_at = now + GRACE;
            }
            return;
        }
        let reason = match self.next_timeout() {
            _ if self.cancel.asked() > 0 => Stop::Canceled,
            Some((due, reason)) if now >= due => reason,
            _ => return,
        };
        self.stopping =
            Some(Stopping { reason, tree: Tree::of(self.child.pid), kill_at: now + GRACE });
        signal(self.child.pid, Signal::TERM);
    }

    /// Ansible has ended; after a stop, what is left of its tree has what is left of the grace.
    fn finish_stop(&mut self, take: &mut impl FnMut(Vec<Segment>)) {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(stopping) = &self.stopping {
            if !stopping.tree.is_alive() {
                return;
            }
            if self.cancel.asked() > 1 || Instant::now() >= stopping.kill_at {
                stopping.tree.kill();
                return;
            }
            thread::sleep(Duration::from_millis(20));
            let mut open = true;
            if self.read(&mut buffer, &mut open).is_ok() {
                take(self.assembler.take_segments());
            }
        }
    }
}

/// Waits for one child: its exit code, or the signal that ended it.
fn wait_for(pid: u32) -> (Option<i32>, Option<i32>) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return (None, None) };
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) if status.exited() || status.signaled() => {
                return (status.exit_status(), status.terminating_signal());
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return (None, None),
        }
    }
}
