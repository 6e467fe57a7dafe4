//! A run that goes on in a thread of its own.

use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::{oneshot, watch};

use super::{Playhouse, new_cancel};
use crate::artifacts::{LogReader, Logged, StatusChange};
use crate::events::Event;
use crate::exec::Cancel;
use crate::input::RunSpec;
use crate::pipeline::{LogState, Observer};
use crate::{RunError, RunOutcome};

type Begun = (PathBuf, watch::Receiver<LogState>);

/// A run that was begun. It goes on if this is dropped.
#[derive(Debug)]
pub struct RunHandle {
    cancel: Cancel,
    begun: Option<oneshot::Receiver<Begun>>,
    log: Option<(LogReader, watch::Receiver<LogState>)>,
    outcome: oneshot::Receiver<Result<RunOutcome, RunError>>,
}

impl RunHandle {
    /// Asks it to end. Asked twice it does not wait.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// For whoever is to stop it from elsewhere.
    pub fn canceler(&self) -> Cancel {
        self.cancel.clone()
    }

    /// The next status or event of the run's log, in its order; none when the log has
    /// ended. It is read from disk: nothing is lost and nothing piles up, however
    /// slowly this is called.
    pub async fn next(&mut self) -> Result<Option<Logged>, RunError> {
        if let Some(begun) = self.begun.take() {
            let Ok((artifact_dir, log)) = begun.await else { return Ok(None) };
            self.log = Some((LogReader::open(&artifact_dir)?, log));
        }
        let Some((reader, log)) = &mut self.log else { return Ok(None) };
        loop {
            // Marked as seen before the log is read: what is entered later wakes us.
            let has_ended = log.borrow_and_update().ended.is_some();
            if let Some(logged) = reader.next()? {
                return Ok(Some(logged));
            }
            if has_ended || log.changed().await.is_err() {
                return Ok(reader.next()?);
            }
        }
    }

    /// Waits for the end.
    pub async fn outcome(self) -> Result<RunOutcome, RunError> {
        self.outcome.await.unwrap_or_else(|_| {
            Err(RunError::System {
                what: "the run's thread has ended without an outcome",
                source: std::io::ErrorKind::Other.into(),
            })
        })
    }
}

type Handler<T> = Option<Box<dyn FnMut(&T) + Send>>;

/// What an embedding program wants to hear.
#[derive(Default)]
pub(super) struct Handlers {
    pub(super) event: Handler<Event>,
    pub(super) status: Handler<StatusChange>,
    pub(super) text: Handler<str>,
    begun: Option<oneshot::Sender<Begun>>,
}

impl Observer for Handlers {
    fn begun(&mut self, artifact_dir: &Path, log: watch::Receiver<LogState>) {
        if let Some(begun) = self.begun.take() {
            // Nobody may want to follow the log.
            let _ = begun.send((artifact_dir.to_owned(), log));
        }
    }

    fn status(&mut self, change: &StatusChange) {
        if let Some(handler) = &mut self.status {
            handler(change);
        }
    }

    fn show(&mut self, text: &str) {
        if let Some(handler) = &mut self.text {
            handler(text);
        }
    }

    fn event(&mut self, event: &Event) {
        if let Some(handler) = &mut self.event {
            handler(event);
        }
    }
}

/// Begins a run.
pub(super) fn spawn(
    playhouse: Playhouse,
    spec: RunSpec,
    mut handlers: Handlers,
) -> Result<RunHandle, RunError> {
    let cancel = new_cancel()?;
    let (begins, begun) = oneshot::channel();
    let (ends, outcome) = oneshot::channel();
    handlers.begun = Some(begins);
    let handle = RunHandle { cancel: cancel.clone(), begun: Some(begun), log: None, outcome };
    thread::Builder::new()
        .name("run".to_owned())
        .spawn(move || {
            let outcome = playhouse.run(&spec, &cancel, &mut handlers);
            // Nobody may want to know.
            let _ = ends.send(outcome);
        })
        .map_err(|source| RunError::System { what: "a thread cannot be started", source })?;
    Ok(handle)
}
