//! `playhouse plugin bench`: what an event costs in a plugin, by the host that runs it, over
//! the events of a run that was, and without Ansible.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Map;

use super::subject::SubjectArgs;
use crate::RunError;
use crate::artifacts::{ArtifactError, event_texts};
use crate::cli::printer;
use crate::events::{Event, Fields, SeenEvent};
use crate::exit_code;
use crate::plugins::{
    Attempt, Delivered, Hook, LaneContext, Plugin, PluginLane, PluginLibrary, StartError,
};
use crate::prepare::Environment;

/// Events of a batch: as many as a run gives a plugin at most.
const BATCH: usize = 256;
/// What flags call the plugin.
const NAME: &str = "measured";
/// Of so many rounds the best counts: what disturbs a measurement only makes it longer.
const ROUNDS: u32 = 5;
/// A round of one hook. A lane that did nothing else for two seconds would be passed over.
const ROUND: Duration = Duration::from_millis(400);

/// Measures a plugin: microseconds an event, memory, time to load. The events of a recorded
/// run are repeated to fill batches of 256, or what the plugin wants at the most. Of filters
/// and enrichers all the time counts, since a run waits for them; of an event sink the
/// processor time: it sends to where its settings say, and waiting for that costs nobody
/// anything. Nothing is written.
#[derive(Debug, clap::Args)]
pub(super) struct BenchArgs {
    /// The component, a `.wasm` file
    component: PathBuf,

    /// A run's artifacts, or the `job_events` in them
    #[arg(long, value_name = "DIR")]
    events: PathBuf,

    #[command(flatten)]
    subject: SubjectArgs,

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
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("plugin `{0}` is given no events, and nothing else is measured")]
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
        Err(error) => {
            printer::error(&error.to_string());
            match error {
                BenchError::Run(error) => error.exit_code(),
                BenchError::Start(_) => exit_code::CONFIGURATION,
                _ => exit_code::INPUT,
            }
        }
    }
}

/// Prints what was measured and gives what an event costs.
fn measure(args: &BenchArgs) -> Result<f64, BenchError> {
    let events = recorded(&args.events)?;
    let started = Instant::now();
    let plugin = load(args)?;
    let load = started.elapsed();
    let hooks: Vec<Hook> = [Hook::EventFilter, Hook::EventEnricher, Hook::EventSink]
        .into_iter()
        .filter(|&hook| plugin.hooks().has(hook))
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

/// The plugin as a run would load it, compiled here.
fn load(args: &BenchArgs) -> Result<Arc<Plugin>, BenchError> {
    let mut entries = Vec::new();
    args.subject.flags(&args.component, NAME).apply(&mut entries).map_err(RunError::from)?;
    // From here on it has the name it gives itself.
    for entry in &mut entries {
        entry.name = None;
    }
    let library = PluginLibrary::new(Vec::new(), None);
    let base = std::env::current_dir()?;
    let (plugins, _) = library.load(entries, &Map::new(), &Environment::inherited(), &base)?;
    plugins.into_iter().next().ok_or_else(|| BenchError::NothingToMeasure(NAME.to_owned()))
}

/// A new instance, called for a while; what it cost and its memory.
async fn round(
    plugin: &Arc<Plugin>,
    hook: Hook,
    events: &[Event],
) -> Result<(Cost, u64), BenchError> {
    let folder = tempfile::tempdir()?;
    let context = LaneContext::without_run("bench", folder.path().to_owned());
    let mut lane = PluginLane::start(Arc::clone(plugin), hook.lane(), context).await?;
    let fields = Fields::of_events(events);
    let texts: Vec<String> = events.iter().map(|event| event.to_json("bench")).collect();
    let batch: Vec<SeenEvent<'_>> = events
        .iter()
        .zip(&fields)
        .zip(&texts)
        .map(|((event, fields), json)| SeenEvent { event, fields, json: Some(json) })
        .collect();
    let size = batch_size(plugin, hook);
    let started = Instant::now();
    while started.elapsed() < ROUND {
        for batch in batch.chunks(size) {
            if let Err(reason) = call(&mut lane, hook, batch).await {
                let plugin = plugin.name().to_string();
                return Err(BenchError::Failed { plugin, hook, reason });
            }
        }
    }
    let took = started.elapsed();
    let stats = lane.stats();
    if stats.events_in == 0 {
        return Err(BenchError::NothingAsked(plugin.name().to_string(), hook));
    }
    let took = if hook == Hook::EventSink { stats.guest_cpu } else { took };
    #[expect(clippy::cast_precision_loss, reason = "fewer events than a float counts")]
    let micros = took.as_secs_f64() * 1e6 / stats.events_in as f64;
    Ok((Cost { hook, micros, calls: stats.calls }, stats.peak_memory))
}

/// Gives a hook one batch; why it has not taken all of it.
async fn call(lane: &mut PluginLane, hook: Hook, batch: &[SeenEvent<'_>]) -> Result<(), String> {
    let failed = match hook {
        Hook::EventFilter => lane.keep(batch).await.failed,
        Hook::EventEnricher => lane.enrich(batch).await.failed,
        _ => {
            let attempt = Attempt { id: "bench".to_owned(), number: 1 };
            return match lane.deliver_events(&attempt, batch).await {
                Delivered::All => Ok(()),
                Delivered::Retry { reason, .. }
                | Delivered::Rejected { reason, .. }
                | Delivered::Stopped { reason, .. }
                | Delivered::Failed { reason }
                | Delivered::Ended { reason } => Err(reason),
            };
        }
    };
    if failed.is_empty() {
        return Ok(());
    }
    Err(lane.trouble().unwrap_or("it has no answer to an event").to_owned())
}

/// Events that a hook is given at once.
fn batch_size(plugin: &Plugin, hook: Hook) -> usize {
    if hook == Hook::EventSink { plugin.batch_limits().events } else { BATCH }
}

fn show(plugin: &Plugin, load: Duration, costs: &[Cost], memory: u64) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for Cost { hook, micros, calls } in costs {
        let what = if *hook == Hook::EventSink { "of processor time " } else { "" };
        let size = batch_size(plugin, *hook);
        writeln!(out, "{hook}: {micros:.2} µs {what}an event, {calls} calls, batches of {size}")?;
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
    for (counter, json) in (1..).zip(event_texts(artifact_dir)?.take(BATCH)) {
        let event = Event::from_json(&json?);
        events.push(event.ok_or_else(ArtifactError::no_event(artifact_dir, counter))?);
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
