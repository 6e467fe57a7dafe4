//! What the sinks of a run have not taken: their cursors, held against its journal.

use std::fmt;
use std::fs;
use std::path::Path;

use super::{JournalReader, Position, What, write_whole};
use crate::artifacts::ArtifactError;

/// What one sink has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// The plugin's name in the run.
    pub plugin: String,
    /// Entries of the journal behind its cursor. Not all of them need be for this sink.
    pub entries: u64,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} entries that `{}` did not take", self.entries, self.plugin)
    }
}

/// Of a run that has ended. A journal or cursor that cannot be read says nothing.
pub fn undelivered(artifact_dir: &Path) -> Vec<Undelivered> {
    let Ok(mut reader) = JournalReader::open(artifact_dir) else { return Vec::new() };
    let (mut run, mut last) = (None, 0);
    while let Ok(Some(entry)) = reader.next_entry() {
        last = entry.n;
        if let What::Run { run: id, .. } = entry.what {
            run = Some(id);
        }
    }
    let (Some(run), Ok(plugins)) = (run, fs::read_dir(artifact_dir.join("plugins"))) else {
        return Vec::new();
    };
    let mut left: Vec<Undelivered> = plugins
        .flatten()
        .filter_map(|folder| {
            let cursor = read_cursor(&folder.path())?;
            (cursor.run == run && cursor.n < last).then(|| Undelivered {
                plugin: folder.file_name().to_string_lossy().into_owned(),
                entries: last - cursor.n,
            })
        })
        .collect();
    left.sort_by(|one, other| one.plugin.cmp(&other.plugin));
    left
}

/// How far the sink in a plugin's folder has come; none where it has not begun.
pub(crate) fn read_cursor(plugin_folder: &Path) -> Option<Position> {
    serde_json::from_slice(&fs::read(plugin_folder.join("cursor")).ok()?).ok()
}

/// Writes how far it has come.
pub(crate) fn write_cursor(plugin_folder: &Path, position: &Position) -> Result<(), ArtifactError> {
    let bytes = serde_json::to_vec(position).expect("a position has text keys");
    write_whole(&plugin_folder.join("cursor"), &bytes)
}
