//! How much a plugin may use, and why that much.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Limits that the operator or the plugin's metadata sets in place of the defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOverrides {
    /// MiB of linear memory, all of an instance together. 64: a Python plugin starts
    /// with 30, a Rust one with 1, and the largest event adds 8.
    pub memory_mib: Option<u64>,
    /// Bytes of `stdout`, `data` and `json` of one event together. 8 MiB: memory that a
    /// guest took it never gives back, so one giant result would stay for the run.
    pub event_bytes: Option<u64>,
    /// Bytes that cross in one call, in either direction. 64 MiB: an answer is at most a
    /// batch with every text replaced, and what is larger is nonsense; it traps.
    pub call_bytes: Option<u64>,
    /// Bytes that an enricher adds to a run's events in all, beside twice their own.
    /// 64 MiB: a thousand words for each of ten thousand events; each is on disk twice.
    pub added_bytes: Option<u64>,
    /// Milliseconds for one call of a filter or enricher. 1000: a person waits for it.
    pub call_ms: Option<u64>,
    /// Milliseconds that a filter and enricher may hold a run up in all, beside 2 % of the
    /// run's time. 2000: a run without trouble does not notice.
    pub path_ms: Option<u64>,
    /// Milliseconds for one delivery. 30000: what HTTP clients give an endpoint.
    pub deliver_ms: Option<u64>,
    /// Milliseconds for `init`. 10000: it may log in somewhere.
    pub init_ms: Option<u64>,
    /// Milliseconds for `prepare`. 30000: it may fetch credentials from a slow service.
    pub prepare_ms: Option<u64>,
    /// Milliseconds of processor time for one call that is not about events one by one
    /// (`init`, `prepare`, `finish`, a status), and the base of those that are. A filter
    /// or enricher has 100, a delivery 1000 (it builds documents), each with 1 more an
    /// event; everything else has 1000.
    pub cpu_ms: Option<u64>,
    /// Connections that are open at a time. 8: what a browser gives one host.
    pub connections: Option<u64>,
    /// Bytes of its log, a lane and run. 1 MiB: a person reads it.
    pub log_bytes: Option<u64>,
    /// Instances a lane may lose in a run. 3: enough for events that no one foresaw, too
    /// few to log in somewhere for ever.
    pub restarts: Option<u64>,
}

/// What holds where nobody says otherwise. Processor time depends on the call.
const DEFAULTS: LimitOverrides = LimitOverrides {
    memory_mib: Some(64),
    event_bytes: Some(8 << 20),
    call_bytes: Some(64 << 20),
    added_bytes: Some(64 << 20),
    call_ms: Some(1_000),
    path_ms: Some(2_000),
    deliver_ms: Some(30_000),
    init_ms: Some(10_000),
    prepare_ms: Some(30_000),
    cpu_ms: None,
    connections: Some(8),
    log_bytes: Some(1 << 20),
    restarts: Some(3),
};

/// A plugin's metadata gets no more than this many times a default: what a plugin costs
/// is for the operator to say.
const MOST: u64 = 8;
/// The same for processor time, whose default is one of the two.
const MOST_CPU_MS: u64 = MOST * DELIVERY_CPU_MS;
const PATH_CPU_MS: u64 = 100;
const DELIVERY_CPU_MS: u64 = 1_000;

/// What holds for one plugin: the operator's word, else the metadata's, else the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) memory: usize,
    pub(super) event_bytes: usize,
    pub(super) call_bytes: usize,
    pub(super) added_bytes: usize,
    pub(super) call: Duration,
    pub(super) path: Duration,
    pub(super) deliver: Duration,
    pub(super) init: Duration,
    pub(super) prepare: Duration,
    pub(super) connections: usize,
    pub(super) log_bytes: usize,
    pub(super) restarts: u64,
    cpu: Option<Duration>,
}

impl LimitOverrides {
    /// All that holds: these of the operator, else the metadata's as far as it may go, else
    /// the defaults. Only `cpu_ms` may be none.
    #[must_use]
    pub fn in_force(self, metadata: Self) -> Self {
        let of = |pick: fn(&Self) -> Option<u64>| {
            let most = pick(&DEFAULTS).map_or(MOST_CPU_MS, |default| default * MOST);
            let asked = pick(&metadata).map(|asked| asked.min(most));
            pick(&self).or(asked).or(pick(&DEFAULTS))
        };
        Self {
            memory_mib: of(|limits| limits.memory_mib),
            event_bytes: of(|limits| limits.event_bytes),
            call_bytes: of(|limits| limits.call_bytes),
            added_bytes: of(|limits| limits.added_bytes),
            call_ms: of(|limits| limits.call_ms),
            path_ms: of(|limits| limits.path_ms),
            deliver_ms: of(|limits| limits.deliver_ms),
            init_ms: of(|limits| limits.init_ms),
            prepare_ms: of(|limits| limits.prepare_ms),
            cpu_ms: of(|limits| limits.cpu_ms),
            connections: of(|limits| limits.connections),
            log_bytes: of(|limits| limits.log_bytes),
            restarts: of(|limits| limits.restarts),
        }
    }

    /// What the metadata of another version raises beyond the metadata of this one:
    /// `memory_mib 64 to 512`.
    pub(super) fn raised_from(self, before: Self) -> Vec<String> {
        let in_force = |limits: Self| {
            let limits = Self::default().in_force(limits);
            serde_json::to_value(limits).unwrap_or_default()
        };
        let (before, after) = (in_force(before), in_force(self));
        // Unset, processor time depends on the call: it was the least, and is the most.
        let number = |limits: &Value, name: &str, unset| limits[name].as_u64().unwrap_or(unset);
        let names = after.as_object().into_iter().flat_map(Map::keys);
        names
            .filter(|name| before[*name] != after[*name])
            .map(|name| {
                let before = number(&before, name, PATH_CPU_MS);
                (name, before, number(&after, name, DELIVERY_CPU_MS))
            })
            .filter(|(_, before, after)| before < after)
            .map(|(name, before, after)| format!("{name} {before} to {after}"))
            .collect()
    }
}

/// How long a firing of the epoch stands for.
pub(super) const EPOCH: Duration = Duration::from_millis(10);

/// Work of one call, which decides how much processor time it gets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Work {
    /// A filter's or enricher's batch of so many events.
    Path(usize),
    /// A delivery of so many events.
    Delivery(usize),
    /// Everything else.
    Once,
}

impl Limits {
    pub(super) fn new(operator: LimitOverrides, metadata: LimitOverrides) -> Self {
        let limits = operator.in_force(metadata);
        // Without a number there would be no limit; each of these has a default.
        let number = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
        let size = |limit: Option<u64>| usize::try_from(number(limit)).unwrap_or(usize::MAX);
        let millis = |limit: Option<u64>| Duration::from_millis(number(limit));
        Self {
            memory: size(limits.memory_mib.map(|count| count.saturating_mul(1 << 20))),
            event_bytes: size(limits.event_bytes),
            call_bytes: size(limits.call_bytes),
            added_bytes: size(limits.added_bytes),
            call: millis(limits.call_ms),
            path: millis(limits.path_ms),
            deliver: millis(limits.deliver_ms),
            init: millis(limits.init_ms),
            prepare: millis(limits.prepare_ms),
            connections: size(limits.connections),
            log_bytes: size(limits.log_bytes),
            restarts: number(limits.restarts),
            cpu: limits.cpu_ms.map(Duration::from_millis),
        }
    }

    /// How many firings of the epoch a call may see: only time inside the guest counts,
    /// since a call that waits in the host is not interrupted.
    pub(super) fn firings(&self, work: Work) -> u64 {
        let (base, events) = match work {
            Work::Path(events) => (PATH_CPU_MS, events),
            Work::Delivery(events) => (DELIVERY_CPU_MS, events),
            Work::Once => (DELIVERY_CPU_MS, 0),
        };
        let base = self.cpu.unwrap_or(Duration::from_millis(base));
        let millis = base.as_millis() + events as u128;
        u64::try_from(millis.div_ceil(EPOCH.as_millis())).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operators_word_comes_before_the_plugins() {
        let metadata =
            LimitOverrides { memory_mib: Some(32), call_ms: Some(5), ..LimitOverrides::default() };
        let operator = LimitOverrides { memory_mib: Some(128), ..LimitOverrides::default() };
        let limits = Limits::new(operator, metadata);
        assert_eq!(limits.memory, 128 << 20);
        assert_eq!(limits.call, Duration::from_millis(5));
        assert_eq!(limits.deliver, Duration::from_secs(30));
    }

    #[test]
    fn metadata_goes_so_far_and_the_operator_as_far_as_he_likes() {
        let much = LimitOverrides {
            memory_mib: Some(4_096),
            cpu_ms: Some(60_000),
            ..LimitOverrides::default()
        };
        let limits = LimitOverrides::default().in_force(much);
        assert_eq!((limits.memory_mib, limits.cpu_ms), (Some(512), Some(8_000)));
        assert_eq!(much.in_force(LimitOverrides::default()).memory_mib, Some(4_096));
        let raised = much.raised_from(LimitOverrides::default());
        assert_eq!(raised, ["memory_mib 64 to 512", "cpu_ms 100 to 8000"]);
        assert!(LimitOverrides::default().raised_from(much).is_empty());
        assert!(LimitOverrides::default().raised_from(LimitOverrides::default()).is_empty());
        let little = LimitOverrides { cpu_ms: Some(10), ..LimitOverrides::default() };
        assert!(little.raised_from(LimitOverrides::default()).is_empty());
        assert_eq!(LimitOverrides::default().raised_from(little), ["cpu_ms 10 to 1000"]);
    }

    #[test]
    fn each_limit_is_in_the_schema_and_in_the_sdks_table() {
        let schema: Value =
            serde_json::from_str(include_str!("../../../wit/plugin.schema.json")).unwrap();
        let table = include_str!("../../../plugin-sdk/README.md");
        let all = serde_json::to_value(DEFAULTS).unwrap();
        let described = &schema["properties"]["limits"]["properties"];
        for (name, default) in all.as_object().unwrap() {
            let limit = &described[name];
            assert_eq!(limit["type"], "integer", "{name} in wit/plugin.schema.json");
            assert_eq!(limit["default"], *default, "{name} in wit/plugin.schema.json");
            assert!(table.contains(&format!("`{name}`")), "{name} in plugin-sdk/README.md");
        }
        assert_eq!(described.as_object().unwrap().len(), all.as_object().unwrap().len());
    }

    #[test]
    fn processor_time_grows_with_the_batch() {
        let limits = Limits::new(LimitOverrides::default(), LimitOverrides::default());
        assert_eq!(limits.firings(Work::Path(0)), 10);
        assert_eq!(limits.firings(Work::Path(256)), 36);
        assert_eq!(limits.firings(Work::Once), 100);
    }
}
