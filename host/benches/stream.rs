//! A recorded run at full speed through Playhouse, without Ansible: what an event costs in
//! each stage, and how many go through the whole in a second. Each configuration is
//! measured in a process of its own, on one core where there is `taskset`; the best of
//! some rounds counts, since whatever else goes on only adds. What makes a file for each
//! event is measured once and with fewer events: file systems get slower where many files
//! were just removed.
//!
//! `PLAYHOUSE_COMPONENTS` names the folder with the built plugins. Arguments: `--events N`,
//! `--rounds N`, and `--only NAME` for one configuration, whose line has events, wall and
//! CPU nanoseconds and KiB of memory at the peak.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and stops where it cannot go on"
)]

mod measured;
mod recorded;

use std::path::{Path, PathBuf};
use std::process::Command;

use measured::{Configuration, Cost, Place, Stage};

/// Events where each becomes a file, at most.
const MOST_FILES: usize = 20_000;

/// What the command line says.
struct Options {
    events: usize,
    rounds: u32,
    only: Option<Configuration>,
    /// Set by this program for itself: where to measure, and the receiver's URL.
    place: Option<(PathBuf, String)>,
}

fn main() {
    let Some(components) = std::env::var_os("PLAYHOUSE_COMPONENTS").map(PathBuf::from) else {
        println!("PLAYHOUSE_COMPONENTS is not set; run `cargo xtask bench stream`");
        return;
    };
    let options = Options::read(std::env::args().skip(1));
    if let (Some((room, url)), Some(only)) = (&options.place, options.only) {
        let place = Place { room: room.clone(), components, url: url.clone() };
        println!("{}", measured::measure(only, options.events, &place));
        return;
    }
    // Where runs have their artifacts: on a disk, and not in memory as `/tmp` may be.
    let room = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let url = runtime.block_on(receive());
    let place = Place { room: room.path().to_owned(), components, url };
    measured::compile(&place);
    let best = |configuration: Configuration| {
        let (rounds, events) = if configuration.makes_files() && options.only.is_none() {
            (1, options.events.min(MOST_FILES))
        } else {
            (options.rounds, options.events)
        };
        let costs = (0..rounds).map(|_| run(configuration, events, &place));
        costs.min_by_key(|cost| cost.cpu).unwrap()
    };
    match options.only {
        Some(only) => println!("{only} {}", best(only)),
        None => show(&options, &Configuration::ALL.map(best)),
    }
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Self {
        let mut options = Self { events: 100_000, rounds: 3, only: None, place: None };
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("`{word}` needs a value"));
            match word.as_str() {
                "--bench" => {}
                "--events" => options.events = value().parse().unwrap(),
                "--rounds" => options.rounds = value().parse::<u32>().unwrap().max(1),
                "--only" => {
                    let name = value();
                    let mut all = Configuration::ALL.into_iter();
                    options.only = all.find(|known| known.to_string() == name);
                    assert!(options.only.is_some(), "there is no configuration `{name}`");
                }
                "--in" => options.place = Some((value().into(), value())),
                _ => panic!("there is no option `{word}`"),
            }
        }
        options
    }
}

/// A receiver that takes everything and keeps nothing; its URL.
async fn receive() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let take = axum::Router::new().fallback(async |_: axum::body::Bytes| ());
    tokio::spawn(async { axum::serve(listener, take).await });
    url
}

/// One configuration in a process and a folder of its own.
fn run(configuration: Configuration, events: usize, place: &Place) -> Cost {
    let ourselves = std::env::current_exe().unwrap();
    let mut command = if is_pinned() {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(ourselves);
        command
    } else {
        Command::new(ourselves)
    };
    command.args(["--events", &events.to_string(), "--only", &configuration.to_string()]);
    command.arg("--in").arg(&place.room).arg(&place.url);
    let output = command.stderr(std::process::Stdio::inherit()).output().unwrap();
    put_aside(&place.room);
    let text = String::from_utf8_lossy(&output.stdout);
    Cost::parse(&text).unwrap_or_else(|| panic!("{configuration} ended with {}", output.status))
}

/// Makes room for the next run's artifacts; they are removed when all is done.
fn put_aside(room: &Path) {
    let artifacts = room.join("run");
    if artifacts.exists() {
        let number = std::fs::read_dir(room).unwrap().count();
        std::fs::rename(artifacts, room.join(format!("run-{number}"))).unwrap();
    }
}

fn is_pinned() -> bool {
    Command::new("taskset").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn show(options: &Options, costs: &[Cost]) {
    let cost = |wanted| {
        let place = Configuration::ALL.iter().position(|known| *known == wanted).unwrap();
        costs[place]
    };
    let cores = if is_pinned() { "on one core" } else { "on all cores" };
    let Options { events, rounds, .. } = options;
    println!(
        "{events} events {cores}, the best of {rounds}; {} where each becomes a file.\n",
        events.min(&MOST_FILES)
    );

    println!("| stage, with all before it | CPU for an event | of that, this stage |");
    println!("|---|---|---|");
    let mut before = 0.0;
    for (configuration, title) in [
        (Configuration::Stages(Stage::Read), "read the recording (the bench's own)"),
        (Configuration::Stages(Stage::Decode), "decode: frames, markers and text"),
        (Configuration::Stages(Stage::Assemble), "assemble events"),
        (Configuration::Stages(Stage::Fields), "parse their JSON fields"),
        (Configuration::Stages(Stage::Filter), "cross into one typed filter and back"),
        (Configuration::Stages(Stage::Serialise), "serialise"),
        (Configuration::Stages(Stage::WriteLines), "write, `events.jsonl` and the journal"),
        (Configuration::Stages(Stage::WriteEach), "or write, `job_events` and the journal"),
    ] {
        let micros = cost(configuration).cpu_micros();
        println!("| {title} | {micros:.2} µs | {:.2} µs |", micros - before);
        if configuration != Configuration::Stages(Stage::WriteLines) {
            before = micros;
        }
    }

    println!(
        "\n| whole | events/s | goal | wall for an event | CPU for an event | peak memory, goal \
         ≤ 40 MiB |"
    );
    println!("|---|---|---|---|---|---|");
    for (configuration, title) in [
        (Configuration::Lines(0), "no plugin, `events.jsonl`"),
        (Configuration::Lines(1), "1 typed plugin, `events.jsonl`"),
        (Configuration::Lines(3), "3 typed plugins, `events.jsonl`"),
        (Configuration::Pipeline(0), "no plugin, `job_events`"),
        (Configuration::Pipeline(1), "1 typed plugin, `job_events`"),
        (Configuration::Pipeline(3), "3 typed plugins, `job_events`"),
        (Configuration::Sink, "no plugin, `job_events`, http-sink to its last event"),
        (Configuration::PlainFiles, "as many files of that size, made and renamed by a loop"),
    ] {
        let cost = cost(configuration);
        let goal = match configuration {
            Configuration::Lines(0) => "≥ 200,000",
            Configuration::Lines(3) => "≥ 100,000",
            _ => "–",
        };
        println!(
            "| {title} | {:.0} | {goal} | {:.2} µs | {:.2} µs | {} MiB |",
            1e6 / cost.micros(),
            cost.micros(),
            cost.cpu_micros(),
            cost.peak_memory / 1024
        );
    }
    let plugins = |count| cost(Configuration::Lines(count)).cpu_micros();
    println!(
        "\nA further typed plugin: {:.2} µs of CPU for an event; goal ≤ 1 µs.",
        (plugins(3) - plugins(1)) / 2.0
    );
}
