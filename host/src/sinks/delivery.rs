//! Gives one sink everything the log has for it: retries, sets aside, stops.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::log_cursor::{LogCursor, LoggedEvent, Work};
use crate::artifacts::{ArtifactError, StatusChange};
use crate::events::SeenEvent;
use crate::own_file::open_own;
use crate::pipeline::LogState;
use crate::plugins::{
    self, Attempt, Delivered, Ending, Lane, LaneContext, LaneSummary, Plugin, PluginLane,
    StartError,
};

/// The first pause after a sink said "not now", doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A timer is not called again sooner than this: a plugin that says 0 leaves time for others.
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// What became of a sink's work.
#[derive(Debug)]
pub struct SinkReport {
    /// Entries for this sink that it has not taken.
    pub waiting: u64,
    /// Why, in the sink's or the host's words.
    pub reason: Option<String>,
    /// Statuses it has taken.
    pub statuses: u64,
    /// Events it has taken.
    pub events: u64,
    /// Statuses and events it will never take.
    pub set_aside: u64,
    /// What its lane counted; none where it never started.
    pub lane: Option<LaneSummary>,
}

/// Delivers until the log has ended and everything is taken, or its deadline is over.
/// `lane` is started, unless the plugin said that its endpoint is not there yet: then it
/// is started again and again here.
pub async fn deliver(
    plugin: Arc<Plugin>,
    lane: Option<PluginLane>,
    context: LaneContext,
    artifact_dir: PathBuf,
    log: watch::Receiver<LogState>,
) -> SinkReport {
    let run = context.run.id.clone();
    let mut report =
        SinkReport { waiting: 0, reason: None, statuses: 0, events: 0, set_aside: 0, lane: None };
    let cursor = match LogCursor::open(Arc::clone(&plugin), artifact_dir, run, log) {
        Ok(cursor) => cursor,
        Err(error) => {
            report.reason = Some(error.to_string());
            return report;
        }
    };
    let mut sink = Sink { plugin, context, cursor, lane, report, tick_at: None };
    let ended = sink.run().await;
    if let Err(reason) = ended {
        sink.report.reason = Some(reason);
    }
    sink.close().await
}

struct Sink {
    plugin: Arc<Plugin>,
    context: LaneContext,
    cursor: LogCursor,
    lane: Option<PluginLane>,
    report: SinkReport,
    /// When the plugin's timer wants to be called.
    tick_at: Option<Instant>,
}

/// What to do after an answer that was not "all of it".
enum Next {
    /// The same again, at once.
    Again,
    /// The same again, after a pause.
    After(Duration),
    /// Never: the sink takes nothing more.
    Stop(String),
}

impl Sink {
    /// Everything was taken, or why not.
    async fn run(&mut self) -> Result<(), String> {
        let deadline = LogCursor::deadline(self.cursor.log());
        tokio::pin!(deadline);
        tokio::select! {
            biased;
            result = self.take_all() => result,
            () = &mut deadline => Err(match self.report.reason.take() {
                Some(last) => format!("{last}; no time was left to try again"),
                None => "its time after the run was over".to_owned(),
            }),
        }
    }

    async fn take_all(&mut self) -> Result<(), String> {
        self.start().await?;
        loop {
            let work = tokio::select! {
                biased;
                () = until(self.tick_at) => {
                    self.tick().await;
                    self.start_over_if_lost()?;
                    continue;
                }
                work = self.cursor.next() => work.map_err(|error| error.to_string())?,
            };
            match work {
                Work::End => return Ok(()),
                Work::Status(entry, change) => {
                    if self.take_status(&change).await? {
                        self.report.statuses += 1;
                        self.save(entry)?;
                    }
                }
                Work::Events(events) => self.take_events(&events).await?,
            }
            self.start_over_if_lost()?;
        }
    }

    /// Starts the plugin where its endpoint was not there before the run.
    async fn start(&mut self) -> Result<(), String> {
        let mut pause = FIRST_PAUSE;
        while self.lane.is_none() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let plugin = Arc::clone(&self.plugin);
            match PluginLane::start(plugin, Lane::Delivery, self.context.clone()).await {
                Ok(lane) => self.lane = Some(lane),
                Err(StartError::Failed { message, .. }) => self.report.reason = Some(message),
                Err(error) => return Err(error.to_string()),
            }
        }
        self.report.reason = None;
        self.set_timer();
        Ok(())
    }

    /// An instance is new: its timer has not been called yet.
    fn set_timer(&mut self) {
        self.tick_at = self.plugin.hooks().timer.then(Instant::now);
    }

    /// Gives a new instance everything again, where its plugin asks for that.
    fn start_over_if_lost(&mut self) -> Result<(), String> {
        let is_lost = self.lane.as_ref().is_some_and(PluginLane::lost_its_memory);
        if !is_lost || !self.plugin.starts_over() {
            return Ok(());
        }
        (self.report.statuses, self.report.events) = (0, 0);
        self.cursor.rewind().map_err(|error| error.to_string())
    }

    async fn tick(&mut self) {
        let Some(lane) = &mut self.lane else { return };
        let next = lane.tick().await;
        self.tick_at = next.map(|pause| Instant::now() + pause.max(SHORTEST_TICK));
    }

    /// Goes on after a while; the timer does not wait for that.
    async fn pause(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        loop {
            tokio::select! {
                () = until(Some(end)) => return,
                () = until(self.tick_at) => self.tick().await,
            }
        }
    }

    async fn wait(&mut self, next: Next) -> Result<(), String> {
        match next {
            Next::Again => Ok(()),
            Next::After(pause) => {
                self.pause(pause).await;
                Ok(())
            }
            Next::Stop(reason) => Err(reason),
        }
    }

    /// Whether the change is done with; if not, the sink has to start over.
    async fn take_status(&mut self, change: &StatusChange) -> Result<bool, String> {
        let mut pause = FIRST_PAUSE;
        let mut failures = 0;
        loop {
            let Some(lane) = &mut self.lane else { return Err("it is not started".to_owned()) };
            let answer = lane
                .deliver_status(&plugins::StatusChange {
                    number: change.number,
                    status: change.status.as_str(),
                    is_final: change.status.is_final(),
                    created: u64::try_from(change.created.as_microsecond()).unwrap_or(0),
                    rc: change.rc,
                    json: &change.json,
                })
                .await;
            let next = match answer {
                Delivered::All => return Ok(true),
                Delivered::Rejected { reason, .. } => {
                    self.set_aside(&format!("status {}", change.number), &reason)?;
                    return Ok(true);
                }
                Delivered::Failed { .. } if self.plugin.starts_over() => {
                    self.set_timer();
                    return Ok(false);
                }
                Delivered::Failed { reason } if failures > 0 => {
                    self.set_aside(&format!("status {}", change.number), &reason)?;
                    return Ok(true);
                }
                Delivered::Failed { .. } => {
                    failures += 1;
                    self.set_timer();
                    Next::Again
                }
                Delivered::Retry { after, reason, .. } => self.retry(after, reason, &mut pause),
                Delivered::Stopped { reason, .. } | Delivered::Ended { reason } => {
                    Next::Stop(reason)
                }
            };
            self.wait(next).await?;
        }
    }

    async fn take_events(&mut self, events: &[LoggedEvent]) -> Result<(), String> {
        let mut rest = events;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 0;
        let mut failures = 0;
        // After a rejection or a trap events go one by one, to find the one it is about.
        let mut one_by_one = 0;
        while let [first, ..] = rest {
            let size = if one_by_one > 0 { 1 } else { rest.len() };
            let batch = &rest[..size];
            let last = &batch[size - 1];
            let mut set_aside = 0;
            attempt += 1;
            let id = Attempt {
                id: format!(
                    "{}/{}-{}",
                    self.context.run.id, first.event.counter, last.event.counter
                ),
                number: attempt,
            };
            let seen: Vec<SeenEvent<'_>> = batch.iter().map(LoggedEvent::seen).collect();
            let Some(lane) = &mut self.lane else { return Err("it is not started".to_owned()) };
            let answer = lane.deliver_events(&id, &seen).await;
            // How many are done with, whether the rest goes one by one, and what is next.
            let (done, narrow, next) = match answer {
                Delivered::All => (size, false, Next::Again),
                Delivered::Retry { accepted, after, reason } => {
                    (accepted, false, self.retry(after, reason, &mut pause))
                }
                Delivered::Rejected { accepted, reason } if accepted + 1 >= size => {
                    self.set_aside(&format!("event {}", last.event.counter), &reason)?;
                    set_aside = 1;
                    (size, false, Next::Again)
                }
                Delivered::Rejected { accepted, .. } => (accepted, true, Next::Again),
                Delivered::Failed { .. } if self.plugin.starts_over() => {
                    self.set_timer();
                    return Ok(());
                }
                Delivered::Failed { reason } if size == 1 && failures > 0 => {
                    self.set_aside(&format!("event {}", last.event.counter), &reason)?;
                    set_aside = 1;
                    failures = 0;
                    (size, false, Next::Again)
                }
                Delivered::Failed { .. } => {
                    failures += 1;
                    self.set_timer();
                    (0, true, Next::Again)
                }
                Delivered::Stopped { accepted, reason } => (accepted, false, Next::Stop(reason)),
                Delivered::Ended { reason } => (0, false, Next::Stop(reason)),
            };
            one_by_one = if narrow { size - done } else { usize::saturating_sub(one_by_one, done) };
            if let Some(last) = done.checked_sub(1).map(|index| &batch[index]) {
                self.report.events += (done - set_aside) as u64;
                attempt = 0;
                rest = &rest[done..];
                self.save(last.entry)?;
            }
            if matches!(next, Next::Again) {
                pause = FIRST_PAUSE;
            }
            self.wait(next).await?;
        }
        Ok(())
    }

    fn retry(&mut self, after: Option<Duration>, reason: String, pause: &mut Duration) -> Next {
        self.report.reason = Some(reason);
        let wait = after.unwrap_or(*pause);
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Next::After(wait)
    }

    fn save(&mut self, entry: u64) -> Result<(), String> {
        self.report.reason = None;
        self.cursor.save(entry).map_err(|error| error.to_string())
    }

    /// What the sink will never take: kept beside its log, and left behind.
    fn set_aside(&mut self, what: &str, reason: &str) -> Result<(), String> {
        self.report.set_aside += 1;
        let path = self.context.folder.join("set-aside.jsonl");
        let mut line = serde_json::json!({"what": what, "reason": reason}).to_string();
        line.push('\n');
        let mut options = OpenOptions::new();
        open_own(options.append(true).create(true).mode(0o600), &path)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|source| ArtifactError::Write { path, source }.to_string())
    }

    async fn close(mut self) -> SinkReport {
        // What is left can be counted once no more is written.
        self.cursor.wait_for_end().await;
        self.report.waiting = match self.cursor.count_waiting() {
            Ok(waiting) => waiting,
            Err(error) => {
                self.report.reason = Some(error.to_string());
                1
            }
        };
        if let Err(error) = self.cursor.finish(self.report.waiting == 0) {
            self.report.reason = Some(error.to_string());
        }
        let last_status = self.cursor.last_status();
        let ending = Ending {
            status: last_status.map_or("running", |change| change.status.as_str()).to_owned(),
            rc: last_status.and_then(|change| change.rc),
            complete: self.report.waiting == 0,
        };
        if let Some(lane) = self.lane.take() {
            self.report.lane = Some(lane.finish(&ending).await);
        }
        self.report
    }
}

/// Waits for a time; for ever where there is none.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
