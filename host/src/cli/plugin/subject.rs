//! The one plugin that a command is about, and what it is given.

use std::path::Path;

use crate::input::PluginFlags;

/// Settings, grants and secrets of one plugin.
#[derive(Debug, clap::Args)]
pub(super) struct SubjectArgs {
    /// The plugin's settings, one JSON object
    #[arg(long, value_name = "JSON", default_value = "{}", hide_default_value = true)]
    config: String,

    /// Allow it something that it asks for; may be repeated
    #[arg(long, value_name = "KIND=PATTERN")]
    allow: Vec<String>,

    /// Say where a secret of its own comes from; may be repeated
    #[arg(long, value_name = "SECRET=SOURCE")]
    secret: Vec<String>,
}

impl SubjectArgs {
    /// As a run's flags would say it of `component`, which is called `name`.
    pub(super) fn flags(&self, component: &Path, name: &str) -> PluginFlags {
        let of_it =
            |values: &[String]| values.iter().map(|value| format!("{name}.{value}")).collect();
        PluginFlags {
            plugins: vec![format!("{}={name}", component.display())],
            config: vec![format!("{name}={}", self.config)],
            allow: of_it(&self.allow),
            secrets: of_it(&self.secret),
        }
    }
}
