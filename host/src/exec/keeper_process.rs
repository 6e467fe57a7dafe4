//! What a keeper does: it starts Ansible, waits for it, and ends what must not outlive it.

use std::fs::File;
use std::io::{self, IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{Signal, WaitOptions, wait};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::ExecError;
use super::child::Child;
use super::keeper::{Answer, Farewell, Order, kept_path};
use super::termination::{GRACE, LeftProcess, Process, Tree, children_of, signal_pid};

/// How often to look which processes belong to the run, for the case that one of
/// them is killed and its children lose their parent. A look is a dozen reads of `/proc`.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often to look whether what was asked to end has done so.
const CHECK_EVERY: Duration = Duration::from_millis(20);

/// Acts as the keeper of one run. `socket` is what [`Keeper`](super::Keeper) gave to this
/// process as its standard input. Returns when the run has ended.
pub fn keep(socket: OwnedFd) -> io::Result<()> {
    let mut socket = UnixStream::from(socket);
    // What ends this process must be the run's end or a kill. A handler, unlike a signal
    // that is ignored, is not passed on to Ansible.
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let (child_signals, write_end) = UnixStream::pair()?;
    child_signals.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(SIGCHLD, write_end)?;
    adopt_orphans()?;

    let Some(order) = Order::read(&socket) else { return Ok(()) };
    let child = match order.command.spawn() {
        Ok(child) => child,
        Err(error) => return send(&socket, &refusal(error), None),
    };
    let answer = Answer::Started { pid: child.pid };
    // If this fails nobody is there, which is noticed below.
    let _ = send(&socket, &answer, Some(&child.terminal));
    let kept = File::create(kept_path(&order.scratch)).ok();
    let (farewell, was_alone) = Keeping::new(child, kept).run(&socket, &child_signals)?;
    if was_alone {
        remove(&order.scratch);
    } else {
        serde_json::to_writer(&socket, &farewell)?;
        socket.flush()?;
    }
    Ok(())
}

fn refusal(error: ExecError) -> Answer {
    match error {
        ExecError::NotFound { program } => Answer::NotFound { program },
        ExecError::Start { program, step, reason } => Answer::Failed { program, step, reason },
        other => Answer::Failed {
            program: String::new(),
            step: "starting it".to_owned(),
            reason: other.to_string(),
        },
    }
}

fn send(socket: &UnixStream, answer: &Answer, terminal: Option<&OwnedFd>) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors: Vec<_> = terminal.iter().map(|terminal| terminal.as_fd()).collect();
    if !descriptors.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&descriptors));
    }
    let sent = sendmsg(socket, &[IoSlice::new(&line)], &mut control, SendFlags::empty())?;
    let mut socket = socket;
    socket.write_all(&line[sent..])
}

/// The host can no longer remove its temporary directory.
fn remove(scratch: &Path) {
    // Nobody is left to hear of a failure.
    let _ = std::fs::remove_dir_all(scratch);
}

/// A run that is being kept.
struct Keeping {
    child: Child,
    /// Ansible's workers and what they wait for. Where one of them becomes our child its
    /// parent was killed: what a playbook leaves running on purpose has let go of a
    /// process further down.
    known: Vec<Process>,
    /// Where they are written down; none where the disk was full.
    kept: Option<File>,
    /// What had let go of the run when Ansible was last seen alive.
    adopted: Vec<Process>,
    exit: Option<(Option<i32>, Option<i32>)>,
    host_is_gone: bool,
    /// What was asked to end.
    asked: Tree,
    /// When what of it is still alive is killed.
    kill_at: Option<Instant>,
}

impl Keeping {
    fn new(child: Child, kept: Option<File>) -> Self {
        Self {
            child,
            known: Vec::new(),
            kept,
            adopted: Vec::new(),
            exit: None,
            host_is_gone: false,
            asked: Tree::default(),
            kill_at: None,
        }
    }

    /// Waits for the end; also says whether the host was gone by then.
    fn run(
        mut self,
        socket: &UnixStream,
        child_signals: &UnixStream,
    ) -> io::Result<(Farewell, bool)> {
        socket.set_nonblocking(true)?;
        while self.exit.is_none() || self.kill_at.is_some() {
            self.wait_for_news(socket, child_signals)?;
            self.reap();
            self.look();
            if !self.host_is_gone && is_closed(socket) {
                self.host_is_gone = true;
                if self.exit.is_none() {
                    self.asked.add(self.child.pid);
                    signal_pid(self.child.pid, Signal::TERM);
                    self.kill_at = Some(Instant::now() + GRACE);
                }
            }
            self.climb_ladder();
        }
        socket.set_nonblocking(false)?;
        let (code, signal) = self.exit.unwrap_or_default();
        Ok((Farewell { code, signal, left: left_processes() }, self.host_is_gone))
    }

    fn wait_for_news(&self, socket: &UnixStream, child_signals: &UnixStream) -> io::Result<()> {
        let mut descriptors = vec![PollFd::new(child_signals, PollFlags::IN)];
        if !self.host_is_gone {
            descriptors.push(PollFd::new(socket, PollFlags::IN));
        } else if self.exit.is_none() {
            // Somebody has to read what Ansible still says, or it waits for ever.
            let mut bytes = [0; 4096];
            while matches!(rustix::io::read(&self.child.terminal, &mut bytes), Ok(1..)) {}
        }
        let patience = if self.kill_at.is_some() { CHECK_EVERY } else { LOOK_EVERY };
        let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
        match poll(&mut descriptors, Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 64];
        let mut signals = child_signals;
        while matches!(signals.read(&mut bytes), Ok(1..)) {}
        Ok(())
    }

    /// Waits for whatever has ended: Ansible, or what was adopted.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if u32::try_from(pid.as_raw_nonzero().get()) == Ok(self.child.pid) {
                self.exit = Some((status.exit_status(), status.terminating_signal()));
            }
        }
    }

    /// Learns who belongs to the run, and ends those whose parent was killed.
    fn look(&mut self) {
        if self.exit.is_none() {
            self.learn();
        }
        let ours: Vec<Process> = children_of(std::process::id())
            .into_iter()
            .filter(|&pid| pid != self.child.pid)
            .filter_map(Process::find)
            .collect();
        for process in &ours {
            // Where Ansible itself was killed, all that comes to us with its death is of the run.
            let is_left = self.was_killed() && !self.adopted.contains(process);
            if !self.asked.contains(process) && (is_left || self.known.contains(process)) {
                let orphans = Tree::of(process.pid);
                orphans.signal(Signal::TERM);
                self.asked.merge(orphans);
                self.kill_at.get_or_insert(Instant::now() + GRACE);
            }
        }
        if self.exit.is_none() {
            self.adopted = ours;
        }
    }

    fn learn(&mut self) {
        let before = self.known.clone();
        self.known.retain(Process::is_alive);
        for worker in children_of(self.child.pid) {
            for pid in std::iter::once(worker).chain(children_of(worker)) {
                if let Some(process) = Process::find(pid)
                    && !self.known.contains(&process)
                {
                    self.known.push(process);
                }
            }
        }
        if self.known != before
            && let Some(kept) = &self.kept
            && let Ok(list) = serde_json::to_vec(&self.known)
        {
            // Where the disk is full, what was written before is the next best.
            let _ = kept.write_all_at(&list, 0);
        }
    }

    fn was_killed(&self) -> bool {
        matches!(self.exit, Some((None, _)))
    }

    fn climb_ladder(&mut self) {
        let Some(kill_at) = self.kill_at else { return };
        if !self.asked.is_alive() {
            self.kill_at = None;
        } else if Instant::now() >= kill_at {
            if self.host_is_gone && self.exit.is_none() {
                self.asked.add(self.child.pid);
            }
            self.asked.signal(Signal::KILL);
            // Another user's cannot be killed, and are not waited for.
            self.kill_at = None;
        }
    }
}

/// The host writes nothing after its order: there is something to read when it is gone.
fn is_closed(mut socket: &UnixStream) -> bool {
    !matches!(socket.read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// What has let go of the run and is now ours for as long as we live.
fn left_processes() -> Vec<LeftProcess> {
    children_of(std::process::id()).into_iter().filter_map(LeftProcess::find).collect()
}

/// Makes this process the parent of what loses its own, below it.
#[cfg(target_os = "linux")]
fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Only Linux can.
#[cfg(not(target_os = "linux"))]
fn adopt_orphans() -> io::Result<()> {
    Ok(())
}
