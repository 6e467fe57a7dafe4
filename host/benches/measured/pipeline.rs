//! The pipeline as a run has it: one thread reads and assembles, the other takes events
//! from the queue through plugins to the disk, and a sink follows on the runtime.

use std::fs::File;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use playhouse::artifacts::{ArtifactDir, What};
use playhouse::events::Assembler;
use playhouse::exec::Cancel;
use playhouse::input::{JobEvents, OutputForm};
use playhouse::pipeline::{Chain, LogState, Pipeline, Queue};
use playhouse::plugins::{Lane, PluginLane};
use playhouse::secrets::Secrets;
use playhouse::sinks::deliver;
use serde_json::Map;
use tokio::sync::watch;

use super::lanes::Lanes;
use super::stored::{Stored, push};
use super::{Clock, Cost, IDENT, Place};

/// More than enough for a sink to take what is there.
const SINK_DEADLINE: Duration = Duration::from_mins(5);

pub(super) fn run(
    plugins: usize,
    form: JobEvents,
    sink: bool,
    stream: Stored,
    place: &Place,
) -> Cost {
    let events = stream.events as u64;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (mut artifacts, _) =
        ArtifactDir::create(&place.room.join("run"), IDENT, form).expect("a folder");
    let (run, started) = (IDENT.to_owned(), Timestamp::UNIX_EPOCH);
    artifacts.journal.push(What::Run { run, started, playbook: None, about: Map::new() });
    let lanes = (plugins > 0 || sink).then(|| Lanes::new(place));
    let path = lanes.as_ref().map(|lanes| lanes.path(&runtime, plugins, artifacts.path()));
    let (log, _receiver) = watch::channel(LogState::default());
    let cancel = Cancel::new().expect("a pipe");

    let clock = Clock::start();
    let delivery = lanes.filter(|_| sink).map(|lanes| {
        let plugin = lanes.sink();
        let context = Lanes::context(&plugin, artifacts.path());
        let lane = PluginLane::start(Arc::clone(&plugin), Lane::Delivery, context.clone());
        let lane = runtime.block_on(lane).expect("a sink that starts");
        let folder = artifacts.path().to_owned();
        runtime.spawn(deliver(plugin, Some(lane), context, folder, log.subscribe()))
    });
    let stdout = File::create(artifacts.path().join("stdout")).expect("a file");
    let pipeline = Pipeline {
        chain: Chain::new(path.unwrap_or_default(), runtime.handle().clone()),
        artifacts: &mut artifacts,
        observer: &mut (),
        shows: true,
        stdout: Some(stdout),
        form: OutputForm::Text,
        log: &log,
        cancel: &cancel,
        secrets: Secrets::default(),
    };
    let queue = Queue::default();
    let end = thread::scope(|scope| {
        scope.spawn(|| feed(stream, &queue));
        pipeline.run(&queue)
    });
    log.send_modify(|state| state.ended = Some(Instant::now() + SINK_DEADLINE));
    let report = delivery.map(|delivery| runtime.block_on(delivery).expect("a sink that ends"));
    let cost = clock.stop(events);

    assert_eq!(end.events, events);
    assert!(end.artifact_error.is_none(), "{:?}", end.artifact_error);
    for (plugin, lane) in end.chain.into_lanes() {
        assert!(!lane.stats().bypassed, "{} saw every event", plugin.name());
    }
    if let Some(report) = report {
        assert_eq!(report.events, events, "{:?}", report.reason);
    }
    cost
}

/// Reads the child's part.
fn feed(mut stream: Stored, queue: &Queue) {
    let mut assembler = Assembler::new(&stream.nonce);
    while let Some(piece) = stream.next_piece().expect("a recording") {
        push(piece, &mut assembler);
        queue.push(assembler.take_segments());
    }
    assembler.finish(Timestamp::UNIX_EPOCH);
    queue.push(assembler.take_segments());
    queue.close();
}
