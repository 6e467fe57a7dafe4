//! What a batch of events costs in each part of the host by itself, and in a plain Rust
//! closure that filters as `only-failed` does. Each has its rate of events beside it.
//!
//! `PLAYHOUSE_COMPONENTS` names the folder with the built plugins:
//! `PLAYHOUSE_COMPONENTS=$PWD/target/plugins cargo bench --workspace --bench parts`
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod built;
mod recorded;

use std::path::{Path, PathBuf};

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use playhouse::artifacts::ArtifactDir;
use playhouse::events::{Assembler, Event, EventOutcome, Fields, Nonce, SeenEvent, Segment};
use playhouse::input::JobEvents;
use playhouse::plugins::{Lane, LaneContext, PluginLane};
use playhouse::secrets::{Owner, Secrets};
use recorded::{Piece, Recorded};
use tokio::runtime::Runtime;

/// A batch of the pipeline.
const BATCH: usize = 256;

fn main() {
    if components().is_some() {
        divan::main();
    } else {
        println!("PLAYHOUSE_COMPONENTS is not set; it names the folder with the built plugins");
    }
}

/// Frames and markers of both streams become events.
#[divan::bench]
fn decoder(bencher: Bencher<'_, '_>) {
    let nonce = Nonce::random();
    let piece = Recorded::new(&nonce).next_piece(BATCH);
    bencher.counter(ItemsCount::new(BATCH)).bench(|| assemble(&nonce, &piece));
}

/// The typed view, from the records' JSON.
#[divan::bench]
fn fields(bencher: Bencher<'_, '_>) {
    let events = events();
    bencher.counter(ItemsCount::new(BATCH)).bench(|| Fields::of_events(&events));
}

/// Fifty secrets of plugins, looked for in all that the events say.
#[divan::bench]
fn secrets(bencher: Bencher<'_, '_>) {
    let secrets = Secrets::default();
    for number in 0..50_u64 {
        let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        secrets.add(&format!("{random:016x}/{number}"), Owner::Plugin);
    }
    let mut events = events();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for event in &mut events {
            event.hide(&secrets);
        }
    });
}

/// A batch into a filter and its answers back.
#[divan::bench]
fn crossing_filter(bencher: Bencher<'_, '_>) {
    let (runtime, room) = (runtime(), tempfile::tempdir().unwrap());
    let mut lane = lane(&runtime, "only-failed", room.path());
    let (events, fields) = seen();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let verdicts = runtime.block_on(lane.keep(&SeenEvent::of_events(&events, &fields)));
        assert!(verdicts.failed.is_empty(), "the filter answered");
    });
}

/// A batch into an enricher that notes something on each event.
#[divan::bench]
fn crossing_enricher(bencher: Bencher<'_, '_>) {
    let (runtime, room) = (runtime(), tempfile::tempdir().unwrap());
    let mut lane = lane(&runtime, "annotate", room.path());
    let (events, fields) = seen();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let enriched = runtime.block_on(lane.enrich(&SeenEvent::of_events(&events, &fields)));
        assert_eq!(enriched.changes.len(), BATCH);
    });
}

/// What a filter would cost that is no plugin.
#[divan::bench]
fn native_filter(bencher: Bencher<'_, '_>) {
    let (events, fields) = seen();
    bencher.counter(ItemsCount::new(BATCH)).bench(|| {
        let is_trouble = |seen: &SeenEvent<'_>| {
            let outcome = seen.fields.outcome;
            matches!(outcome, Some(EventOutcome::Failed | EventOutcome::Unreachable))
                || seen.event.name == "playbook_on_stats"
        };
        SeenEvent::of_events(&events, &fields).iter().map(is_trouble).collect::<Vec<bool>>()
    });
}

/// A file for each event, and the journal.
#[divan::bench]
fn writer_files(bencher: Bencher<'_, '_>) {
    write(bencher, JobEvents::Files);
}

/// A line for each event, and the journal.
#[divan::bench]
fn writer_lines(bencher: Bencher<'_, '_>) {
    write(bencher, JobEvents::Jsonl);
}

fn write(bencher: Bencher<'_, '_>, form: JobEvents) {
    let events = events();
    let room = tempfile::tempdir().unwrap();
    let (mut artifacts, _) =
        ArtifactDir::create(&room.path().join("run"), "recorded", form).unwrap();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let results = artifacts.write_events(events.iter());
        for (event, result) in events.iter().zip(results) {
            artifacts.enter(event, &result.unwrap(), Vec::new(), Vec::new());
        }
        artifacts.journal.flush().unwrap();
    });
}

fn components() -> Option<PathBuf> {
    std::env::var_os("PLAYHOUSE_COMPONENTS").map(PathBuf::from)
}

fn assemble(nonce: &Nonce, piece: &Piece) -> Vec<Segment> {
    let mut assembler = Assembler::new(nonce);
    assembler.push_records(&piece.records);
    assembler.push_output(&piece.output, Timestamp::UNIX_EPOCH);
    assembler.take_segments()
}

fn events() -> Vec<Event> {
    let nonce = Nonce::random();
    let piece = Recorded::new(&nonce).next_piece(BATCH);
    let segments = assemble(&nonce, &piece).into_iter();
    let event = |segment| match segment {
        Segment::Event(event) => event,
        Segment::Line { .. } | Segment::Unfinished(_) => unreachable!("all text is an event's"),
    };
    segments.map(event).collect()
}

fn seen() -> (Vec<Event>, Vec<Fields>) {
    let events = events();
    let fields = Fields::of_events(&events);
    (events, fields)
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn lane(runtime: &Runtime, name: &str, room: &Path) -> PluginLane {
    let plugin = built::load(&components().unwrap(), name);
    let context = LaneContext::without_run(name, room.to_owned());
    runtime.block_on(PluginLane::start(plugin, Lane::Path, context)).unwrap()
}
