//! The plugins of the bench, loaded from a cache of compiled code, so that compiling is in
//! nobody's memory or time.

use std::path::Path;
use std::sync::Arc;

use playhouse::plugins::{
    CompiledCache, Lane, LaneContext, Plugin, PluginHost, PluginLane, PluginSpec,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::Place;

/// A plugin as the bench knows it.
pub(super) struct Wanted {
    name: &'static str,
    component: &'static str,
    config: Value,
    only_for: &'static [&'static str],
}

/// What stands on the path, in this order; the first is the one of a single plugin. A
/// filter for one sink lets every event go on to the next plugin.
const ON_PATH: [fn() -> Wanted; 3] = [
    || Wanted {
        name: "only-failed",
        component: "only-failed",
        config: json!({}),
        only_for: &["archive"],
    },
    || Wanted {
        name: "only-changed",
        component: "only-failed",
        config: json!({"changed": true}),
        only_for: &["audit"],
    },
    || Wanted {
        name: "annotate",
        component: "annotate",
        config: json!({"labels": {"site": "north"}}),
        only_for: &[],
    },
];

/// Loads and starts plugins.
pub(super) struct Lanes {
    host: PluginHost,
    place: Place,
}

impl Lanes {
    pub(super) fn new(place: &Place) -> Self {
        let cache = CompiledCache {
            folder: place.room.join("compiled"),
            key: place.room.join("key"),
            compiler: None,
        };
        Self { host: PluginHost::new(Some(&cache)).expect("an engine"), place: place.clone() }
    }

    /// The first plugins of the path.
    pub(super) fn path(
        &self,
        runtime: &Runtime,
        count: usize,
        artifacts: &Path,
    ) -> Vec<(Arc<Plugin>, PluginLane)> {
        let start = |wanted: &fn() -> Wanted| {
            let plugin = self.load(wanted());
            let context = Self::context(&plugin, artifacts);
            let lane = PluginLane::start(Arc::clone(&plugin), Lane::Path, context);
            (plugin, runtime.block_on(lane).expect("a plugin that starts"))
        };
        ON_PATH.iter().take(count).map(start).collect()
    }

    /// The sink, which posts to the bench's receiver.
    pub(super) fn sink(&self) -> Arc<Plugin> {
        let url = &self.place.url;
        let config = json!({"url": url});
        self.load(Wanted { name: "http-sink", component: "http-sink", config, only_for: &[] })
    }

    /// What a lane is told of a run.
    pub(super) fn context(plugin: &Plugin, artifacts: &Path) -> LaneContext {
        let folder = artifacts.join("plugins").join(plugin.name().as_str());
        std::fs::create_dir_all(&folder).expect("a folder for the plugin");
        LaneContext::without_run(super::IDENT, folder)
    }

    fn load(&self, wanted: Wanted) -> Arc<Plugin> {
        let file = self.place.components.join(format!("{}.wasm", wanted.component));
        let mut spec = PluginSpec::new(file, self.place.room.clone());
        spec.name = Some(wanted.name.parse().expect("a plugin's name"));
        if let Value::Object(config) = wanted.config {
            spec.config = config;
        }
        spec.only_for =
            wanted.only_for.iter().map(|name| name.parse().expect("a plugin's name")).collect();
        Arc::new(self.host.load(spec).expect("a plugin that loads"))
    }
}

/// Has every plugin compiled, for those who come later.
pub(crate) fn compile(place: &Place) {
    let lanes = Lanes::new(place);
    for wanted in ON_PATH {
        lanes.load(wanted());
    }
    lanes.sink();
}
