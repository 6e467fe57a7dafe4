//! Work whose instructions `cargo xtask instructions` counts, by running this under
//! callgrind: events from bytes, their typed view, batches through a filter and through an
//! enricher, files. It measures nothing itself. Between the parts it asks for its parent's
//! id, which nothing else here does: callgrind is told to write down its counts there. Each
//! count that is one of ours is announced: its place among all, its name and how many
//! events it is for.
//!
//! `PLAYHOUSE_COMPONENTS` names the folder with the built plugins.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod built;
mod recorded;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use playhouse::artifacts::ArtifactDir;
use playhouse::events::{Assembler, Event, Fields, Nonce, SeenEvent, Segment};
use playhouse::input::JobEvents;
use playhouse::plugins::{Lane, LaneContext, PluginLane};
use recorded::{Piece, Recorded};
use tokio::runtime::Runtime;

/// A batch of the pipeline, and as many as make one-off costs small.
const BATCH: usize = 256;
const BATCHES: usize = 8;
const EVENTS: usize = BATCH * BATCHES;

fn main() {
    let Some(folder) = std::env::var_os("PLAYHOUSE_COMPONENTS").map(PathBuf::from) else {
        println!("PLAYHOUSE_COMPONENTS is not set; run `cargo xtask instructions`");
        return;
    };
    let room = tempfile::tempdir().unwrap();
    let mut counts = Counts::default();
    let events = decode(&mut counts);
    cross(&folder, room.path(), &events, &mut counts);
    write(room.path(), &events, &mut counts);
}

/// Which counts have been written down.
#[derive(Default)]
struct Counts(u32);

impl Counts {
    /// Counts `work`, and not what came before it.
    fn count<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        self.mark();
        let done = black_box(work());
        self.mark();
        println!("{} {name} {EVENTS}", self.0);
        done
    }

    fn mark(&mut self) {
        self.0 += 1;
        black_box(std::os::unix::process::parent_id());
    }
}

/// Both streams, in pieces as large as a read gives them.
fn decode(counts: &mut Counts) -> Vec<Event> {
    let nonce = Nonce::random();
    let mut recorded = Recorded::new(&nonce);
    let pieces: Vec<Piece> = (0..EVENTS / 32).map(|_| recorded.next_piece(32)).collect();
    let mut events = Vec::with_capacity(EVENTS);
    counts.count("decoder", || {
        let mut assembler = Assembler::new(&nonce);
        for piece in &pieces {
            assembler.push_records(&piece.records);
            for output in piece.output.chunks(4096) {
                assembler.push_output(output, Timestamp::UNIX_EPOCH);
            }
            events.extend(assembler.take_segments().into_iter().filter_map(
                |segment| match segment {
                    Segment::Event(event) => Some(event),
                    Segment::Line { .. } | Segment::Unfinished(_) => None,
                },
            ));
        }
    });
    assert_eq!(events.len(), EVENTS);
    events
}

/// The typed view that the host derives for plugins, and batches through `only-failed` and
/// through `annotate`, which notes something on each event.
fn cross(folder: &Path, room: &Path, events: &[Event], counts: &mut Counts) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut only_failed = lane(&runtime, folder, room, "only-failed");
    let mut annotate = lane(&runtime, folder, room, "annotate");
    let fields = counts.count("fields", || Fields::of_events(events));
    let seen = SeenEvent::of_events(events, &fields);
    let mut keep = |batch: &[SeenEvent<'_>]| {
        let verdicts = runtime.block_on(only_failed.keep(batch));
        assert!(verdicts.failed.is_empty(), "the filter answered");
    };
    let mut enrich = |batch: &[SeenEvent<'_>]| {
        let enriched = runtime.block_on(annotate.enrich(batch));
        assert_eq!(enriched.changes.len(), batch.len());
    };
    // The first batch makes the guest's memory grow.
    keep(&seen[..BATCH]);
    counts.count("filter", || seen.chunks(BATCH).for_each(&mut keep));
    enrich(&seen[..BATCH]);
    counts.count("enricher", || seen.chunks(BATCH).for_each(&mut enrich));
}

fn lane(runtime: &Runtime, folder: &Path, room: &Path, name: &str) -> PluginLane {
    let plugin = built::load(folder, name);
    let context = LaneContext::without_run(name, room.to_owned());
    runtime.block_on(PluginLane::start(plugin, Lane::Path, context)).unwrap()
}

/// A file each, and an entry in the journal.
fn write(room: &Path, events: &[Event], counts: &mut Counts) {
    let (mut artifacts, _) =
        ArtifactDir::create(&room.join("run"), "recorded", JobEvents::Files).unwrap();
    counts.count("writer", || {
        for batch in events.chunks(BATCH) {
            let results = artifacts.write_events(batch.iter());
            for (event, result) in batch.iter().zip(results) {
                artifacts.enter(event, &result.unwrap(), Vec::new(), Vec::new());
            }
            artifacts.journal.flush().unwrap();
        }
    });
}
