//! What `playbook_on_stats` says of each host.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Event;

/// A host's line of the play recap. `dark` is Ansible's word for unreachable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Tasks that went well, those that changed something among them.
    pub ok: u64,
    /// Tasks that changed something.
    pub changed: u64,
    /// Times it could not be reached.
    pub dark: u64,
    /// Tasks that failed for good.
    pub failures: u64,
    /// Tasks that were skipped.
    pub skipped: u64,
    /// Failures that a rescue block took care of.
    pub rescued: u64,
    /// Failures that `ignore_errors` passed over.
    pub ignored: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct StatsData {
    processed: BTreeMap<String, u64>,
    ok: BTreeMap<String, u64>,
    changed: BTreeMap<String, u64>,
    dark: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
    skipped: BTreeMap<String, u64>,
    rescued: BTreeMap<String, u64>,
    ignored: BTreeMap<String, u64>,
}

impl HostStats {
    /// By host, what a `playbook_on_stats` event says; none for any other event.
    pub fn of_event(event: &Event) -> Option<BTreeMap<String, Self>> {
        if event.name != "playbook_on_stats" {
            return None;
        }
        Self::of_data(event.data()?)
    }

    /// By host, what the `event_data` of such an event says.
    pub fn of_data(json: &str) -> Option<BTreeMap<String, Self>> {
        let data: StatsData = serde_json::from_str(json).ok()?;
        let count =
            |counts: &BTreeMap<String, u64>, host: &str| counts.get(host).copied().unwrap_or(0);
        Some(
            data.processed
                .keys()
                .map(|host| {
                    let stats = Self {
                        ok: count(&data.ok, host),
                        changed: count(&data.changed, host),
                        dark: count(&data.dark, host),
                        failures: count(&data.failures, host),
                        skipped: count(&data.skipped, host),
                        rescued: count(&data.rescued, host),
                        ignored: count(&data.ignored, host),
                    };
                    (host.clone(), stats)
                })
                .collect(),
        )
    }
}
