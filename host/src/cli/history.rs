//! `playhouse status` and `playhouse events`: what runs, and what happened.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::printer;
use crate::artifacts::{
    ArtifactError, LogReader, Logged, RunRecord, RunState, event_files, is_live,
    read_config_changes,
};
use crate::exit_code;
use crate::input::{InputError, PrivateDataDir};
use crate::visible::{json_line, on_one_line};

/// How often `--follow` looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Where runs are looked for.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The directory with `env/`, `inventory/` and `project/`
    private_data_dir: PathBuf,

    /// Where run folders are [default: `artifacts` in the private data directory]
    #[arg(long, value_name = "DIR")]
    artifact_dir: Option<PathBuf>,

    /// One JSON object a line
    #[arg(short, long)]
    json: bool,
}

/// Shows the runs of a private data directory, the oldest first: their status, their
/// result, their play recap. A run whose program was killed is `interrupted`.
#[derive(Debug, clap::Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    place: Place,

    /// This run only, with its hosts
    ident: Option<String>,
}

/// Shows what happened in a run: statuses and events in their order.
#[derive(Debug, clap::Args)]
pub(super) struct EventsArgs {
    #[command(flatten)]
    place: Place,

    /// The run
    ident: String,

    /// Go on as long as the run does
    #[arg(short, long)]
    follow: bool,
}

/// Why there is nothing to show, or no more.
#[derive(Debug, thiserror::Error)]
enum HistoryError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl Place {
    fn artifact_root(&self) -> Result<PathBuf, InputError> {
        let directory = PrivateDataDir::open(&self.private_data_dir)?;
        Ok(self.artifact_dir.clone().unwrap_or_else(|| directory.path().join("artifacts")))
    }
}

/// `playhouse status`; the exit code.
pub(super) fn status(args: &StatusArgs) -> i32 {
    ended(show_status(args))
}

/// `playhouse events`; the exit code.
pub(super) fn events(args: &EventsArgs) -> i32 {
    ended(show_events(args))
}

fn ended(result: Result<(), HistoryError>) -> i32 {
    match result {
        Ok(()) => 0,
        // Whoever closes the pipe has seen enough.
        Err(HistoryError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            printer::error(&error.to_string());
            exit_code::INPUT
        }
    }
}

fn show_status(args: &StatusArgs) -> Result<(), HistoryError> {
    let root = args.place.artifact_root()?;
    let records = match &args.ident {
        None => RunRecord::all(&root)?,
        Some(ident) => vec![RunRecord::find(&root, ident)?],
    };
    let mut out = io::stdout().lock();
    if args.place.json {
        for record in &records {
            writeln!(out, "{}", json_line(&record_json(record).to_string()))?;
        }
        return Ok(());
    }
    let idents: Vec<String> = records.iter().map(|record| on_one_line(&record.ident)).collect();
    let widest = idents.iter().map(String::len).max().unwrap_or(0).max(5);
    writeln!(
        out,
        "{:widest$}  {:<11}  {:>4}  {:<19}  {:>9}  {:>7}",
        "IDENT", "STATUS", "RC", "STARTED (UTC)", "TOOK", "EVENTS"
    )?;
    for (record, ident) in records.iter().zip(&idents) {
        let started = record.started.map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
        writeln!(
            out,
            "{:widest$}  {:<11}  {:>4}  {:<19}  {:>9}  {:>7}",
            ident,
            record.state.as_str(),
            on_one_line(record.rc.as_deref().unwrap_or("-")),
            started.as_deref().unwrap_or("-"),
            took(record).map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1} s")),
            record.events
        )?;
    }
    if args.ident.is_some() {
        records.iter().try_for_each(|record| show_details(&mut out, record))?;
    }
    Ok(())
}

fn show_details(out: &mut impl Write, record: &RunRecord) -> io::Result<()> {
    for (host, stats) in record.stats.iter().flatten() {
        writeln!(
            out,
            "  {}: ok={} changed={} unreachable={} failed={} skipped={} rescued={} ignored={}",
            on_one_line(host),
            stats.ok,
            stats.changed,
            stats.dark,
            stats.failures,
            stats.skipped,
            stats.rescued,
            stats.ignored
        )?;
    }
    if record.state == RunState::Interrupted {
        writeln!(out, "  its program was killed; what it had heard of is in the events")?;
    }
    for change in read_config_changes(&record.artifact_dir) {
        writeln!(out, "  {}", on_one_line(&change_line(&change)))?;
    }
    for left in &record.undelivered {
        let left = on_one_line(&left.to_string());
        writeln!(out, "  {left}; `playhouse deliver` gives them to it")?;
    }
    let artifacts = record.artifact_dir.display().to_string();
    writeln!(out, "  artifacts: {}", on_one_line(&artifacts))
}

/// `extra-vars set /limit to "web*": because`
fn change_line(change: &Value) -> String {
    let text = |member: &str| change[member].as_str().unwrap_or_default();
    let verb = match (change["applied"] == true, text("op")) {
        (true, "remove") => "removed",
        (true, _) => "set",
        (false, "remove") => "would have removed",
        (false, _) => "would have set",
    };
    let mut line = format!("plugin {} {verb} {}", text("plugin"), text("path"));
    if let Some(value) = change.get("value") {
        let _ = write!(line, " to {value}");
    }
    if !text("reason").is_empty() {
        let _ = write!(line, ": {}", text("reason"));
    }
    line
}

fn took(record: &RunRecord) -> Option<f64> {
    Some(record.ended?.duration_since(record.started?).as_secs_f64())
}

fn record_json(record: &RunRecord) -> Value {
    let hosts: serde_json::Map<String, Value> = record
        .stats
        .iter()
        .flatten()
        .map(|(host, stats)| {
            let stats = json!({
                "ok": stats.ok, "changed": stats.changed, "dark": stats.dark,
                "failures": stats.failures, "skipped": stats.skipped,
                "rescued": stats.rescued, "ignored": stats.ignored,
            });
            (host.clone(), stats)
        })
        .collect();
    json!({
        "ident": record.ident,
        "status": record.state.as_str(),
        "under_way": matches!(record.state, RunState::UnderWay(_)),
        "rc": record.rc.as_deref().and_then(|rc| rc.parse::<i32>().ok()),
        "started": record.started,
        "ended": record.ended,
        "events": record.events,
        "hosts": hosts,
        "undelivered": record.undelivered.iter().map(|left| {
            json!({"plugin": left.plugin, "entries": left.entries})
        }).collect::<Vec<_>>(),
        "config_changes": read_config_changes(&record.artifact_dir),
        "artifact_dir": record.artifact_dir,
    })
}

fn show_events(args: &EventsArgs) -> Result<(), HistoryError> {
    let root = args.place.artifact_root()?;
    let record = RunRecord::find(&root, &args.ident)?;
    let artifact_dir = &record.artifact_dir;
    let mut out = io::stdout().lock();
    let Ok(mut log) = LogReader::open(artifact_dir) else {
        for path in event_files(artifact_dir)? {
            let json = std::fs::read_to_string(&path).map_err(ArtifactError::read(&path))?;
            show(&mut out, &Logged::Event { counter: 0, json }, args.place.json)?;
        }
        return Ok(());
    };
    loop {
        // Looked at first: what is entered before the end is then read.
        let goes_on = args.follow && is_live(artifact_dir);
        while let Some(logged) = log.next()? {
            show(&mut out, &logged, args.place.json)?;
        }
        out.flush()?;
        if !goes_on {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn show(out: &mut impl Write, logged: &Logged, as_json: bool) -> io::Result<()> {
    match logged {
        Logged::Status(change) if as_json => writeln!(out, "{}", json_line(&change.json)),
        Logged::Status(change) => {
            let time = change.created.strftime("%H:%M:%S%.3f");
            writeln!(out, "{time}  {:>6}  {}", "", change.status)
        }
        Logged::Event { json, .. } if as_json => writeln!(out, "{}", json_line(json)),
        Logged::Event { json, .. } => {
            let event: Value = serde_json::from_str(json).unwrap_or_default();
            let data = &event["event_data"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let time = text(&event["created"]);
            let time = time.split_once('T').map_or("", |(_, time)| time.get(..12).unwrap_or(time));
            let about = if data["task"].is_string() { &data["task"] } else { &data["play"] };
            let line = format!(
                "{time}  {:>6}  {:<24}  {:<16}  {}",
                event["counter"].as_u64().unwrap_or_default(),
                text(&event["event"]),
                text(&data["host"]),
                text(about)
            );
            writeln!(out, "{}", on_one_line(line.trim_end()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let event = json!({
            "counter": 7, "event": "runner_on_ok", "created": "2026-11-24T19:00:01.123456+00:00",
            "event_data": {"task": "Greet", "play": "all", "host": "web1"}
        });
        let mut out = Vec::new();
        let logged = Logged::Event { counter: 7, json: event.to_string() };
        show(&mut out, &logged, false).unwrap();
        let line = "19:00:01.123       7  runner_on_ok              web1              Greet\n";
        assert_eq!(String::from_utf8(out).unwrap(), line);
    }
}
