//! Walks the journal for one sink and puts batches together.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::artifacts::{
    ArtifactError, Entry, EventReader, JournalReader, Position, StatusChange, What, plugin_folder,
    read_cursor, write_cursor,
};
use crate::events::{Event, Fields, Scope, SeenEvent};
use crate::pipeline::LogState;
use crate::plugins::{Hook, Plugin};

/// What a sink is to take next.
pub(super) enum Work {
    /// A status change, at this entry.
    Status(u64, StatusChange),
    /// Events, each with its entry.
    Events(Vec<LoggedEvent>),
    /// The log has ended and everything was taken.
    End,
}

/// An event as the log has it.
pub(super) struct LoggedEvent {
    pub(super) entry: u64,
    pub(super) event: Event,
    pub(super) fields: Fields,
    pub(super) json: String,
}

impl LoggedEvent {
    pub(super) fn seen(&self) -> SeenEvent<'_> {
        SeenEvent { event: &self.event, fields: &self.fields, json: Some(&self.json) }
    }
}

/// Events that leave together.
#[derive(Default)]
struct Batch {
    events: Vec<LoggedEvent>,
    bytes: usize,
    leaves_at: Option<Instant>,
}

impl Batch {
    fn take(&mut self) -> Work {
        Work::Events(std::mem::take(self).events)
    }
}

/// One sink's place in the log.
pub(super) struct LogCursor {
    plugin: Arc<Plugin>,
    artifact_dir: PathBuf,
    /// The plugin's folder among the artifacts.
    folder: PathBuf,
    reader: JournalReader,
    events: EventReader,
    /// Of the last event read.
    scope: Arc<Scope>,
    last_status: Option<StatusChange>,
    log: watch::Receiver<LogState>,
    /// Read, and belongs to the next batch.
    peeked: Option<Entry>,
    /// The batch that is being put together.
    batch: Batch,
    position: Position,
    /// The last entry read that is nothing for this sink; what was read before it and
    /// is for the sink has been taken, or is in the batch at hand.
    passed: u64,
}

impl LogCursor {
    pub(super) fn open(
        plugin: Arc<Plugin>,
        artifact_dir: PathBuf,
        run: String,
        log: watch::Receiver<LogState>,
    ) -> Result<Self, ArtifactError> {
        let reader = JournalReader::open(&artifact_dir)?;
        let folder = plugin_folder(&artifact_dir, plugin.name().as_str())?;
        let position = read_cursor(&folder)
            .filter(|position| position.run == run && !plugin.starts_over())
            .unwrap_or(Position { run, n: 0 });
        Ok(Self {
            plugin,
            events: EventReader::new(&artifact_dir),
            artifact_dir,
            folder,
            reader,
            log,
            scope: Arc::default(),
            last_status: None,
            peeked: None,
            batch: Batch::default(),
            position,
            passed: 0,
        })
    }

    /// Waits for the next work. What was read is not lost when the wait is given up.
    pub(super) async fn next(&mut self) -> Result<Work, ArtifactError> {
        let limits = self.plugin.batch_limits();
        loop {
            // Marked as seen before the journal is read: what is entered later wakes us.
            let state = *self.log.borrow_and_update();
            if let Some(entry) = self.next_entry()? {
                match entry.what {
                    What::Status { ref status } if self.plugin.hooks().status_sink => {
                        if self.batch.events.is_empty() {
                            return Ok(Work::Status(entry.n, status.clone()));
                        }
                        self.peeked = Some(entry);
                        return Ok(self.batch.take());
                    }
                    What::Event { event, uuid, at, not_for, .. } if self.wants(&not_for) => {
                        match self.read_event(entry.n, event, &uuid, at)? {
                            Some(logged) => {
                                self.batch.bytes += logged.json.len();
                                self.batch.events.push(logged);
                                let leaves_at = || Instant::now() + limits.linger;
                                self.batch.leaves_at.get_or_insert_with(leaves_at);
                            }
                            None => self.passed = entry.n,
                        }
                        let Batch { events, bytes, .. } = &self.batch;
                        if events.len() >= limits.events || *bytes >= limits.bytes {
                            return Ok(self.batch.take());
                        }
                    }
                    _ => self.passed = entry.n,
                }
                continue;
            }
            match (state.ended, self.batch.leaves_at) {
                (Some(_), Some(_)) => return Ok(self.batch.take()),
                (Some(_), None) => return Ok(Work::End),
                (None, Some(at)) => {
                    if at <= Instant::now()
                        || timeout_at(at.into(), self.log.changed()).await.is_err()
                    {
                        return Ok(self.batch.take());
                    }
                }
                (None, None) => {
                    self.save(self.passed)?;
                    if self.log.changed().await.is_err() {
                        return Ok(Work::End);
                    }
                }
            }
        }
    }

    /// Everything up to this entry is taken.
    pub(super) fn save(&mut self, entry: u64) -> Result<(), ArtifactError> {
        if entry <= self.position.n {
            return Ok(());
        }
        self.position.n = entry;
        if self.plugin.starts_over() {
            return Ok(());
        }
        write_cursor(&self.folder, &self.position)
    }

    /// Goes back to the first entry, for an instance that knows nothing.
    pub(super) fn rewind(&mut self) -> Result<(), ArtifactError> {
        self.reader = JournalReader::open(&self.artifact_dir)?;
        self.peeked = None;
        self.batch = Batch::default();
        self.position.n = 0;
        self.passed = 0;
        Ok(())
    }

    /// The sink has ended; `is_complete` says whether it has taken everything.
    pub(super) fn finish(&mut self, is_complete: bool) -> Result<(), ArtifactError> {
        if !self.plugin.starts_over() {
            return Ok(());
        }
        if !is_complete {
            self.position.n = 0;
        }
        write_cursor(&self.folder, &self.position)
    }

    /// The last status that was read, whether or not it is for this sink.
    pub(super) fn last_status(&self) -> Option<&StatusChange> {
        self.last_status.as_ref()
    }

    /// How many entries of what is left are for this sink.
    pub(super) fn count_waiting(&mut self) -> Result<u64, ArtifactError> {
        let mut reader = JournalReader::open(&self.artifact_dir)?;
        let mut waiting = 0;
        while let Some(entry) = reader.next_entry()? {
            if entry.n <= self.position.n {
                continue;
            }
            waiting += u64::from(match entry.what {
                What::Status { .. } => self.plugin.hooks().status_sink,
                What::Event { event, uuid, at, not_for, .. } if self.wants(&not_for) => {
                    self.read_event(entry.n, event, &uuid, at)?.is_some()
                }
                _ => false,
            });
        }
        Ok(waiting)
    }

    /// Waits until the log has ended, or whoever writes it is gone.
    pub(super) async fn wait_for_end(&mut self) {
        let _ = self.log.wait_for(|state| state.ended.is_some()).await;
    }

    /// Until when a sink may go on, once the log has ended.
    pub(super) async fn deadline(mut log: watch::Receiver<LogState>) {
        let ended = log.wait_for(|state| state.ended.is_some()).await.map(|state| state.ended);
        if let Ok(Some(deadline)) = ended {
            tokio::time::sleep_until(deadline.into()).await;
        }
    }

    /// A receiver of one's own, for [`LogCursor::deadline`].
    pub(super) fn log(&self) -> watch::Receiver<LogState> {
        self.log.clone()
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, ArtifactError> {
        if let Some(entry) = self.peeked.take() {
            return Ok(Some(entry));
        }
        while let Some(entry) = self.reader.next_entry()? {
            if let What::Status { status } = &entry.what {
                self.last_status = Some(status.clone());
            }
            if entry.n > self.position.n {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    fn wants(&self, not_for: &[Arc<str>]) -> bool {
        self.plugin.hooks().event_sink
            && !not_for.iter().any(|name| **name == *self.plugin.name().as_str())
    }

    /// An event the sink has subscribed to; none for any other.
    fn read_event(
        &mut self,
        entry: u64,
        counter: u64,
        uuid: &str,
        at: Option<u64>,
    ) -> Result<Option<LoggedEvent>, ArtifactError> {
        let json = self.events.read(counter, uuid, at)?;
        let event = Event::from_json(&json)
            .ok_or_else(ArtifactError::no_event(&self.artifact_dir, counter))?;
        let fields = event.fields_within(&mut self.scope);
        let logged = LoggedEvent { entry, event, fields, json };
        let subscribed = self.plugin.subscribes(Hook::EventSink, &logged.seen());
        Ok(subscribed.then_some(logged))
    }
}
