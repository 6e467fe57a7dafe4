//! What one event through one typed plugin costs, in batches of 256 and with the host's
//! record included: the filter `only-failed`, and the enricher `annotate`, which notes
//! something on each. Each line is one that the README's table has.
//!
//! `PLAYHOUSE_COMPONENTS` names the folder with the built plugins.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod built;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use playhouse::events::{Event, Fields, SeenEvent};
use playhouse::plugins::{Lane, LaneContext, Plugin, PluginLane};
use tokio::runtime::Runtime;

const BATCH: u64 = 256;
const BATCHES: u32 = 2_000;
const ROUNDS: u32 = 7;

fn main() {
    let Some(folder) = std::env::var_os("PLAYHOUSE_COMPONENTS").map(PathBuf::from) else {
        println!("PLAYHOUSE_COMPONENTS is not set; run `cargo xtask bench crossing`");
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let events: Vec<Event> = (1..=BATCH).map(event).collect();
    let fields = Fields::of_events(&events);
    let batch = SeenEvent::of_events(&events, &fields);

    let only_failed = built::load(&folder, "only-failed");
    let micros = best(&runtime, &only_failed, async |lane| {
        let verdicts = lane.keep(&batch).await;
        assert!(verdicts.failed.is_empty(), "the filter answered");
    });
    say("filter", micros, "`only-failed`");

    let annotate = built::load(&folder, "annotate");
    let micros = best(&runtime, &annotate, async |lane| {
        let enriched = lane.enrich(&batch).await;
        assert_eq!(enriched.changes.len(), batch.len());
    });
    say("enricher", micros, "`annotate`, which notes something on each");
}

/// Microseconds an event, in the best of some rounds.
fn best(
    runtime: &Runtime,
    plugin: &Arc<Plugin>,
    mut cross: impl AsyncFnMut(&mut PluginLane),
) -> f64 {
    let room = tempfile::tempdir().unwrap();
    let mut best = Duration::MAX;
    for round in 0..ROUNDS {
        let context = LaneContext::without_run("bench", room.path().join(round.to_string()));
        let took = runtime.block_on(async {
            let mut lane = PluginLane::start(Arc::clone(plugin), Lane::Path, context).await;
            let lane = lane.as_mut().unwrap();
            let started = Instant::now();
            for _ in 0..BATCHES {
                cross(lane).await;
            }
            started.elapsed()
        });
        best = best.min(took);
    }
    best.as_secs_f64() * 1e6 / (f64::from(BATCHES) * 256.0)
}

fn say(hook: &str, micros: f64, plugin: &str) {
    println!(
        "{hook}: {micros:.2} µs an event through {plugin}, batches of {BATCH}, best of {ROUNDS}"
    );
}

/// Results of one task on eight hosts, in the form Ansible Runner gives them.
fn event(counter: u64) -> Event {
    let json = format!(
        r#"{{"uuid": "0b1c2d3e-0000-4000-8000-{counter:012}", "counter": {counter}, "stdout": "ok: [web{host}]", "start_line": 0, "end_line": 1, "runner_ident": "bench", "event": "runner_on_ok", "pid": 7, "created": "2026-11-24T09:00:00.000000+00:00", "parent_uuid": "02fc0000-0001-0000-0000-000000000007", "event_data": {{"playbook": "site.yml", "play": "Roll out", "play_uuid": "02fc0000-0001-0000-0000-000000000002", "task": "Copy the code", "task_uuid": "02fc0000-0001-0000-0000-000000000007", "task_action": "copy", "resolved_action": "ansible.builtin.copy", "task_path": "/srv/project/site.yml:17", "host": "web{host}", "res": {{"changed": true}}, "duration": 0.25}}}}"#,
        host = counter % 8
    );
    Event::from_json(&json).unwrap()
}
