//! A plugin's place in a run: its lanes from `init` to the summary.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::exec::Cancel;
use crate::pipeline::LogState;
use crate::plugins::{Lane, LaneContext, LaneSummary, Plugin, PluginLane, PluginStats, StartError};
use crate::sinks::{SinkReport, deliver};
use crate::{DeliverySummary, PluginSummary, RunError};

/// A plugin of this run with its lanes.
pub(super) struct Seat {
    pub(super) plugin: Arc<Plugin>,
    pub(super) context: LaneContext,
    pub(super) path: Option<PluginLane>,
    pub(super) sink: Option<JoinHandle<SinkReport>>,
    pub(super) config_changes: u64,
    pub(super) trouble: Option<String>,
}

impl Seat {
    pub(super) fn new(plugin: Arc<Plugin>, context: LaneContext) -> Self {
        Self { plugin, context, path: None, sink: None, config_changes: 0, trouble: None }
    }

    pub(super) fn start_lane(
        &self,
        lane: Lane,
        runtime: &Handle,
        cancel: &Cancel,
    ) -> Result<Result<PluginLane, StartError>, RunError> {
        let lane = PluginLane::start(Arc::clone(&self.plugin), lane, self.context.clone());
        runtime.block_on(self.unless_canceled(cancel, lane))
    }

    /// What a plugin does before Ansible is started ends at once when the run is canceled.
    pub(super) async fn unless_canceled<T>(
        &self,
        cancel: &Cancel,
        work: impl Future<Output = T>,
    ) -> Result<T, RunError> {
        tokio::select! {
            biased;
            () = cancel.canceled() => {
                Err(RunError::Canceled { plugin: self.plugin.name().to_string() })
            }
            done = work => Ok(done),
        }
    }

    /// Lets a sink begin to read the log; whatever has no sink stays as it is.
    pub(super) fn start_sink(
        &mut self,
        artifact_dir: &Path,
        log: &watch::Sender<LogState>,
        runtime: &Handle,
        cancel: &Cancel,
    ) -> Result<(), RunError> {
        if !self.plugin.hooks().has_lane(Lane::Delivery) {
            return Ok(());
        }
        let lane = match self.start_lane(Lane::Delivery, runtime, cancel)? {
            Ok(lane) => Some(lane),
            // Its endpoint may come up later than the run.
            Err(StartError::Failed { .. }) => None,
            Err(error @ (StartError::Config { .. } | StartError::Folder { .. })) => {
                return Err(error.into());
            }
            Err(error @ StartError::Lost { .. }) => {
                self.trouble = Some(error.to_string());
                return Ok(());
            }
        };
        self.sink = Some(runtime.spawn(deliver(
            Arc::clone(&self.plugin),
            lane,
            self.context.clone(),
            artifact_dir.to_owned(),
            log.subscribe(),
        )));
        Ok(())
    }

    /// Waits for the plugin's lanes to end, the one on the path in a task, and sums up what
    /// it did.
    pub(super) fn close(
        self,
        runtime: &Handle,
        path: JoinHandle<Option<LaneSummary>>,
    ) -> PluginSummary {
        let mut summaries: Vec<LaneSummary> = Vec::new();
        let mut stats = PluginStats::default();
        let mut trouble = self.trouble;
        match runtime.block_on(path) {
            Ok(summary) => summaries.extend(summary),
            Err(error) => trouble = trouble.or(Some(format!("its end broke: {error}"))),
        }
        let delivery = self.sink.map(|sink| {
            let report = runtime.block_on(sink).unwrap_or_else(|error| SinkReport {
                waiting: 1,
                reason: Some(format!("its delivery broke: {error}")),
                statuses: 0,
                events: 0,
                set_aside: 0,
                lane: None,
            });
            trouble = trouble.take().or(report.reason);
            stats.set_aside += report.set_aside;
            summaries.extend(report.lane);
            DeliverySummary {
                statuses: report.statuses,
                events: report.events,
                waiting: report.waiting,
                required: self.plugin.required(),
            }
        });
        for summary in &summaries {
            stats.add(&summary.stats);
            trouble = trouble.or_else(|| summary.trouble.clone());
        }
        PluginSummary {
            name: self.plugin.name().to_string(),
            version: self.plugin.version().to_owned(),
            stats,
            config_changes: self.config_changes,
            delivery,
            trouble,
        }
    }
}
