//! `playhouse start`, `stop` and `is-alive`: a run in the background.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::args::RunArgs;
use super::pid_file::{self, Background, PidFile, background};
use super::{printer, run, this_program};
use crate::exec;
use crate::exit_code;
use crate::input::PrivateDataDir;
use crate::own_file::open_own;
use crate::pipeline::Observer;

/// The word that the background process is started with.
pub(super) const BACKGROUND: &str = "background";

/// What it says when Ansible runs.
const UP: &str = "up";

/// How long `stop` waits before it asks again, which skips the run's grace, and then
/// before it kills.
const PATIENCE: [Duration; 2] = [Duration::from_secs(7), Duration::from_secs(3)];

/// How long it then waits for a process whose run is over: not for one that has its id by now.
const LAST_STEPS: Duration = Duration::from_secs(2);

const CHECK_EVERY: Duration = Duration::from_millis(10);

/// Starts a run in the background and returns when it is up, or has failed.
pub(super) fn start(args: &RunArgs, words: &[OsString]) -> i32 {
    match try_start(args, words) {
        Ok(code) => code,
        Err(error) => {
            printer::error(&format!("the run cannot be started in the background: {error}"));
            exit_code::ARTIFACTS
        }
    }
}

fn try_start(args: &RunArgs, words: &[OsString]) -> io::Result<i32> {
    let directory = match args.to_spec().map(|spec| PrivateDataDir::open(&spec.private_data_dir)) {
        Ok(Ok(directory)) => directory,
        Ok(Err(error)) => return Ok(input_error(&error.to_string())),
        Err(message) => return Ok(input_error(&message)),
    };
    if let Background::Running(pid) = background(directory.path())? {
        return Ok(in_use(directory.path(), pid));
    }
    let log = directory.path().join("daemon.log");
    let mut options = OpenOptions::new();
    let log_file = open_own(options.write(true).create(true).truncate(true).mode(0o600), &log)?;
    let mut child = Command::new(this_program())
        .arg(BACKGROUND)
        .args(&words[2..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log_file)
        .spawn()?;
    let mut word = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut word)?;
    }
    if word.trim_end() == UP {
        return Ok(0);
    }
    let status = child.wait()?;
    io::stderr().lock().write_all(&fs::read(&log)?)?;
    Ok(status.code().unwrap_or(exit_code::ARTIFACTS))
}

fn input_error(message: &str) -> i32 {
    printer::error(message);
    exit_code::INPUT
}

fn in_use(private_data_dir: &Path, pid: u32) -> i32 {
    printer::error(&format!(
        "a run that was started in `{}` is under way as process {pid}; wait for its end, or end it with `playhouse stop`",
        private_data_dir.display()
    ));
    exit_code::ARTIFACTS
}

/// The background process itself: a run that belongs to no terminal.
pub(super) fn run_in_background(args: &RunArgs) -> i32 {
    // It fails only for a process that leads a group, which this one was not made to be.
    let _ = rustix::process::setsid();
    let spec = match args.begin_log().and_then(|()| args.to_spec()) {
        Ok(spec) => spec,
        Err(message) => return input_error(&message),
    };
    let claimed = PrivateDataDir::open(&spec.private_data_dir)
        .map_err(io::Error::other)
        .and_then(|directory| Ok((PidFile::claim(directory.path())?, directory)));
    match claimed {
        Ok((Some(_held), _)) => run::run_observed(&spec, &mut Parent, true),
        Ok((None, directory)) => match background(directory.path()) {
            Ok(Background::Running(pid)) => in_use(directory.path(), pid),
            _ => input_error("another `start` was faster"),
        },
        Err(error) => input_error(&error.to_string()),
    }
}

/// Whoever waits for `start`.
struct Parent;

impl Observer for Parent {
    fn up(&mut self) {
        let mut stdout = io::stdout().lock();
        // A parent that was killed waits for nothing.
        let _ = writeln!(stdout, "{UP}").and_then(|()| stdout.flush());
        if let Ok(nothing) = OpenOptions::new().write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdout(&nothing);
        }
    }
}

/// Ends what `start` has begun, and waits until it has ended.
pub(super) fn stop(args: &RunArgs) -> i32 {
    let ended = look(args).and_then(|(directory, found)| match found {
        Background::Nothing => {
            printer::error(&format!("nothing was started in `{}`", directory.path().display()));
            Ok(exit_code::INPUT)
        }
        Background::Stale => {
            printer::say("the run had ended without removing its `pid` file, which is gone now");
            pid_file::remove(directory.path()).map(|()| 0)
        }
        Background::Running(pid) => end(directory.path(), pid).map(|()| 0),
    });
    ended.unwrap_or_else(|error| input_error(&error.to_string()))
}

fn end(private_data_dir: &Path, pid: u32) -> io::Result<()> {
    let is_running =
        || Ok::<_, io::Error>(background(private_data_dir)? == Background::Running(pid));
    for patience in PATIENCE {
        pid_file::signal(pid, Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < patience {
            if !is_running()? {
                wait_for_last_steps(pid);
                return Ok(());
            }
            std::thread::sleep(CHECK_EVERY);
        }
    }
    // Its keeper ends what it ran.
    pid_file::signal(pid, Signal::KILL);
    pid_file::remove(private_data_dir)
}

/// A run that has removed its `pid` file has only to exit.
fn wait_for_last_steps(pid: u32) {
    let removed = Instant::now();
    while exec::is_alive(pid) && removed.elapsed() < LAST_STEPS {
        std::thread::sleep(CHECK_EVERY);
    }
}

/// Whether what `start` has begun goes on: 0, or 1.
pub(super) fn is_alive(args: &RunArgs) -> i32 {
    match look(args) {
        Ok((_, Background::Running(_))) => 0,
        Ok((_, Background::Nothing | Background::Stale)) => 1,
        Err(error) => input_error(&error.to_string()),
    }
}

fn look(args: &RunArgs) -> io::Result<(PrivateDataDir, Background)> {
    let directory = PrivateDataDir::open(args.private_data_dir()).map_err(io::Error::other)?;
    let found = background(directory.path())?;
    Ok((directory, found))
}
