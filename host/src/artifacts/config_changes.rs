//! `plugins/changes.json`: what plugins changed about a run before it started.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{ArtifactError, artifact_dir::make_private_dir, write_whole};

/// Writes them, in the order they were made.
pub(crate) fn write_config_changes(
    artifact_dir: &Path,
    changes: &Value,
) -> Result<(), ArtifactError> {
    let folder = artifact_dir.join("plugins");
    make_private_dir(&folder)?;
    let bytes = serde_json::to_vec_pretty(changes).expect("JSON values have text keys");
    write_whole(&folder.join("changes.json"), &bytes)
}

/// Reads them: each with `plugin`, `op`, `path`, `reason`, `applied` and, where it is no
/// secret, `value`. None were made where there is no file.
pub fn read_config_changes(artifact_dir: &Path) -> Vec<Value> {
    fs::read(artifact_dir.join("plugins/changes.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}
