//! How much a plugin may use, and why that much.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
    /// Milliseconds for one call of a filter or enricher. 1000: a person waits for it.
    pub call_ms: Option<u64>,
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
}

/// What holds for one plugin: the operator's word, else the metadata's, else the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) memory: usize,
    pub(super) event_bytes: usize,
    pub(super) call: Duration,
    pub(super) deliver: Duration,
    pub(super) init: Duration,
    pub(super) prepare: Duration,
    cpu: Option<Duration>,
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
    pub(super) fn new(operator: &LimitOverrides, metadata: &LimitOverrides) -> Self {
        let of = |pick: fn(&LimitOverrides) -> Option<u64>, default: u64| {
            pick(operator).or_else(|| pick(metadata)).unwrap_or(default)
        };
        let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Self {
            memory: bytes(of(|limits| limits.memory_mib, 64).saturating_mul(1 << 20)),
            event_bytes: bytes(of(|limits| limits.event_bytes, 8 << 20)),
            call: Duration::from_millis(of(|limits| limits.call_ms, 1_000)),
            deliver: Duration::from_millis(of(|limits| limits.deliver_ms, 30_000)),
            init: Duration::from_millis(of(|limits| limits.init_ms, 10_000)),
            prepare: Duration::from_millis(of(|limits| limits.prepare_ms, 30_000)),
            cpu: operator.cpu_ms.or(metadata.cpu_ms).map(Duration::from_millis),
        }
    }

    /// How many firings of the epoch a call may see: only time inside the guest counts,
    /// since a call that waits in the host is not interrupted.
    pub(super) fn firings(&self, work: Work) -> u64 {
        let (base, events) = match work {
            Work::Path(events) => (100, events),
            Work::Delivery(events) => (1_000, events),
            Work::Once => (1_000, 0),
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
        let limits = Limits::new(&operator, &metadata);
        assert_eq!(limits.memory, 128 << 20);
        assert_eq!(limits.call, Duration::from_millis(5));
        assert_eq!(limits.deliver, Duration::from_secs(30));
    }

    #[test]
    fn processor_time_grows_with_the_batch() {
        let limits = Limits::new(&LimitOverrides::default(), &LimitOverrides::default());
        assert_eq!(limits.firings(Work::Path(0)), 10);
        assert_eq!(limits.firings(Work::Path(256)), 36);
        assert_eq!(limits.firings(Work::Once), 100);
    }
}
