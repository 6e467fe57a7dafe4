//! A file that grows by whole lines: the journal, and `events.jsonl`.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;

use super::ArtifactError;

/// A file of ours alone, and how long it is.
#[derive(Debug)]
pub(super) struct GrowingFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl GrowingFile {
    /// Continues an empty file.
    pub(super) fn new(path: PathBuf, file: File) -> Self {
        Self { path, file, length: 0 }
    }

    /// Adds whole lines, or nothing; the byte at which they begin.
    pub(super) fn push(&mut self, lines: &[u8]) -> Result<u64, ArtifactError> {
        let at = self.length;
        if let Err(error) = self.file.write_all(lines) {
            // Half a line would be in the way of the next one.
            let _ = self.file.set_len(at);
            return Err(ArtifactError::write(&self.path)(error));
        }
        self.length += lines.len() as u64;
        Ok(at)
    }
}
