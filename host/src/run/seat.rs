//! A plugin's place in a run: its lanes from `init` to the summary.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::plugins::{Ending, LaneContext, LaneSummary, Plugin, PluginLane, PluginStats};
use crate::sinks::SinkReport;
use crate::{DeliverySummary, PluginSummary};

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

    /// Ends the plugin's lanes and sums up what it did.
    pub(super) fn close(self, runtime: &Handle, ending: &Ending) -> PluginSummary {
        let mut summaries: Vec<LaneSummary> = Vec::new();
        if let Some(lane) = self.path {
            summaries.push(runtime.block_on(lane.finish(ending)));
        }
        let mut stats = PluginStats::default();
        let mut trouble = self.trouble;
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
