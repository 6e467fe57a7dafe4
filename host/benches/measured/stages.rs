//! The stages one after another on one thread, each added to those before it. What a
//! stage costs is the difference.

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use playhouse::artifacts::ArtifactDir;
use playhouse::events::{Assembler, Event, Fields, SeenEvent, Segment};
use playhouse::input::JobEvents;
use playhouse::plugins::PluginLane;
use tokio::runtime::Runtime;

use super::lanes::Lanes;
use super::stored::{Stored, push};
use super::{BATCH, Clock, Cost, IDENT, Place};

/// Each does all that those before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The recording from the page cache: what the bench itself costs.
    Read,
    /// Frames and markers are found; what they enclose is cut out.
    Decode,
    /// Records and text become events.
    Assemble,
    /// The typed view of each, from its JSON.
    Fields,
    /// Batches through `only-failed`, which keeps all for the next.
    Filter,
    /// The JSON of `job_events`.
    Serialise,
    /// A line of `events.jsonl` for each event, and the journal.
    WriteLines,
    /// A file for each event, and the journal.
    WriteEach,
}

/// Runs the stages up to `last`.
pub(super) fn run(last: Stage, mut stream: Stored, place: &Place) -> Cost {
    let events = stream.events;
    let mut work = Work::new(last, place);
    let clock = Clock::start();
    let mut assembler = Assembler::new(&stream.nonce);
    let nonce = stream.nonce.clone();
    let mut batch: Vec<Event> = Vec::with_capacity(BATCH);
    let mut seen = 0;
    while let Some(piece) = stream.next_piece().expect("a recording") {
        match last {
            Stage::Read => {
                black_box(piece);
            }
            Stage::Decode => {
                // Nothing asks it for events, so that it makes none.
                let mut decoder = Assembler::new(&nonce);
                push(piece, &mut decoder);
                black_box(&decoder);
            }
            _ => {
                push(piece, &mut assembler);
                for segment in assembler.take_segments() {
                    let Segment::Event(event) = segment else { panic!("{segment:?}") };
                    seen += 1;
                    batch.push(event);
                    if batch.len() == BATCH {
                        work.take(&batch);
                        batch.clear();
                    }
                }
            }
        }
    }
    work.take(&batch);
    work.finish();
    let cost = clock.stop(events as u64);
    assert!(last <= Stage::Decode || seen == events, "{seen} of {events} events");
    cost
}

/// What is done with a batch.
struct Work {
    last: Stage,
    runtime: Runtime,
    filter: Option<PluginLane>,
    artifacts: ArtifactDir,
    text: String,
}

impl Work {
    fn new(last: Stage, place: &Place) -> Self {
        let form = if last == Stage::WriteEach { JobEvents::Files } else { JobEvents::Jsonl };
        let folder = place.room.join("run");
        let (artifacts, _) = ArtifactDir::create(&folder, IDENT, form).expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let filter = (last >= Stage::Filter).then(|| {
            let lanes = Lanes::new(place).path(&runtime, 1, artifacts.path());
            lanes.into_iter().next().expect("a filter").1
        });
        Self { last, runtime, filter, artifacts, text: String::new() }
    }

    fn take(&mut self, batch: &[Event]) {
        if self.last == Stage::Fields {
            black_box(Fields::of_events(batch));
        }
        if let Some(lane) = &mut self.filter {
            let fields = Fields::of_events(batch);
            let seen = SeenEvent::of_events(batch, &fields);
            let verdicts = self.runtime.block_on(lane.keep(&seen));
            assert!(verdicts.failed.is_empty(), "the filter answered");
        }
        match self.last {
            Stage::Serialise => {
                self.text.clear();
                for event in batch {
                    event.push_json(&mut self.text, IDENT);
                }
                black_box(&self.text);
            }
            Stage::WriteLines | Stage::WriteEach => {
                let results = self.artifacts.write_events(batch.iter());
                for (event, result) in batch.iter().zip(results) {
                    let written = result.expect("room on the disk");
                    self.artifacts.enter(event, &written, Vec::new(), Vec::new());
                }
            }
            _ => {}
        }
        self.artifacts.journal.flush().expect("room on the disk");
    }

    fn finish(&mut self) {
        let stats = self.filter.as_ref().map(PluginLane::stats);
        assert!(!stats.is_some_and(|stats| stats.bypassed), "the filter saw every event");
    }
}

/// The file system's part of `job_events`: as many files, as large, made and renamed.
pub(super) fn plain_files(mut stream: Stored, place: &Place) -> Cost {
    let events = stream.events;
    let mut bytes = 0;
    while let Some(piece) = stream.next_piece().expect("a recording") {
        // The other members of an event are about as long as its frame's head and twice
        // its UUID.
        bytes += piece.records.len();
    }
    let content = vec![b'x'; bytes / events + 100];
    let folder = place.room.join("plain");
    fs::create_dir_all(&folder).expect("a folder");
    let clock = Clock::start();
    for number in 1..=events {
        let path = folder.join(format!("{number}-0b1c2d3e-0000-4000-8000-{number:012}.json"));
        let temporary = path.with_extension("json.tmp");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| file.write_all(&content))
            .and_then(|()| fs::rename(&temporary, &path))
            .expect("room on the disk");
    }
    clock.stop(events as u64)
}
