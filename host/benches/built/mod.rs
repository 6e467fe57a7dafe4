//! The built plugins that benches call.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use playhouse::plugins::{Plugin, PluginHost, PluginSpec};
use serde_json::{Map, json};

/// A plugin of the folder, never passed over for the time it takes. `annotate` notes one
/// thing on each event.
pub(crate) fn load(folder: &Path, name: &str) -> Arc<Plugin> {
    let mut spec = PluginSpec::new(folder.join(format!("{name}.wasm")), PathBuf::from("/"));
    spec.config = Map::from_iter((name == "annotate").then(|| ("labels".into(), json!({"a": 1}))));
    spec.limits.path_ms = Some(u64::from(u32::MAX));
    let host = PluginHost::new(None).expect("a plugin host");
    Arc::new(host.load(spec).expect("a plugin that loads"))
}
