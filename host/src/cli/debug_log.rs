//! `--debug` and `--logfile`: what the runner itself does.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Has it said on standard error, in a file, or both, from now on.
pub(super) fn begin(on_stderr: bool, file: Option<&Path>) -> io::Result<()> {
    if !on_stderr && file.is_none() {
        return Ok(());
    }
    let stderr = on_stderr.then(|| {
        fmt::layer().without_time().with_target(false).with_ansi(false).with_writer(io::stderr)
    });
    let file = match file {
        None => None,
        Some(path) => Some(
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(path)
                .map_err(|error| io::Error::other(format!("`{}`: {error}", path.display())))?,
        ),
    };
    let file = file.map(|file| fmt::layer().with_ansi(false).with_writer(Mutex::new(file)));
    let ours =
        tracing_subscriber::filter::Targets::new().with_target("playhouse", LevelFilter::DEBUG);
    let subscriber = tracing_subscriber::registry()
        .with(stderr.with_filter(ours.clone()))
        .with(file.with_filter(ours));
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}
