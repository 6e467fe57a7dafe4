//! One plugin in one lane for the whole run: its instance, the instances after that one,
//! its budgets, counts and log.
//!
//! An instance that traps or overruns is gone, and with it all that the guest knew. The
//! next call gets a new one, as often as its limits allow; then the plugin has ended. Which
//! calls exist is in the neighbours `path_calls` and `delivery_calls`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bindings::exports::playhouse::plugin::lifecycle;
use super::bindings::playhouse::plugin::types;
use super::egress::Egress;
use super::growth::Growth;
use super::instance::{Budget, Instance, Lost};
use super::limits::Work;
use super::log::{LogLevel, PluginLog};
use super::own_secrets::LaneSecrets;
use super::stats::CallTimes;
use super::{Ending, Lane, LaneSummary, Plugin, PluginStats, Rehearsal, RunFacts, StartError};
use crate::secrets::Secrets;

/// What a plugin on the path may take of the time since its lane started, beside what it
/// may take of any run: one fiftieth is 2 %.
const PATH_PART: u32 = 50;

/// What a lane belongs to.
#[derive(Debug, Clone)]
pub struct LaneContext {
    /// The run, as `init` tells of it.
    pub run: RunFacts,
    /// `run`, `deliver`, `replay`, `test`, `check`.
    pub purpose: String,
    /// The plugin's folder among the artifacts, which must exist: `log` and
    /// `set-aside.jsonl` go there.
    pub folder: PathBuf,
    /// Where the plugin is under test, who answers for the world.
    pub rehearsal: Option<Arc<Rehearsal>>,
    /// What is hidden wherever it stands: the plugin's own secrets are added when it gets them.
    pub secrets: Secrets,
}

impl LaneContext {
    /// For a plugin that is called and takes part in no run.
    pub fn without_run(name: &str, folder: PathBuf) -> Self {
        let run = RunFacts {
            id: name.to_owned(),
            ident: name.to_owned(),
            playbook: None,
            started: 0,
            ext: Vec::new(),
        };
        let purpose = "test".to_owned();
        Self { run, purpose, folder, rehearsal: None, secrets: Secrets::default() }
    }
}

/// See the module's head. Not to be used by two callers at a time.
pub struct PluginLane {
    pub(super) plugin: Arc<Plugin>,
    pub(super) context: LaneContext,
    pub(super) log: Arc<PluginLog>,
    pub(super) stats: PluginStats,
    pub(super) growth: Growth,
    lane: Lane,
    egress: Arc<Egress>,
    secrets: Arc<LaneSecrets>,
    instance: Option<Instance>,
    times: CallTimes,
    failures: u32,
    last_failure: Option<String>,
    ended: Option<String>,
    started: Instant,
    /// Time that calls on the path have taken.
    path_time: Duration,
}

/// Why `init` did not give an instance.
enum InitFailure {
    Said(lifecycle::InitError),
    Lost(Lost),
}

impl PluginLane {
    /// Instantiates the plugin and calls its `init`.
    pub async fn start(
        plugin: Arc<Plugin>,
        lane: Lane,
        context: LaneContext,
    ) -> Result<Self, StartError> {
        let log = Arc::new(PluginLog::new(
            &context.folder,
            lane,
            plugin.limits.log_bytes,
            context.secrets.clone(),
        ));
        if let Some(notice) = plugin.tls.take_notice() {
            log.write_ours(LogLevel::Warn, &notice);
        }
        if let Some(rehearsal) = &context.rehearsal {
            rehearsal.conceal_settings(&plugin.confidential_settings());
        }
        let egress = Arc::new(Egress::new(
            Arc::clone(&plugin.grants),
            Arc::clone(&plugin.tls),
            Arc::clone(&plugin.proxies),
            plugin.limits.connections,
            context.rehearsal.clone(),
        ));
        let growth = Growth::new(plugin.limits.added_bytes);
        let mut started = Self {
            plugin,
            context,
            log,
            stats: PluginStats::default(),
            growth,
            lane,
            egress,
            secrets: Arc::default(),
            instance: None,
            times: CallTimes::default(),
            failures: 0,
            last_failure: None,
            ended: None,
            started: Instant::now(),
            path_time: Duration::ZERO,
        };
        match started.instantiate().await {
            Ok(instance) => {
                started.instance = Some(instance);
                started.started = Instant::now();
                Ok(started)
            }
            Err(failure) => Err(started.start_error(failure)),
        }
    }

    /// The plugin it belongs to.
    pub fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// Whether the plugin takes no further part.
    pub fn ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Why the plugin takes no further part, or is passed over on the path.
    pub fn trouble(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// Whether the last instance was lost, and with it what it knew.
    pub fn lost_its_memory(&self) -> bool {
        self.instance.is_none()
    }

    /// What it has counted so far.
    pub fn stats(&self) -> PluginStats {
        let mut stats = self.stats.clone();
        stats.p99 = self.times.p99();
        stats.refusals = self.egress.refusals();
        stats.proxied = self.egress.is_proxied();
        stats
    }

    /// Calls `finish`, unless the instance was lost, and sums up.
    pub async fn finish(mut self, ending: &Ending) -> LaneSummary {
        if let Some(mut instance) = self.instance.take() {
            let budget = Budget::new(&self.plugin.limits, Work::Once, self.plugin.limits.init);
            let ending = lifecycle::Ending {
                status: &ending.status,
                rc: ending.rc,
                complete: ending.complete,
                ext: &[],
            };
            let result = instance.finish(budget, ending).await;
            instance.flush_output();
            self.count_use_of(&mut instance);
            let failure = match result {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("could not finish: {error}")),
                Err(lost) => Some(lost.reason().to_owned()),
            };
            if let Some(failure) = failure {
                self.log.write_ours(LogLevel::Error, &failure);
                self.last_failure = Some(failure);
            }
        }
        self.log.finish();
        let trouble = self.ended.take().or(self.last_failure.take());
        LaneSummary { stats: self.stats(), trouble }
    }

    /// The instance, a new one if the last was lost; none if there will not be another.
    /// It is taken out: a call that comes back gives it back through
    /// [`after_call`](Self::after_call).
    pub(super) async fn take_instance(&mut self) -> Option<Instance> {
        while self.ended.is_none() {
            if let Some(instance) = self.instance.take() {
                return Some(instance);
            }
            self.stats.restarts += 1;
            match self.instantiate().await {
                Ok(instance) => return Some(instance),
                Err(InitFailure::Lost(lost)) => self.count_failure(lost.reason()),
                Err(InitFailure::Said(lifecycle::InitError::Config(error))) => {
                    self.count_failure(&format!(
                        "refused its settings when started again: {}",
                        error.message
                    ));
                }
                Err(InitFailure::Said(lifecycle::InitError::Failed(message))) => {
                    self.count_failure(&format!("could not start again: {message}"));
                }
            }
        }
        None
    }

    /// Gives the instance back where it survived, and counts the call.
    pub(super) fn after_call<T>(
        &mut self,
        mut instance: Instance,
        started: Instant,
        result: Result<T, Lost>,
    ) -> Result<T, Lost> {
        let time = started.elapsed();
        self.stats.calls += 1;
        self.times.record(time);
        if self.lane == Lane::Path {
            self.path_time += time;
        }
        self.count_use_of(&mut instance);
        if result.is_ok() {
            self.instance = Some(instance);
        }
        result
    }

    /// One failure more; at the last the plugin ends.
    pub(super) fn count_failure(&mut self, reason: &str) {
        self.failures += 1;
        self.stats.failures += 1;
        self.log.write_ours(LogLevel::Error, reason);
        self.last_failure = Some(reason.to_owned());
        if u64::from(self.failures) >= self.plugin.limits.restarts {
            let times = self.failures;
            let reason = format!(
                "failed {times} times and takes no further part; the last time it {reason}"
            );
            self.log.write_ours(LogLevel::Error, &reason);
            self.ended = Some(reason);
        }
    }

    /// Whether the plugin is passed over because it has held the run up for too long.
    pub(super) fn is_over_path_budget(&mut self) -> bool {
        let budget = self.plugin.limits.path + self.started.elapsed() / PATH_PART;
        if !self.stats.bypassed && self.path_time > budget {
            self.stats.bypassed = true;
            let reason = format!(
                "held events up for {:.1} s of a run of {:.1} s and is passed over from here on",
                self.path_time.as_secs_f64(),
                self.started.elapsed().as_secs_f64()
            );
            self.log.write_ours(LogLevel::Error, &reason);
            self.ended.get_or_insert(reason);
        }
        self.stats.bypassed
    }

    fn count_use_of(&mut self, instance: &mut Instance) {
        self.stats.guest_cpu += instance.take_cpu();
        self.stats.peak_memory = self.stats.peak_memory.max(instance.peak_memory());
    }

    async fn instantiate(&mut self) -> Result<Instance, InitFailure> {
        let limits = &self.plugin.limits;
        let budget = Budget::new(limits, Work::Once, limits.init);
        let mut instance =
            Instance::new(&self.plugin, &self.log, &self.egress, &self.secrets, budget)
                .await
                .map_err(InitFailure::Lost)?;
        let run = &self.context.run;
        let ext: Vec<(&str, &str)> =
            run.ext.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let config = serde_json::Value::Object(self.plugin.config.clone()).to_string();
        let setup = lifecycle::Setup {
            name: self.plugin.name.as_str(),
            host_version: env!("CARGO_PKG_VERSION"),
            lane: match self.lane {
                Lane::Path => lifecycle::Lane::Path,
                Lane::Delivery => lifecycle::Lane::Delivery,
            },
            purpose: &self.context.purpose,
            restart: u32::try_from(self.stats.restarts).unwrap_or(u32::MAX),
            config: &config,
            run: types::Run {
                id: &run.id,
                ident: &run.ident,
                playbook: run.playbook.as_deref(),
                started: run.started,
                ext: &ext,
            },
            ext: &[],
        };
        let result = instance.init(budget, setup).await;
        self.count_use_of(&mut instance);
        match result {
            Ok(Ok(())) => Ok(instance),
            Ok(Err(error)) => {
                instance.flush_output();
                Err(InitFailure::Said(error))
            }
            Err(lost) => Err(InitFailure::Lost(lost)),
        }
    }

    fn start_error(&self, failure: InitFailure) -> StartError {
        let plugin = self.plugin.name.to_string();
        match failure {
            InitFailure::Said(lifecycle::InitError::Config(error)) => {
                StartError::Config { plugin, setting: error.setting, message: error.message }
            }
            InitFailure::Said(lifecycle::InitError::Failed(message)) => {
                StartError::Failed { plugin, message }
            }
            InitFailure::Lost(lost) => StartError::Lost {
                plugin,
                reason: lost.reason().to_owned(),
                log: self.log.path().to_owned(),
            },
        }
    }
}
