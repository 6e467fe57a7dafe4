//! What a lane counts, for the run's summary.

use std::time::Duration;

/// Counts of one lane over the run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginStats {
    /// Calls of hooks, `init` and `finish` not among them.
    pub calls: u64,
    /// Events that crossed into the plugin; one given again counts again.
    pub events_in: u64,
    /// Events that a filter dropped.
    pub dropped: u64,
    /// Events that an enricher changed.
    pub changed: u64,
    /// Events and status changes that a sink took.
    pub delivered: u64,
    /// Events that no instance survived.
    pub set_aside: u64,
    /// Calls that ended in a trap, an overrun or an answer that makes no sense.
    pub failures: u64,
    /// Instances after the first.
    pub restarts: u64,
    /// Things asked of the host that were not granted.
    pub refusals: u64,
    /// Parts of changes that were dropped because they were malformed.
    pub malformed: u64,
    /// The time within which 99 of 100 calls ended; of two lanes the longer one.
    pub p99: Duration,
    /// Time spent running the guest, waits in the host excluded.
    pub guest_cpu: Duration,
    /// The most linear memory an instance had, in bytes.
    pub peak_memory: u64,
    /// The path budget was used up and the plugin was passed over from then on.
    pub bypassed: bool,
    /// Whether anything it sent went through a proxy.
    pub proxied: bool,
}

impl PluginStats {
    /// Adds what another lane of the same plugin counted.
    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.events_in += other.events_in;
        self.dropped += other.dropped;
        self.changed += other.changed;
        self.delivered += other.delivered;
        self.set_aside += other.set_aside;
        self.failures += other.failures;
        self.restarts += other.restarts;
        self.refusals += other.refusals;
        self.malformed += other.malformed;
        self.p99 = self.p99.max(other.p99);
        self.guest_cpu += other.guest_cpu;
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.bypassed |= other.bypassed;
        self.proxied |= other.proxied;
    }
}

/// What a lane leaves behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneSummary {
    /// Its counts.
    pub stats: PluginStats,
    /// Why the plugin took no further part, or what else went wrong last.
    pub trouble: Option<String>,
}

/// How long calls took, in buckets of a sixteenth of their size: enough for a p99, and
/// the same memory for ten calls and ten million.
#[derive(Debug, Clone, Default)]
pub(super) struct CallTimes {
    buckets: std::collections::BTreeMap<u64, u64>,
    count: u64,
}

impl CallTimes {
    pub(super) fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let step = (micros >> 4).checked_ilog2().map_or(1, |log| 1_u64 << log);
        let upper = micros.div_ceil(step).saturating_mul(step);
        *self.buckets.entry(upper).or_default() += 1;
        self.count += 1;
    }

    pub(super) fn p99(&self) -> Duration {
        let rank = (self.count * 99).div_ceil(100);
        let mut seen = 0;
        for (&micros, &count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Duration::from_micros(micros);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_call_of_a_hundred_does_not_count() {
        let mut times = CallTimes::default();
        assert_eq!(times.p99(), Duration::ZERO);
        for _ in 0..99 {
            times.record(Duration::from_micros(100));
        }
        times.record(Duration::from_secs(1));
        let p99 = times.p99().as_micros();
        assert!((100..=113).contains(&p99), "{p99}");
        times.record(Duration::from_secs(1));
        assert!(times.p99() >= Duration::from_secs(1));
    }
}
