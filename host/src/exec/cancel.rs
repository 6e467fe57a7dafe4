//! Asking a run to stop, from another thread or a signal handler's.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

/// A handle that stops a run. Clones are the same handle.
///
/// The first [`cancel`](Cancel::cancel) asks Ansible to end and gives it a grace; the
/// second skips what is left of the grace.
#[derive(Debug, Clone)]
pub struct Cancel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    asked: AtomicU32,
    /// For those who wait in a task of the runtime.
    notify: Notify,
    wake_reader: OwnedFd,
    wake_writer: OwnedFd,
}

impl Cancel {
    /// A handle nobody has used yet. It holds a pipe: fails where no file descriptor is left.
    pub fn new() -> io::Result<Self> {
        let (wake_reader, wake_writer) = io::pipe()?;
        let (wake_reader, wake_writer) = (wake_reader.into(), wake_writer.into());
        rustix::io::ioctl_fionbio(&wake_reader, true)?;
        rustix::io::ioctl_fionbio(&wake_writer, true)?;
        let (asked, notify) = (AtomicU32::new(0), Notify::new());
        Ok(Self { shared: Arc::new(Shared { asked, notify, wake_reader, wake_writer }) })
    }

    /// Asks once more.
    pub fn cancel(&self) {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        self.shared.notify.notify_waiters();
        self.wake();
    }

    /// Waits until it is asked for the first time.
    pub async fn canceled(&self) {
        let notified = self.shared.notify.notified();
        if self.asked() == 0 {
            notified.await;
        }
    }

    /// How often it was asked.
    pub fn asked(&self) -> u32 {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Makes the supervisor look again, without asking for anything.
    pub(super) fn wake(&self) {
        // A full pipe wakes as well as one more byte would.
        let _ = rustix::io::write(&self.shared.wake_writer, b"!");
    }

    pub(super) fn wake_fd(&self) -> BorrowedFd<'_> {
        self.shared.wake_reader.as_fd()
    }

    pub(super) fn drain_wakes(&self) {
        let mut bytes = [0; 64];
        while matches!(rustix::io::read(&self.shared.wake_reader, &mut bytes), Ok(1..)) {}
    }
}
