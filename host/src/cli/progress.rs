//! `--progress`: where a run is, in place of Ansible's output. On a terminal it is a few
//! lines that are drawn again and again; elsewhere each thing that matters is a line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::artifacts::StatusChange;
use crate::events::{Event, EventOutcome};
use crate::pipeline::Observer;
use crate::visible::on_one_line;

/// How often the view is drawn: its clock shows tenths of seconds.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// How many of the hosts that are being worked on are named.
const MOST_NAMES: usize = 6;

/// Shows a run as it goes on.
pub(super) struct Progress {
    view: Arc<Mutex<View>>,
    /// Draws the view; none where lines do.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Where the run is.
struct View {
    started: Instant,
    play: String,
    task: String,
    tasks: u32,
    running: BTreeSet<String>,
    hosts: BTreeMap<String, Counts>,
    /// To be shown once, above what is drawn again.
    notes: Vec<String>,
    /// How many lines the last drawing left.
    drawn: usize,
}

/// What came of a host's tasks.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    ok: u32,
    changed: u32,
    failed: u32,
    unreachable: u32,
}

impl Progress {
    pub(super) fn begin() -> Self {
        let view = Arc::new(Mutex::new(View::new()));
        let drawing = io::stdout().is_terminal().then(|| {
            let view = Arc::clone(&view);
            let (stop, stopped) = mpsc::channel();
            let draw = thread::spawn(move || {
                while stopped.recv_timeout(DRAW_EVERY) == Err(RecvTimeoutError::Timeout) {
                    lock(&view).draw();
                }
            });
            (stop, draw)
        });
        Self { view, drawing }
    }

    /// Where nothing draws them.
    fn show_notes(&self) {
        if self.drawing.is_none() {
            for note in std::mem::take(&mut lock(&self.view).notes) {
                show(&format!("{note}\n"));
            }
        }
    }

    fn end(&mut self) {
        if let Some((stop, draw)) = self.drawing.take() {
            drop(stop);
            // It only draws.
            let _ = draw.join();
            let mut view = lock(&self.view);
            view.running.clear();
            view.draw();
        }
    }
}

impl Observer for Progress {
    fn status(&mut self, change: &StatusChange) {
        if !change.status.is_final() {
            return;
        }
        self.end();
        let view = lock(&self.view);
        for (host, counts) in &view.hosts {
            show(&format!("{}: {counts}\n", on_one_line(host)));
        }
    }

    /// What Ansible says before the first play is why there may be none.
    fn show(&mut self, text: &str) {
        let mut view = lock(&self.view);
        if view.play.is_empty() {
            view.notes.extend(text.lines().map(str::to_owned));
            drop(view);
            self.show_notes();
        }
    }

    fn event(&mut self, event: &Event) {
        lock(&self.view).take(event);
        self.show_notes();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl View {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            play: String::new(),
            task: String::new(),
            tasks: 0,
            running: BTreeSet::new(),
            hosts: BTreeMap::new(),
            notes: Vec::new(),
            drawn: 0,
        }
    }

    fn take(&mut self, event: &Event) {
        let fields = event.fields();
        match event.name.as_str() {
            "playbook_on_play_start" => {
                self.play = fields.scope.play.clone().unwrap_or_default();
                self.note(&format!("PLAY {}", self.play));
            }
            "playbook_on_task_start" => {
                self.task = fields.scope.task.clone().unwrap_or_default();
                self.tasks += 1;
                self.note(&format!("TASK {}", self.task));
            }
            "runner_on_start" => self.running.extend(fields.host),
            "runner_on_ok" | "runner_on_failed" | "runner_on_skipped" | "runner_on_unreachable" => {
                let Some(host) = fields.host else { return };
                self.running.remove(&host);
                let counts = self.hosts.entry(host.clone()).or_default();
                match fields.outcome {
                    Some(EventOutcome::Ok) => {
                        counts.ok += 1;
                        counts.changed += u32::from(fields.changed);
                    }
                    Some(EventOutcome::Failed) if !fields.ignored => {
                        counts.failed += 1;
                        let task = fields.scope.task.as_deref().unwrap_or_default();
                        self.note(&format!("FAILED {host}: {task}"));
                    }
                    Some(EventOutcome::Unreachable) => {
                        counts.unreachable += 1;
                        self.note(&format!("UNREACHABLE {host}"));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, what: &str) {
        let what = on_one_line(what);
        self.notes.push(format!("{:>7.1} s  {what}", self.started.elapsed().as_secs_f64()));
    }

    /// The lines that are drawn again: play, task, hosts.
    fn lines(&self) -> Vec<String> {
        let mut all = Counts::default();
        for counts in self.hosts.values() {
            all.ok += counts.ok;
            all.changed += counts.changed;
            all.failed += counts.failed;
            all.unreachable += counts.unreachable;
        }
        let mut names: String =
            self.running.iter().take(MOST_NAMES).map(String::as_str).collect::<Vec<_>>().join(", ");
        if self.running.len() > MOST_NAMES {
            let _ = write!(names, " and {} more", self.running.len() - MOST_NAMES);
        }
        let elapsed = self.started.elapsed().as_secs_f64();
        vec![
            format!("{elapsed:>7.1} s  play  {}", on_one_line(&self.play)),
            format!("           task  {} (number {})", on_one_line(&self.task), self.tasks),
            format!("           on    {}", on_one_line(&names)),
            format!("           {} hosts: {all}", self.hosts.len()),
        ]
    }

    /// Takes away what was drawn before, shows what stays, and draws anew.
    fn draw(&mut self) {
        let mut text = String::new();
        if self.drawn > 0 {
            let _ = write!(text, "\x1b[{}A\x1b[J", self.drawn);
        }
        // Plays and tasks that went by are not shown again; what went wrong stays.
        for note in self.notes.drain(..).filter(|note| !note.contains("  TASK ")) {
            text.push_str(&note);
            text.push('\n');
        }
        // A terminal of unknown width says 0.
        let width = rustix::termios::tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
        let width = if width == 0 { 80 } else { width };
        let lines = self.lines();
        self.drawn = lines.len();
        for line in lines {
            text.extend(line.chars().take(usize::from(width.max(20)) - 1));
            text.push('\n');
        }
        show(&text);
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ok, changed, failed, unreachable } = self;
        write!(formatter, "ok={ok} changed={changed} failed={failed} unreachable={unreachable}")
    }
}

fn lock(view: &Mutex<View>) -> MutexGuard<'_, View> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show(text: &str) {
    let mut stdout = io::stdout().lock();
    // Whoever closed it has seen enough; the run goes on.
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
