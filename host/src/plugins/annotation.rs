//! Gives a component its metadata: the way for every language whose compiler does not.

use std::path::Path;

use serde_json::{Value, json};

use super::metadata::SECTION;
use super::surface::{Surface, renamed, section, with_sections};
use super::{ComponentFile, Hooks, Metadata, PluginError};

/// Standard sections, which tools of others read.
const NAMES: &str = "component-name";
const VERSION: &str = "version";
/// Who has looked at the metadata.
const MADE_BY: &str = concat!("playhouse ", env!("CARGO_PKG_VERSION"));

/// The component with `json`, read from `path`, as its metadata, in place of what it has.
/// Its hooks must be the ones that the component exports.
pub fn annotate(file: &ComponentFile, json: &str, path: &Path) -> Result<Vec<u8>, PluginError> {
    let refused = |reason: String| PluginError::Metadata { path: path.to_owned(), reason };
    let metadata = Metadata::parse(json.as_bytes()).map_err(refused)?;
    if let Some(doubt) = metadata.doubts.first() {
        return Err(refused(format!("it {doubt}")));
    }
    let hooks: Hooks = Surface::of(&file.bytes).hooks().into_iter().collect();
    super::component::check_hooks(path, &metadata, hooks)?;
    // Spaces are for those who write it.
    let mut compact: Value =
        serde_json::from_str(json).map_err(|error| refused(error.to_string()))?;
    compact["sdk"] = json!(MADE_BY);
    let mut fresh = vec![(SECTION, compact.to_string().into_bytes())];
    if let Some(name) = &metadata.name {
        fresh.push((NAMES, renamed(section(&file.bytes, NAMES), name)));
    }
    if let Some(version) = &metadata.version {
        fresh.push((VERSION, version.clone().into_bytes()));
    }
    with_sections(&file.bytes, &fresh).ok_or_else(|| PluginError::NotAComponent {
        path: file.path.clone(),
        reason: "it ends within a section".to_owned(),
    })
}
