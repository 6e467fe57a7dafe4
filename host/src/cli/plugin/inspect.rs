//! `playhouse plugin inspect`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::failure::Failure;
use super::show;
use crate::RunError;
use crate::cli::{places, printer};
use crate::input::read_mapping;
use crate::plugins::{CompiledState, ComponentFile, Inspection};

/// Show what a plugin is and asks for; nothing of it is run
///
/// Nothing is compiled either. What is shown as granted it has without flags: by being installed, and by the
/// settings of `--config`.
#[derive(Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// A plugin as a run is asked for it: a name, or a path
    #[arg(value_name = "NAME|PATH")]
    plugin: String,

    /// Its settings, YAML or JSON, for what they grant
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn inspect(args: &InspectArgs) -> Result<i32, Failure> {
    let library = places::library();
    let found = library.find(&args.plugin)?;
    let file = ComponentFile::read(&found.component)?;
    if let Err(error) = file.check_digest(found.digest.as_ref()) {
        printer::say(&format!("warning: {error}"));
    }
    let config = match &args.config {
        Some(path) => settings(path)?,
        None => Map::new(),
    };
    let compiled = library.host()?.compiled_state(file.digest.as_hex());
    let inspection =
        Inspection::new(&file, found.locked.as_ref(), config, Path::new("."), compiled)?;
    if args.json {
        show::json(&inspection);
    } else {
        describe(&inspection);
    }
    Ok(0)
}

fn settings(path: &Path) -> Result<Map<String, Value>, Failure> {
    match read_mapping(path) {
        Ok(Some(settings)) => Ok(settings),
        Ok(None) => Err(Failure::input(format!("there are no settings in `{}`", path.display()))),
        Err(error) => Err(RunError::from(error).into()),
    }
}

fn describe(plugin: &Inspection) {
    let version = plugin.version.as_deref().unwrap_or("without a version");
    show::line(&format!("{} {version}", plugin.name));
    for text in [&plugin.title, &plugin.description].into_iter().flatten() {
        show::line(&format!("  {text}"));
    }
    show::line(&format!("  component: {}, {} bytes", plugin.path.display(), plugin.size));
    show::line(&format!("  digest: {}", plugin.digest));
    let interface = plugin.interface.as_deref().unwrap_or("none");
    show::line(&format!("  interface: playhouse:plugin@{interface}"));
    show::line(&format!("  hooks: {}", show::hooks(&plugin.hooks)));
    if !plugin.has_metadata {
        show::line(
            "  no metadata: it sees every event, and can be granted nothing; give it some with `playhouse plugin annotate`",
        );
    } else if plugin.wants.is_empty() {
        show::line("  asks for nothing");
    } else {
        show::line("  asks for:");
        show::asked(plugin.name.as_str(), &plugin.wants);
    }
    for doubt in &plugin.doubts {
        show::line(&format!("  warning: its metadata {doubt}"));
    }
    for sees in &plugin.sees {
        show::line(&format!("  {sees}"));
    }
    if !plugin.granted.is_empty() {
        show::line(&format!("  granted: {}", plugin.granted.join(", ")));
    }
    for (by_runtime, whose) in [(false, ""), (true, " (imported by its runtime)")] {
        let of_this = plugin.undeclared.iter().filter(|found| found.by_runtime == by_runtime);
        let imports: Vec<&str> = of_this.map(|found| found.import.as_str()).collect();
        if !imports.is_empty() {
            let imports = imports.join(", ");
            show::line(&format!("  refused, since it does not ask for it{whose}: {imports}"));
        }
    }
    if !plugin.acknowledged {
        show::line("  delivered: when the bytes have left; no peer says that it has them");
    }
    for kind in &plugin.unused {
        show::line(&format!("  asks for and cannot use: {kind}"));
    }
    if !plugin.runner_keys.is_empty() {
        show::line(&format!("  loaded by env/settings: {}", plugin.runner_keys.join(", ")));
    }
    if !plugin.env_keys.is_empty() {
        show::line(&format!("  loaded by the environment: {}", plugin.env_keys.join(", ")));
    }
    for (name, about) in described_settings(plugin) {
        show::line(&format!("  setting {name}: {about}"));
    }
    show::line(&format!("  limits: {}", limits(plugin)));
    show::line(&format!(
        "  compiled: {}",
        match &plugin.compiled {
            CompiledState::Ready => "yes".to_owned(),
            CompiledState::Missing => "not yet".to_owned(),
            CompiledState::NoCache => "there is no place to keep it".to_owned(),
            CompiledState::Distrusted(reason) => format!("not used: {reason}"),
        }
    ));
}

/// `memory_mib 64, call_ms 1000, …`
fn limits(plugin: &Inspection) -> String {
    let limits = serde_json::to_value(plugin.limits).unwrap_or_default();
    let limits = limits.as_object().into_iter().flatten().filter(|(_, limit)| !limit.is_null());
    limits.map(|(name, limit)| format!("{name} {limit}")).collect::<Vec<_>>().join(", ")
}

/// The settings that its schema names, with the words it has for them.
fn described_settings(plugin: &Inspection) -> Vec<(String, String)> {
    let Some(schema) = &plugin.settings else { return Vec::new() };
    let properties = schema["properties"].as_object();
    properties
        .into_iter()
        .flatten()
        .map(|(name, about)| {
            let text = about["description"].as_str().map(str::to_owned);
            (name.clone(), text.unwrap_or_else(|| kinds(about)))
        })
        .collect()
}

/// What a schema takes: `string or null`.
fn kinds(schema: &Value) -> String {
    let list = |key: &str| schema[key].as_array().map(Vec::as_slice);
    let texts =
        |values: &[Value]| values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let kinds: Vec<String> = match (list("anyOf"), list("enum"), list("type")) {
        (Some(parts), _, _) => parts.iter().map(kinds).collect(),
        (_, Some(values), _) => values.iter().map(Value::to_string).collect(),
        (_, _, Some(types)) => texts(types),
        (None, None, None) => texts(std::slice::from_ref(&schema["type"])),
    };
    if kinds.is_empty() { "any value".to_owned() } else { kinds.join(" or ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_without_words_shows_what_it_takes() {
        for (schema, shown) in [
            (json!({"type": "array", "items": {"type": "string"}}), "array"),
            (json!({"type": ["string", "null"]}), "string or null"),
            (json!({"enum": ["low", 3, null]}), r#""low" or 3 or null"#),
            (json!({"anyOf": [{"type": "object"}, {"enum": ["x"]}]}), r#"object or "x""#),
            (json!({"default": null}), "any value"),
            (json!(true), "any value"),
        ] {
            assert_eq!(kinds(&schema), shown, "{schema}");
        }
    }
}
