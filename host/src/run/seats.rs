//! The plugins of a run, in chain order, with their lanes from `init` to the summary.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::seat::Seat;
use crate::artifacts::{ArtifactError, Position, plugin_folder, write_cursor, write_whole};
use crate::exec::Cancel;
use crate::pipeline::{Chain, LogState};
use crate::plugins::{Ending, Lane, LaneContext, Plugin, Rehearsal, RunFacts};
use crate::secrets::{Owner, Secrets};
use crate::{PluginSummary, RunError};

/// See the module's head.
pub(super) struct Seats {
    pub(super) list: Vec<Seat>,
    artifact_dir: PathBuf,
    runtime: Handle,
}

/// Why plugins are started.
pub(super) enum Purpose {
    Run,
    Deliver,
    Replay,
    /// A replay for whoever writes the plugin.
    TryOut,
    /// The world is recorded, or answers from a recording.
    Test(Arc<Rehearsal>),
}

impl Purpose {
    /// What `init` is told.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Deliver => "deliver",
            Self::Replay | Self::TryOut => "replay",
            Self::Test(_) => "test",
        }
    }

    fn rehearsal(&self) -> Option<Arc<Rehearsal>> {
        match self {
            Self::Test(rehearsal) => Some(Arc::clone(rehearsal)),
            Self::Run | Self::Deliver | Self::Replay | Self::TryOut => None,
        }
    }
}

/// Leaves in a plugin's folder what a later delivery has to know: what the plugin was, and
/// that its sink, where it has one, has taken nothing yet.
fn begin(plugin: &Plugin, run: &RunFacts, folder: &Path) -> Result<(), ArtifactError> {
    write_whole(&folder.join("plugin.json"), plugin.record().to_string().as_bytes())?;
    if plugin.hooks().has_lane(Lane::Delivery) {
        write_cursor(folder, &Position { run: run.id.clone(), n: 0 })?;
    }
    Ok(())
}

impl Seats {
    /// Gives each plugin its folder among the artifacts and its place, and hides its secrets
    /// from here on.
    pub(super) fn take(
        plugins: Vec<Arc<Plugin>>,
        run: &RunFacts,
        purpose: &Purpose,
        artifact_dir: &Path,
        secrets: &Secrets,
        runtime: &Handle,
    ) -> Result<Self, ArtifactError> {
        for value in plugins.iter().flat_map(|plugin| plugin.secret_values()) {
            secrets.add(&value, Owner::Plugin);
        }
        for setting in plugins.iter().flat_map(|plugin| plugin.confidential_settings()) {
            secrets.add_all(&setting, Owner::Operator);
        }
        let list = plugins
            .into_iter()
            .map(|plugin| {
                let folder = plugin_folder(artifact_dir, plugin.name().as_str())?;
                if matches!(purpose, Purpose::Run) {
                    begin(&plugin, run, &folder)?;
                }
                let context = LaneContext {
                    run: run.clone(),
                    purpose: purpose.as_str().to_owned(),
                    folder,
                    rehearsal: purpose.rehearsal(),
                    secrets: secrets.clone(),
                };
                Ok(Seat::new(plugin, context))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { list, artifact_dir: artifact_dir.to_owned(), runtime: runtime.clone() })
    }

    /// Starts the lanes, those on the event path first: `init` comes before anything else.
    /// Sinks begin to read the log.
    pub(super) fn start(
        &mut self,
        log: &watch::Sender<LogState>,
        cancel: &Cancel,
    ) -> Result<(), RunError> {
        self.start_path(cancel)?;
        self.start_delivery(log, cancel)
    }

    /// Starts the lanes on the event path alone.
    pub(super) fn start_path(&mut self, cancel: &Cancel) -> Result<(), RunError> {
        for seat in &mut self.list {
            if seat.plugin.hooks().has_lane(Lane::Path) {
                seat.path = Some(seat.start_lane(Lane::Path, &self.runtime, cancel)??);
            }
        }
        Ok(())
    }

    /// Starts the sinks alone.
    pub(super) fn start_delivery(
        &mut self,
        log: &watch::Sender<LogState>,
        cancel: &Cancel,
    ) -> Result<(), RunError> {
        for seat in &mut self.list {
            seat.start_sink(&self.artifact_dir, log, &self.runtime, cancel)?;
        }
        Ok(())
    }

    /// The plugins that events pass; they come back with [`Seats::take_back`].
    pub(super) fn chain(&mut self) -> Chain {
        let lanes = self
            .list
            .iter_mut()
            .filter_map(|seat| Some((Arc::clone(&seat.plugin), seat.path.take()?)));
        Chain::new(lanes.collect(), self.runtime.clone())
    }

    /// What [`Seats::chain`] gave away.
    pub(super) fn take_back(&mut self, chain: Chain) {
        for (plugin, lane) in chain.into_lanes() {
            let seat = self.list.iter_mut().find(|seat| seat.plugin.name() == plugin.name());
            if let Some(seat) = seat {
                seat.path = Some(lane);
            }
        }
    }

    /// Ends all lanes, once the sinks have taken what they can, and sums up. They end side
    /// by side, so that all of them together have the time that one has.
    pub(super) fn close(mut self, ending: &Ending) -> Vec<PluginSummary> {
        let finishing: Vec<_> = self
            .list
            .iter_mut()
            .map(|seat| {
                let (lane, ending) = (seat.path.take(), ending.clone());
                self.runtime.spawn(async move { Some(lane?.finish(&ending).await) })
            })
            .collect();
        self.list
            .into_iter()
            .zip(finishing)
            .map(|(seat, path)| seat.close(&self.runtime, path))
            .collect()
    }
}
