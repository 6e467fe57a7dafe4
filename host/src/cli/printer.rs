//! Standard output is the run's, standard error is ours.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crate::pipeline::Observer;
use crate::plugins::PluginStats;
use crate::visible::{json_line, message, on_one_line};
use crate::{PluginSummary, RunOutcome};

/// Standard output, as long as somebody reads it.
#[derive(Default)]
pub(super) struct Printer {
    /// Nobody reads standard output any more; the run goes on.
    closed: bool,
}

impl Observer for Printer {
    fn show(&mut self, text: &str) {
        if self.closed {
            return;
        }
        let mut stdout = io::stdout().lock();
        self.closed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err();
    }
}

/// How a run ended: what it survived, a line a plugin, and on a terminal a last line.
pub(super) fn outcome(outcome: &RunOutcome, elapsed: Duration, is_quiet: bool) {
    for warning in &outcome.warnings {
        say(&format!("warning: {warning}"));
    }
    for plugin in &outcome.plugins {
        let was_left_out = outcome.error.is_some() && plugin.stats.calls == 0;
        if plugin.trouble.is_some() || !(is_quiet || was_left_out) {
            say(&plugin_line(plugin));
        }
    }
    if let Some(failure) = &outcome.error
        && !matches!(failure, crate::RunError::Exec(crate::exec::ExecError::NotFound { .. }) if !is_quiet)
    {
        error(&failure.to_string());
    }
    if outcome.is_undelivered() {
        error("a required sink has not taken everything; its cursor is kept with the artifacts");
    }
    if !is_quiet && io::stderr().is_terminal() {
        say(&format!(
            "playhouse: {} in {:.1} s, {} events, artifacts in {}",
            outcome.status,
            elapsed.as_secs_f64(),
            outcome.events,
            outcome.artifact_dir.display()
        ));
    }
}

/// What went wrong. Never quiet.
pub(super) fn error(reason: &str) {
    say(&format!("error: {reason}"));
}

/// One line on standard output, whatever is said in it. Whoever closes the pipe has seen enough.
pub(super) fn print(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", on_one_line(line));
}

/// One line of JSON on standard output.
pub(super) fn print_json(json: &str) {
    let _ = writeln!(io::stdout().lock(), "{}", json_line(json));
}

/// One message on standard error, whose further lines are indented; if nobody reads it
/// there is nobody left to tell.
pub(super) fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", message(text));
}

/// `plugin http-sink 0.1.0: 3 statuses and 14 events delivered, 0 waiting; 5 calls, …`
pub(super) fn plugin_line(plugin: &PluginSummary) -> String {
    let stats = &plugin.stats;
    let mut did = Vec::new();
    if plugin.config_changes > 0 {
        did.push(counted(plugin.config_changes, "change of the run", "changes of the run"));
    }
    if let Some(delivery) = &plugin.delivery {
        did.push(format!(
            "{} and {} delivered, {} waiting",
            counted(delivery.statuses, "status", "statuses"),
            counted(delivery.events, "event", "events"),
            delivery.waiting
        ));
    } else if stats.events_in > 0 {
        did.push(format!(
            "{} in, {} dropped, {} changed",
            counted(stats.events_in, "event", "events"),
            stats.dropped,
            stats.changed
        ));
    }
    if did.is_empty() {
        did.push("nothing to do".to_owned());
    }
    let mut line =
        format!("plugin {} {}: {}; {}", plugin.name, plugin.version, did.join(", "), costs(stats));
    for (count, one, many) in [
        (stats.set_aside, "set aside", "set aside"),
        (stats.failures, "failure", "failures"),
        (stats.restarts, "restart", "restarts"),
        (stats.refusals, "refusal", "refusals"),
        (stats.malformed, "malformed change", "malformed changes"),
    ] {
        if count > 0 {
            let _ = write!(line, ", {}", counted(count, one, many));
        }
    }
    if stats.proxied {
        line.push_str(", through a proxy");
    }
    if stats.bypassed {
        line.push_str(", passed over since it used up its time");
    }
    if let Some(trouble) = &plugin.trouble {
        let _ = write!(line, "; {trouble}");
    }
    line
}

#[expect(clippy::cast_precision_loss, reason = "a tenth of a MiB is all that is shown")]
fn costs(stats: &PluginStats) -> String {
    format!(
        "{}, p99 {:.1} ms, cpu {:.1} ms, memory {:.1} MiB",
        counted(stats.calls, "call", "calls"),
        stats.p99.as_secs_f64() * 1e3,
        stats.guest_cpu.as_secs_f64() * 1e3,
        stats.peak_memory as f64 / f64::from(1 << 20)
    )
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
