//! The options that say which plugins take part.

use crate::input::PluginFlags;

/// Of every subcommand that loads plugins.
#[derive(Debug, clap::Args)]
pub(super) struct PluginArgs {
    /// Let a plugin take part, behind those of `env/plugins`: a name, or the path of a
    /// `.wasm` file; `=name` behind it gives it a name for this run; may be repeated
    #[arg(long, value_name = "PLUGIN[=NAME]")]
    plugin: Vec<String>,

    /// Set a plugin's setting; the value is JSON if it parses as JSON, else text; may be
    /// repeated
    #[arg(long, value_name = "NAME.KEY=VALUE")]
    plugin_config: Vec<String>,

    /// Allow a plugin something that it asks for; may be repeated
    #[arg(long, value_name = "NAME.KIND=PATTERN")]
    plugin_allow: Vec<String>,

    /// Say where a plugin's own secret comes from: `env:VARIABLE`, `file:PATH` or
    /// `command:WORDS`; may be repeated
    #[arg(long, value_name = "NAME.SECRET=SOURCE")]
    plugin_secret: Vec<String>,
}

impl PluginArgs {
    pub(super) fn to_flags(&self) -> PluginFlags {
        PluginFlags {
            plugins: self.plugin.clone(),
            config: self.plugin_config.clone(),
            allow: self.plugin_allow.clone(),
            secrets: self.plugin_secret.clone(),
        }
    }
}
