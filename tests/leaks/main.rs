//! Guests that die a thousand times leave nothing behind: neither memory nor descriptors.
//! In a program of its own, since others would move both.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::time::Duration;

use playhouse::Playhouse;
use playhouse::input::{PluginFlags, RunSpec};
use playhouse::plugins::{CompiledCache, PluginLibrary};
use tests::guest;

/// Each run loses three instances, and a few more than that are made.
const RUNS: usize = 340;
/// KiB that an allocator may keep without giving back, and what the first runs leave for the
/// rest: compiled code, threads' stacks.
const SLACK_KIB: usize = 24 << 10;

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One event a line, as Ansible Runner leaves them.
fn recording(room: &std::path::Path) {
    let events = room.join("artifacts/recorded/job_events");
    fs::create_dir_all(&events).unwrap();
    fs::write(room.join("artifacts/recorded/status"), "successful").unwrap();
    for counter in 1..=4 {
        let event = serde_json::json!({
            "uuid": format!("u{counter}"), "counter": counter, "stdout": "text",
            "start_line": 0, "end_line": 1, "runner_ident": "recorded",
            "event": "runner_on_ok", "pid": 1, "created": "2026-01-01T00:00:00+00:00",
            "event_data": {"host": "web1", "res": {}}
        });
        fs::write(events.join(format!("{counter}-u{counter}.json")), event.to_string()).unwrap();
    }
}

#[test]
fn a_thousand_lost_instances_leave_nothing() {
    let room = tempfile::tempdir().unwrap();
    recording(room.path());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cache = CompiledCache {
        folder: room.path().join("cache/aot"),
        key: room.path().join("state/aot.key"),
        compiler: None,
    };
    let library = PluginLibrary::new(Vec::new(), Some(cache));
    let playhouse = Playhouse::new(runtime.handle().clone(), library);
    let misdeeds = ["panic", "grow", "recurse", "wrong-count"];
    let replay = |misdeed: &str| {
        let spec = RunSpec {
            private_data_dir: room.path().to_owned(),
            plugins: PluginFlags {
                plugins: vec![guest("rogue").to_str().unwrap().to_owned()],
                config: vec!["rogue.in=keep".into(), format!("rogue.do={misdeed}")],
                ..PluginFlags::default()
            },
            ..RunSpec::default()
        };
        let outcome =
            playhouse.replay(&spec, "recorded", Duration::from_secs(10), &mut ()).unwrap();
        let stats = &outcome.plugins[0].stats;
        assert!(stats.failures >= 1, "{misdeed}: {stats:?}");
        assert_eq!(outcome.events, 4);
        stats.failures + stats.restarts
    };
    for misdeed in misdeeds.into_iter().cycle().take(20) {
        replay(misdeed);
    }
    let before = (descriptors(), resident_kib());
    let lost: u64 = misdeeds.into_iter().cycle().take(RUNS).map(replay).sum();
    let after = (descriptors(), resident_kib());
    assert!(lost >= 1_000, "{lost} instances were lost");
    assert_eq!(after.0, before.0, "descriptors");
    assert!(after.1 < before.1 + SLACK_KIB, "resident: {} KiB, then {}", before.1, after.1);
}
