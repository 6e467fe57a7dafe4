//! `playhouse run`.

use std::time::Instant;

use super::args::RunArgs;
use super::printer::{self, Printer};
use super::progress::Progress;
use super::{keeper, places, signals};
use crate::exec::Cancel;
use crate::input::RunSpec;
use crate::pipeline::Observer;
use crate::{Playhouse, RunError, RunOutcome, exit_code};

/// A plugin waits for the network more than it computes: two threads keep a busy one
/// from holding up another.
const PLUGIN_THREADS: usize = 2;

/// Runs what is asked for, on this terminal; the exit code.
pub(super) fn run(args: &RunArgs) -> i32 {
    match args.begin_log().and_then(|()| args.to_spec()) {
        Ok(spec) if args.shows_progress() => {
            run_observed(&spec, &mut Progress::begin(), args.is_quiet())
        }
        Ok(spec) => run_observed(&spec, &mut Printer::default(), args.is_quiet()),
        Err(message) => {
            printer::error(&message);
            exit_code::INPUT
        }
    }
}

/// Runs it for any observer, and says at the end how it went; the exit code.
pub(super) fn run_observed(spec: &RunSpec, observer: &mut dyn Observer, is_quiet: bool) -> i32 {
    let started = Instant::now();
    match start(spec, observer) {
        Ok(outcome) => {
            printer::outcome(&outcome, started.elapsed(), is_quiet);
            outcome.exit_code()
        }
        Err(error) => {
            printer::error(&error.to_string());
            error.exit_code()
        }
    }
}

fn start(spec: &RunSpec, observer: &mut dyn Observer) -> Result<RunOutcome, RunError> {
    let system = |what| move |source| RunError::System { what, source };
    let cancel = Cancel::new().map_err(system("a pipe cannot be made"))?;
    signals::cancel_on_signals(&cancel).map_err(system("signals cannot be heard"))?;
    with_playhouse(|playhouse| {
        playhouse.with_keeper(keeper::program()).run(spec, &cancel, observer)
    })
}

/// Does something with the plugins and threads of this program.
pub(super) fn with_playhouse<T>(
    work: impl FnOnce(Playhouse) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let system = |what| move |source| RunError::System { what, source };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(PLUGIN_THREADS)
        .thread_name("plugins")
        .enable_all()
        .build()
        .map_err(system("the threads for plugins cannot be started"))?;
    let result = work(Playhouse::new(runtime.handle().clone(), places::library()));
    // A plugin that is still in a call has had its deadline.
    runtime.shutdown_background();
    result
}
