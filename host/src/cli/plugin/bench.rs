//! `playhouse plugin bench`: what an event costs in a filter or an enricher, by the host
//! that runs it, over the events of a run that was, and without Ansible.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::artifacts::{ArtifactError, event_files};
use crate::cli::printer;
use crate::events::{Event, Fields, SeenEvent};
use crate::exit_code;
use crate::plugins::{
    Hook, Lane, LaneContext, Plugin, PluginError, PluginHost, PluginLane, PluginSpec, RunFacts,
    StartError,
};

/// Events of a batch: as many as a run gives a plugin at most.
const BATCH: usize = 256;
/// Of so many rounds the best counts: what disturbs a measurement only makes it longer.
const ROUNDS: u32 = 5;
/// A round of one hook. A lane that did nothing else for two seconds would be passed over.
const ROUND: Duration = Duration::from_millis(400);

/// Measures a filter or an enricher: microseconds an event, memory, time to load. The
/// events of a recorded run are repeated to fill batches of 256. Nothing is sent or
/// written; sinks are not called.
#[derive(Debug, clap::Args)]
pub(super) struct BenchArgs {
    /// The component, a `.wasm` file
    component: PathBuf,

    /// A run's artifacts, or the `job_events` in them
    #[arg(long, value_name = "DIR")]
    events: PathBuf,

    /// The plugin's settings, one JSON object
    #[arg(long, value_name = "JSON", value_parser = object, default_value = "{}", hide_default_value = true)]
    config: Map<String, Value>,

    /// End with 1 if an event costs more microseconds than this, in all hooks together
    #[arg(long, value_name = "N")]
    budget_us: Option<f64>,
}

/// Why nothing is measured.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error(transparent)]
    Artifacts(#[from] ArtifactError),
    #[error("there are no events in `{0}`; name the artifacts of a run, or their `job_events`")]
    NoEvents(PathBuf),
    #[error("`{path}` is no event: correct it or take it out", path = .0.display())]
    NotAnEvent(PathBuf),
    #[error(transparent)]
    Plugin(#[from] PluginError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("plugin `{0}` has neither a filter nor an enricher, and nothing else is measured")]
    NothingToMeasure(String),
    #[error("plugin `{0}` subscribes to no event of this recording in {1}; take another")]
    NothingAsked(String, Hook),
    #[error("plugin `{plugin}` failed in {hook}: {reason}")]
    Failed { plugin: String, hook: Hook, reason: String },
    #[error("{0}")]
    System(#[from] io::Error),
}

/// What one hook came to.
struct Cost {
    hook: Hook,
    /// Of one event that the plugin is asked about.
    micros: f64,
    calls: u64,
}

/// Does it; the exit code.
pub(super) fn bench(args: &BenchArgs) -> i32 {
    match measure(args) {
        Ok(micros) => match args.budget_us.filter(|budget| micros > *budget) {
            None => 0,
            Some(budget) => {
                printer::error(&format!(
                    "an event costs {micros:.2} µs, and the budget is {budget} µs"
                ));
                exit_code::INPUT
            }
        },
        Err(error @ (BenchError::Plugin(_) | BenchError::Start(_))) => {
            printer::error(&error.to_string());
            exit_code::CONFIGURATION
        }
        Err(error) => {
            printer::error(&error.to_string());
            exit_code::INPUT
        }
    }
}

/// Prints what was measured and gives what an event costs.
fn measure(args: &BenchArgs) -> Result<f64, BenchError> {
    let events = recorded(&args.events)?;
    let host = PluginHost::new(None)?;
    let started = Instant::now();
    let base = std::env::current_dir()?;
    let spec =
        PluginSpec { config: args.config.clone(), ..PluginSpec::new(args.component.clone(), base) };
    let plugin = Arc::new(host.load(spec)?);
    let load = started.elapsed();
    let hooks: Vec<Hook> = [Hook::EventFilter, Hook::EventEnricher]
        .into_iter()
        .filter(|hook| match hook {
            Hook::EventFilter => plugin.hooks().event_filter,
            _ => plugin.hooks().event_enricher,
        })
        .collect();
    if hooks.is_empty() {
        return Err(BenchError::NothingToMeasure(plugin.name().to_string()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut costs: Vec<Cost> = Vec::new();
    let mut memory = 0;
    for _ in 0..ROUNDS {
        for &hook in &hooks {
            let (cost, peak) = runtime.block_on(round(&plugin, hook, &events))?;
            memory = memory.max(peak);
            match costs.iter_mut().find(|known| known.hook == hook) {
                None => costs.push(cost),
                Some(best) if cost.micros < best.micros => *best = cost,
                Some(_) => {}
            }
        }
    }
    show(&plugin, load, &costs, memory)?;
    Ok(costs.iter().map(|cost| cost.micros).sum())
}

/// A new instance, called for a while; what it cost and its memory.
async fn round(
    plugin: &Arc<Plugin>,
    hook: Hook,
    events: &[Event],
) -> Result<(Cost, u64), BenchError> {
    let folder = tempfile::tempdir()?;
    let context = LaneContext {
        rehearsal: None,
        run: RunFacts {
            id: "bench".to_owned(),
            ident: "bench".to_owned(),
            playbook: None,
            started: 0,
            ext: Vec::new(),
        },
        purpose: "test".to_owned(),
        folder: folder.path().to_owned(),
    };
    let mut lane = PluginLane::start(Arc::clone(plugin), Lane::Path, context).await?;
    let fields: Vec<Fields> = events.iter().map(Event::fields).collect();
    let batch: Vec<SeenEvent<'_>> = events
        .iter()
        .zip(&fields)
        .map(|(event, fields)| SeenEvent { event, fields, json: None })
        .collect();
    let started = Instant::now();
    while started.elapsed() < ROUND {
        let failed = match hook {
            Hook::EventFilter => lane.keep(&batch).await.failed,
            _ => lane.enrich(&batch).await.failed,
        };
        if !failed.is_empty() {
            let reason = lane.trouble().unwrap_or("it has no answer to an event").to_owned();
            return Err(BenchError::Failed { plugin: plugin.name().to_string(), hook, reason });
        }
    }
    let took = started.elapsed();
    let stats = lane.stats();
    if stats.events_in == 0 {
        return Err(BenchError::NothingAsked(plugin.name().to_string(), hook));
    }
    #[expect(clippy::cast_precision_loss, reason = "fewer events than a float counts")]
    let micros = took.as_secs_f64() * 1e6 / stats.events_in as f64;
    Ok((Cost { hook, micros, calls: stats.calls }, stats.peak_memory))
}

fn show(plugin: &Plugin, load: Duration, costs: &[Cost], memory: u64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Cost { hook, micros, calls } in costs {
        writeln!(out, "{hook}: {micros:.2} µs an event, {calls} calls, batches of {BATCH}")?;
    }
    let tenths = memory * 10 / (1 << 20);
    writeln!(out, "memory: {}.{} MiB at most", tenths / 10, tenths % 10)?;
    writeln!(out, "load: {:.0} ms without a cache", load.as_secs_f64() * 1e3)?;
    let name = plugin.name();
    writeln!(out, "plugin {name} {}: best of {ROUNDS} rounds", plugin.version())
}

/// The events of a run, repeated to a full batch and numbered anew.
fn recorded(folder: &Path) -> Result<Vec<Event>, BenchError> {
    let artifact_dir = match folder.file_name() {
        Some(name) if name == "job_events" => folder.parent().unwrap_or(folder),
        _ => folder,
    };
    let mut events = Vec::new();
    for path in event_files(artifact_dir)?.into_iter().take(BATCH) {
        let json = fs::read_to_string(&path).map_err(ArtifactError::read(&path))?;
        events.push(Event::from_json(&json).ok_or(BenchError::NotAnEvent(path))?);
    }
    if events.is_empty() {
        return Err(BenchError::NoEvents(folder.to_owned()));
    }
    let mut batch: Vec<Event> = events.iter().cycle().take(BATCH).cloned().collect();
    for (counter, event) in (1..).zip(&mut batch) {
        event.counter = counter;
    }
    Ok(batch)
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("it is no JSON object: {error}"))
}
