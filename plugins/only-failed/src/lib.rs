//! Keeps the events that tell of trouble: failed and unreachable results, and the play
//! recap, which says how it all ended.

use playhouse_plugin::{Event, Filter, InitError, Outcome, Plugin, Setup, plugin};
use schemars::JsonSchema;
use serde::Deserialize;

/// See the README.
pub struct OnlyFailed {
    settings: Settings,
}

/// The settings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Keep failures that a task ignores.
    ignored: bool,
    /// Keep changes too.
    changed: bool,
    /// Keep events of these names too.
    names: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ignored: true, changed: false, names: Vec::new() }
    }
}

impl Plugin for OnlyFailed {
    type Settings = Settings;

    fn init(settings: Settings, _setup: &Setup) -> Result<Self, InitError> {
        Ok(Self { settings })
    }
}

impl Filter for OnlyFailed {
    fn keep(&mut self, event: &Event<'_>) -> bool {
        let is_trouble = match event.outcome() {
            Some(Outcome::Failed) => self.settings.ignored || !event.ignored(),
            Some(Outcome::Unreachable) => true,
            Some(Outcome::Ok | Outcome::Skipped) | None => false,
        };
        is_trouble
            || event.name() == "playbook_on_stats"
            || (self.settings.changed && event.changed())
            || self.settings.names.iter().any(|name| name == event.name())
    }
}

plugin!(OnlyFailed: Filter; "plugin.json");
