//! What a guest writes to its standard streams: lines of its log. The last of standard
//! error is kept, because a panic's text is there.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::log::{LogLevel, PluginLog};

/// Bytes of standard error that go with the report of a trap.
const TAIL: usize = 1 << 10;
/// A line is cut here, so that text without line ends needs no more memory.
const LONGEST_LINE: usize = 8 << 10;
/// Bytes a guest may write at once.
const PERMIT: usize = 64 << 10;

/// One stream of one instance. Clones write to the same.
#[derive(Debug, Clone)]
pub(super) struct GuestOutput(Arc<Stream>);

#[derive(Debug)]
struct Stream {
    log: Arc<PluginLog>,
    level: LogLevel,
    text: Mutex<Text>,
}

#[derive(Debug, Default)]
struct Text {
    line: Vec<u8>,
    tail: VecDeque<u8>,
}

impl GuestOutput {
    pub(super) fn new(log: Arc<PluginLog>, level: LogLevel) -> Self {
        Self(Arc::new(Stream { log, level, text: Mutex::default() }))
    }

    /// Ends an open line and gives the last of what was written.
    pub(super) fn take_tail(&self) -> String {
        let mut text = self.0.text.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.end_line(&mut text);
        let tail: Vec<u8> = text.tail.drain(..).collect();
        String::from_utf8_lossy(&tail).trim().to_owned()
    }
}

impl Stream {
    fn push(&self, bytes: &[u8]) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = &bytes[bytes.len().saturating_sub(TAIL)..];
        let surplus = (text.tail.len() + kept.len()).saturating_sub(TAIL);
        text.tail.drain(..surplus);
        text.tail.extend(kept);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            for part in piece.chunks(LONGEST_LINE) {
                text.line.extend_from_slice(part);
                if part.ends_with(b"\n") || text.line.len() >= LONGEST_LINE {
                    self.end_line(&mut text);
                }
            }
        }
    }

    fn end_line(&self, text: &mut Text) {
        if !text.line.is_empty() {
            let line = String::from_utf8_lossy(&text.line);
            self.log.write(self.level, line.trim_end_matches(['\r', '\n']), &[]);
            text.line.clear();
        }
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // Not through the asynchronous stream: what a guest writes before it traps must be
    // there when the trap is reported.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

#[wasmtime_wasi::async_trait]
impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::Lane;
    use crate::secrets::Secrets;

    #[test]
    fn lines_go_to_the_log_and_the_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(PluginLog::new(folder.path(), Lane::Path, 1 << 20, Secrets::default()));
        let output = GuestOutput::new(log, LogLevel::Warn);
        output.0.push(&vec![b'x'; 20_000]);
        output.0.push(b"\nfirst\nsec");
        output.0.push(b"ond");
        let tail = output.take_tail();
        assert!(tail.len() <= TAIL && tail.ends_with("xx\nfirst\nsecond"), "{tail}");
        let text = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(text.ends_with("second\n") && text.lines().count() == 5, "{text}");
    }
}
