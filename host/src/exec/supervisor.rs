//! The loop that reads the child: terminal, channel, cancellation and exit, each as soon
//! as there is something, on a thread of its own.

use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, waitpid};

use super::attention::{Attention, Heard, REST};
use super::child::{Child, Command};
use super::keeper::{Farewell, Keeper};
use super::prompts::{PATIENCE, Typist, is_question};
use super::termination::{GRACE, Process, Tree, is_alive};
use super::{Answers, Cancel, Channel, ExecError, Exit, Stop};
use crate::events::{Assembler, Nonce, Segment};

/// How long text without a line end is held back before it is taken for a prompt.
const PROMPT_AFTER: Duration = Duration::from_millis(100);

/// How long to wait, after the exit, for a terminal that some other process holds open.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What a child is given while it runs.
#[derive(Debug)]
pub struct Supervision {
    /// Makes it end.
    pub cancel: Cancel,
    /// How long it may take from its start to its end.
    pub job_timeout: Option<Duration>,
    /// How long it may go without a byte on the terminal or the channel.
    pub idle_timeout: Option<Duration>,
    /// What it may ask.
    pub answers: Answers,
    /// The process between us and it; without one it is our own child.
    pub keeper: Option<Keeper>,
}

/// A running child with its channel.
pub struct Running {
    child: Child,
    channel: Channel,
    assembler: Assembler,
    cancel: Cancel,
    job_timeout: Option<Duration>,
    idle_timeout: Option<Duration>,
    typist: Typist,
    keeper: Option<Keeper>,
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
    /// Starts `command`; `nonce` is what the callback was told to mark its text with, and
    /// `scratch` the temporary directory that a keeper removes if we no longer can.
    pub fn start(
        command: &Command,
        channel: Channel,
        nonce: &Nonce,
        mut supervision: Supervision,
        scratch: &Path,
    ) -> Result<Self, ExecError> {
        let child = match &mut supervision.keeper {
            Some(keeper) => keeper.spawn(command, scratch)?,
            None => command.spawn()?,
        };
        let now = Instant::now();
        Ok(Self {
            child,
            channel,
            assembler: Assembler::new(nonce),
            cancel: supervision.cancel,
            job_timeout: supervision.job_timeout,
            idle_timeout: supervision.idle_timeout,
            typist: Typist::new(supervision.answers),
            keeper: supervision.keeper,
            started: now,
            heard_at: now,
            stopping: None,
        })
    }

    /// Reads the child until it has exited and everything it said has been handed to
    /// `take`, which may block: then the child waits.
    pub fn drive(mut self, mut take: impl FnMut(Vec<Segment>)) -> Result<Exit, ExecError> {
        let pid = self.child.pid;
        let keeper = self.keeper.take();
        let cancel = self.cancel.clone();
        let (exited, exits) = mpsc::channel();
        thread::Builder::new()
            .name("wait".to_owned())
            .spawn(move || {
                // Nobody listens any more only where reading the child has failed.
                let _ = exited.send(match keeper {
                    Some(keeper) => keeper.wait(),
                    None => Ok(wait_for_child(pid)),
                });
                cancel.wake();
            })
            .map_err(ExecError::Read)?;

        let mut buffer = vec![0; 64 * 1024];
        let mut open = true;
        let mut exit = None;
        let mut attention = Attention::default();
        while exit.is_none() || (open && self.heard_at.elapsed() < LAST_WORDS) {
            if exit.is_none() && attention.take_rest(Instant::now()) {
                self.rest()?;
            }
            self.wait_for_input(open, exit.is_some())?;
            self.cancel.drain_wakes();
            if exit.is_none()
                && let Ok(farewell) = exits.try_recv()
            {
                exit = Some(farewell.unwrap_or_else(|kept| self.take_over(&kept)));
                self.heard_at = Instant::now();
            }
            let heard = self.read(&mut buffer, &mut open)?;
            let now = Instant::now();
            attention.look(heard, now);
            if !heard.is_nothing() {
                self.heard_at = now;
                self.answer_prompts();
            } else if self.heard_at.elapsed() >= PROMPT_AFTER {
                self.assembler.show_unfinished_text();
            }
            if exit.is_none() {
                if self.typist.type_due(&self.child.terminal).map_err(type_error)? {
                    self.heard_at = Instant::now();
                }
                self.climb_ladder();
            }
            let segments = self.assembler.take_segments();
            self.answer_prompts();
            if !segments.is_empty() {
                take(segments);
            }
        }
        self.finish_stop(&mut take);
        self.assembler.finish(Timestamp::now());
        take(self.assembler.take_segments());

        let Farewell { code, signal, left } = exit.unwrap_or_default();
        Ok(Exit {
            code,
            signal,
            left: if self.stopping.is_some() { left } else { Vec::new() },
            stop: self.stopping.map(|stopping| stopping.reason),
            has_events: self.channel.was_used(),
        })
    }

    /// Has answers typed to what is newly asked.
    fn answer_prompts(&mut self) {
        loop {
            let done = self.typist.read(self.assembler.loose_text());
            if done == 0 {
                break;
            }
            self.assembler.forget_loose_text(done);
        }
    }

    /// Sleeps for a moment, or until the child has ended or is to be stopped.
    fn rest(&self) -> Result<(), ExecError> {
        let moment = Timespec { tv_sec: 0, tv_nsec: REST.subsec_nanos().into() };
        wait_for(
            &mut [PollFd::from_borrowed_fd(self.cancel.wake_fd(), PollFlags::IN)],
            Some(&moment),
        )
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
        wait_for(&mut fds, timeout.as_ref())
    }

    /// When to look again even if nothing comes.
    fn next_look(&self, exited: bool) -> Option<Instant> {
        if exited {
            return Some(Instant::now() + LAST_WORDS);
        }
        let stop = match &self.stopping {
            Some(stopping) => Some(stopping.kill_at),
            None => self.next_reason_to_stop().map(|(due, _)| due),
        };
        let unfinished = self.assembler.has_unfinished_text();
        let prompt = unfinished.then_some(self.heard_at + PROMPT_AFTER);
        stop.into_iter().chain(prompt).chain(self.typist.next_due()).min()
    }

    /// What will stop the child first if nothing changes, and when.
    fn next_reason_to_stop(&self) -> Option<(Instant, Stop)> {
        let job = self.job_timeout.map(|limit| (self.started + limit, Stop::JobTimeout(limit)));
        let idle = self.idle_timeout.map(|limit| (self.heard_at + limit, Stop::IdleTimeout(limit)));
        let question =
            self.question().map(|question| (self.heard_at + PATIENCE, Stop::Unanswered(question)));
        job.into_iter().chain(idle).chain(question).min_by_key(|(due, _)| *due)
    }

    /// What the child asks and nothing will be typed for.
    fn question(&self) -> Option<String> {
        if self.typist.next_due().is_some() {
            return None;
        }
        if let Some(asked) = self.assembler.asked() {
            // A pattern is for one line.
            return asked.lines().last().map(str::to_owned);
        }
        let line = self.assembler.unfinished_line();
        let asks = !line.is_empty()
            && self.assembler.loose_text().ends_with(line)
            && (self.assembler.last_name() == "playbook_on_vars_prompt" || is_question(line));
        asks.then(|| String::from_utf8_lossy(line).trim().to_owned())
    }

    /// Reads the channel, then one buffer of the terminal. Records go out before the
    /// markers that name them, so in this order markers seldom have to wait.
    fn read(&mut self, buffer: &mut [u8], open: &mut bool) -> Result<Heard, ExecError> {
        let assembler = &mut self.assembler;
        let mut heard = Heard::default();
        let channel_error = self
            .channel
            .read_available(self.child.pid, buffer, |bytes| {
                heard.channel += bytes.len();
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
                heard.terminal = size;
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
                stopping.tree.signal(Signal::KILL);
                stopping.kill_at = now + GRACE;
            }
            return;
        }
        let reason = match self.next_reason_to_stop() {
            _ if self.cancel.asked() > 0 => Stop::Canceled,
            Some((due, reason)) if now >= due => reason,
            _ => return,
        };
        self.stop(reason);
    }

    /// Asks Ansible to end.
    fn stop(&mut self, reason: Stop) {
        let tree = Tree::of(self.child.pid);
        if let Some(ansible) = Process::find(self.child.pid) {
            ansible.signal(Signal::TERM);
        }
        self.stopping = Some(Stopping { reason, tree, kill_at: Instant::now() + GRACE });
    }

    /// The keeper was ended, and says no farewell. Ansible was told so by the system and may
    /// be gone by now, and its workers' children with nobody to end them.
    fn take_over(&mut self, kept: &[Process]) -> Farewell {
        if self.stopping.is_none() {
            self.stop(Stop::KeeperLost);
        }
        let mut orphans = Tree::default();
        for process in kept.iter().filter(|process| process.is_alive()) {
            orphans.add(process.pid);
        }
        if !is_alive(self.child.pid) {
            orphans.signal(Signal::TERM);
        }
        if let Some(stopping) = &mut self.stopping {
            stopping.tree.merge(orphans);
        }
        Farewell::default()
    }

    /// Ansible has ended; after a stop, what is left of its tree has what is left of the grace.
    fn finish_stop(&mut self, take: &mut impl FnMut(Vec<Segment>)) {
        let mut buffer = vec![0; 64 * 1024];
        while let Some(stopping) = &self.stopping {
            if !stopping.tree.is_alive() {
                return;
            }
            if self.cancel.asked() > 1 || Instant::now() >= stopping.kill_at {
                stopping.tree.signal(Signal::KILL);
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

fn wait_for(fds: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> Result<(), ExecError> {
    match poll(fds, timeout) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(ExecError::Read(error.into())),
    }
}

fn type_error(error: rustix::io::Errno) -> ExecError {
    ExecError::Type(error.into())
}

/// Waits for one child: its exit code, or the signal that ended it.
fn wait_for_child(pid: u32) -> Farewell {
    let mut farewell = Farewell::default();
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return farewell };
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) if status.exited() || status.signaled() => {
                farewell.code = status.exit_status();
                farewell.signal = status.terminating_signal();
                return farewell;
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return farewell,
        }
    }
}
