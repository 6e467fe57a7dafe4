//! One instance of a plugin in its own store, and the calls into it. A call that traps or
//! overruns ends the instance: whoever sees [`Lost`] drops it.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use wasmtime::component::Instance as EngineInstance;
use wasmtime::{Store, Trap};

use super::Plugin;
use super::bindings::exports::playhouse::plugin::{
    event_enricher, event_filter, event_sink, lifecycle, pre_run, status_sink, timer,
};
use super::bindings::playhouse::plugin::delivery::DeliveryError;
use super::bindings::playhouse::plugin::types::Batch;
use super::egress::Egress;
use super::limits::{EPOCH, Limits, Work};
use super::log::{LogLevel, PluginLog};
use super::own_secrets::LaneSecrets;
use super::said::Said as _;
use super::store::StoreState;

/// How an instance was lost, in words that go on after "plugin x".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// It trapped; what it was given can be narrowed down.
    Trap(String),
    /// It took too long. Narrowing that down would take as long again each time.
    Overrun(String),
}

impl Lost {
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Trap(reason) | Self::Overrun(reason) => reason,
        }
    }
}

/// What one call may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    firings: u64,
    wall: Duration,
}

impl Budget {
    pub(super) fn new(limits: &Limits, work: Work, wall: Duration) -> Self {
        Self { firings: limits.firings(work), wall }
    }
}

/// See the module's head.
pub(super) struct Instance {
    plugin: Arc<Plugin>,
    store: Store<StoreState>,
    guests: Guests,
    cpu: Duration,
}

struct Guests {
    lifecycle: lifecycle::Guest,
    pre_run: Option<pre_run::Guest>,
    event_filter: Option<event_filter::Guest>,
    event_enricher: Option<event_enricher::Guest>,
    status_sink: Option<status_sink::Guest>,
    event_sink: Option<event_sink::Guest>,
    timer: Option<timer::Guest>,
}

impl Guests {
    fn load(
        plugin: &Plugin,
        store: &mut Store<StoreState>,
        instance: &EngineInstance,
    ) -> wasmtime::Result<Self> {
        macro_rules! hook {
            ($has:ident, $module:ident) => {
                if plugin.hooks.$has {
                    Some($module::GuestIndices::new(&plugin.pre)?.load(&mut *store, instance)?)
                } else {
                    None
                }
            };
        }
        Ok(Self {
            lifecycle: lifecycle::GuestIndices::new(&plugin.pre)?.load(&mut *store, instance)?,
            pre_run: hook!(pre_run, pre_run),
            event_filter: hook!(event_filter, event_filter),
            event_enricher: hook!(event_enricher, event_enricher),
            status_sink: hook!(status_sink, status_sink),
            event_sink: hook!(event_sink, event_sink),
            timer: hook!(timer, timer),
        })
    }
}

/// Calls one function of a hook that the plugin has, within a budget.
macro_rules! call {
    ($self:ident, $budget:expr, $what:literal, $guest:expr, $call:ident($($argument:expr),*)) => {{
        let guest = $guest.clone();
        let budget: Budget = $budget;
        StoreState::open_call(&mut $self.store, budget.firings, budget.wall);
        let plugin = Arc::clone(&$self.plugin);
        let open = plugin.ticker.open_call();
        let call = guest.$call(&mut $self.store, $($argument),*);
        let result = timeout(budget.wall, timed(call, &mut $self.cpu)).await;
        drop(open);
        match result {
            Ok(Ok(Ok(answer))) => Ok(answer.concealed(&$self.store.data().log)),
            Ok(Ok(Err(error))) => Err($self.lost($what, budget, &error)),
            Ok(Err(panic)) => Err(Lost::Trap(panic.reason($what))),
            Err(_) => Err(Lost::Overrun(format!(
                "took longer than {} ms in {}", budget.wall.as_millis(), $what
            ))),
        }
    }};
}

/// A lane calls a hook only on a plugin that has it.
const HAS_HOOK: &str = "the plugin exports the hook";

impl Instance {
    /// Makes an instance; its `init` is still to be called.
    pub(super) async fn new(
        plugin: &Arc<Plugin>,
        log: &Arc<PluginLog>,
        egress: &Arc<Egress>,
        secrets: &Arc<LaneSecrets>,
        budget: Budget,
    ) -> Result<Self, Lost> {
        let engine = plugin.pre.engine();
        let (log, egress, secrets) = (Arc::clone(log), Arc::clone(egress), Arc::clone(secrets));
        let mut store =
            StoreState::store(engine, plugin, log, egress, secrets).map_err(Lost::Trap)?;
        StoreState::open_call(&mut store, budget.firings, budget.wall);
        let open = plugin.ticker.open_call();
        let mut cpu = Duration::ZERO;
        let instance =
            timeout(budget.wall, timed(plugin.pre.instantiate_async(&mut store), &mut cpu)).await;
        drop(open);
        let guests = match instance {
            Ok(Ok(Ok(instance))) => Guests::load(plugin, &mut store, &instance),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(panic)) => return Err(Lost::Trap(panic.reason("its start"))),
            Err(_) => {
                return Err(Lost::Overrun(format!(
                    "took longer than {} ms to be instantiated",
                    budget.wall.as_millis()
                )));
            }
        };
        match guests {
            Ok(guests) => Ok(Self { plugin: Arc::clone(plugin), store, guests, cpu }),
            Err(error) => Err(lost(&mut store, &plugin.limits, "its start", budget, &error)),
        }
    }

    pub(super) async fn init(
        &mut self,
        budget: Budget,
        setup: lifecycle::Setup<'_>,
    ) -> Result<Result<(), lifecycle::InitError>, Lost> {
        call!(self, budget, "init", self.guests.lifecycle, call_init(setup))
    }

    pub(super) async fn finish(
        &mut self,
        budget: Budget,
        ending: lifecycle::Ending<'_>,
    ) -> Result<Result<(), String>, Lost> {
        call!(self, budget, "finish", self.guests.lifecycle, call_finish(ending))
    }

    pub(super) async fn prepare(
        &mut self,
        budget: Budget,
        view: &str,
    ) -> Result<Result<Vec<pre_run::Edit>, pre_run::PrepareError>, Lost> {
        let guest = self.guests.pre_run.as_ref().expect(HAS_HOOK);
        call!(self, budget, "prepare", guest, call_prepare(view))
    }

    pub(super) async fn keep(
        &mut self,
        budget: Budget,
        batch: Batch<'_>,
    ) -> Result<Vec<bool>, Lost> {
        let guest = self.guests.event_filter.as_ref().expect(HAS_HOOK);
        call!(self, budget, "keep", guest, call_keep(batch))
    }

    pub(super) async fn enrich(
        &mut self,
        budget: Budget,
        batch: Batch<'_>,
    ) -> Result<Vec<event_enricher::Change>, Lost> {
        let guest = self.guests.event_enricher.as_ref().expect(HAS_HOOK);
        call!(self, budget, "enrich", guest, call_enrich(batch))
    }

    pub(super) async fn deliver_status(
        &mut self,
        budget: Budget,
        change: status_sink::StatusChange<'_>,
    ) -> Result<Result<(), DeliveryError>, Lost> {
        let guest = self.guests.status_sink.as_ref().expect(HAS_HOOK);
        call!(self, budget, "deliver-status", guest, call_deliver_status(change))
    }

    pub(super) async fn deliver_events(
        &mut self,
        budget: Budget,
        attempt: event_sink::Attempt<'_>,
        batch: Batch<'_>,
    ) -> Result<Result<(), event_sink::DeliveryFailure>, Lost> {
        let guest = self.guests.event_sink.as_ref().expect(HAS_HOOK);
        call!(self, budget, "deliver-events", guest, call_deliver_events(attempt, batch))
    }

    pub(super) async fn tick(&mut self, budget: Budget) -> Result<Option<u32>, Lost> {
        let guest = self.guests.timer.as_ref().expect(HAS_HOOK);
        call!(self, budget, "tick", guest, call_tick())
    }

    /// The most memory it had, in bytes.
    pub(super) fn peak_memory(&self) -> u64 {
        self.store.data().memory.peak as u64
    }

    /// The time spent in the guest since this was last asked.
    pub(super) fn take_cpu(&mut self) -> Duration {
        std::mem::take(&mut self.cpu)
    }

    /// Ends lines that the guest left open.
    pub(super) fn flush_output(&self) {
        self.store.data().stdout.take_tail();
        self.store.data().stderr.take_tail();
    }

    fn lost(&mut self, what: &str, budget: Budget, error: &wasmtime::Error) -> Lost {
        lost(&mut self.store, &self.plugin.limits, what, budget, error)
    }
}

/// Puts into words how a call ended; the whole of it goes to the log.
fn lost(
    store: &mut Store<StoreState>,
    limits: &Limits,
    what: &str,
    budget: Budget,
    error: &wasmtime::Error,
) -> Lost {
    let state = store.data();
    state.stdout.take_tail();
    let said = state.stderr.take_tail();
    state.log.write_ours(LogLevel::Error, &format!("{what}: {error:?}"));
    if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        let millis = EPOCH.as_millis() * u128::from(budget.firings);
        return Lost::Overrun(format!("used more than {millis} ms of processor time in {what}"));
    }
    let cause = error.root_cause().to_string();
    let mut reason = if state.memory.refused {
        format!(
            "trapped in {what} after it was refused more memory than {} MiB; allow more with `limits: {{memory_mib: …}}`",
            limits.memory >> 20
        )
    } else {
        format!("trapped in {what}: {}", cause.trim_start_matches("wasm trap: "))
    };
    if let Some(last) = last_words(&said) {
        reason = format!("{reason}; it said: {}", state.log.without_secrets(&last));
    }
    Lost::Trap(reason)
}

/// The last line that says something: of a Rust panic its message.
fn last_words(said: &str) -> Option<String> {
    said.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("note:"))
        .map(|line| line.escape_debug().to_string())
}

/// The host's own code panicked in a call: a fault of ours, which costs the plugin its
/// instance, as a trap does, and the run nothing.
#[derive(Debug)]
struct HostPanic(String);

impl HostPanic {
    fn of(payload: &(dyn Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self(text.unwrap_or("it did not say why").escape_debug().to_string())
    }

    fn reason(&self, what: &str) -> String {
        format!("met a fault of Playhouse's own in {what}, please report it: {}", self.0)
    }
}

/// Adds the time inside the future's polls to `total`: what the guest computes, and not
/// what it waits for. A panic in it is an answer too; the future is not polled again.
async fn timed<F: Future>(future: F, total: &mut Duration) -> Result<F::Output, HostPanic> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let start = Instant::now();
        // Whatever it left half done lies in the instance's store, which is dropped.
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        *total += start.elapsed();
        match poll {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(HostPanic::of(payload.as_ref()))),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_hosts_is_the_end_of_an_instance() {
        let mut total = Duration::ZERO;
        assert_eq!(timed(async { 7 }, &mut total).await.ok(), Some(7));
        let call = async {
            tokio::task::yield_now().await;
            panic!("it was {}", "dark")
        };
        let result: Result<(), HostPanic> = timed(call, &mut total).await;
        let reason = result.unwrap_err().reason("enrich");
        assert!(reason.contains("in enrich") && reason.ends_with("it was dark"), "{reason}");
    }

    /// A panic that is caught leaves the locks behind that were held: so no file that
    /// waits for a call into a guest holds one, and none gives up where one was poisoned.
    /// That none is held at an `await` is clippy's to say.
    #[test]
    fn no_lock_is_held_across_a_call() {
        fn visit(folder: &Path) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    visit(&path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let source = text.split("#[cfg(test)]").next().unwrap_or_default();
                    let calls = concat!(".block", "_on(");
                    let locks =
                        [concat!(".lo", "ck()"), concat!(".rea", "d()"), concat!(".writ", "e()")];
                    let held = locks.iter().any(|lock| source.contains(lock));
                    let streams = source.matches("io::std").count() > 0;
                    assert!(!(source.contains(calls) && held && !streams), "{}", path.display());
                    for end in [".unwrap()", ".expect("] {
                        let given_up = format!("{}{end}", locks[0]);
                        assert!(!source.contains(&given_up), "{}: {given_up}", path.display());
                    }
                }
            }
        }
        visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    }
}
