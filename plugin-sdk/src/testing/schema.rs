//! The schema of a plugin's settings, made from their type.

use std::fs;
use std::path::Path;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::plugin::Plugin;

/// Set to anything, it has [`check_schema`] write the schema in place of comparing it.
const UPDATE: &str = "UPDATE_SCHEMA";

/// The JSON Schema of settings. Doc comments are the descriptions, what has a default is
/// not required, and `deny_unknown_fields` allows nothing else.
pub fn schema_of<S: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<S>();
    // They are the plugin's words about the type and tell an operator nothing.
    schema.remove("title");
    schema.remove("description");
    schema.to_value()
}

/// Holds `settings.schema` of a `plugin.json` against the type of the plugin's settings, so
/// that what operators are shown is what the plugin takes. With the environment variable
/// `UPDATE_SCHEMA` it is written there.
///
/// # Errors
///
/// What is wrong, and how to mend it.
pub fn check_schema<P>(plugin_json: impl AsRef<Path>) -> Result<(), String>
where
    P: Plugin<Settings: JsonSchema>,
{
    let path = plugin_json.as_ref();
    let of_path = |what: &str, error: &dyn std::fmt::Display| {
        format!("`{}` cannot be {what}: {error}", path.display())
    };
    let text = fs::read_to_string(path).map_err(|error| of_path("read", &error))?;
    let mut metadata: Value =
        serde_json::from_str(&text).map_err(|error| of_path("read", &error))?;
    let schema = schema_of::<P::Settings>();
    if metadata["settings"]["schema"] == schema {
        return Ok(());
    }
    if std::env::var_os(UPDATE).is_none() {
        return Err(format!(
            "`settings.schema` in `{}` is not that of the settings; `{UPDATE}=1 cargo test` writes it:\n{schema:#}",
            path.display()
        ));
    }
    metadata["settings"]["schema"] = schema;
    fs::write(path, format!("{metadata:#}\n")).map_err(|error| of_path("written", &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InitError, Setup};
    use serde_json::json;

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        /// Where to post.
        #[serde(rename = "url")]
        _url: String,
        #[serde(rename = "tries", default)]
        _tries: u8,
    }

    struct Poster;

    impl Plugin for Poster {
        type Settings = Settings;

        fn init(_: Settings, _: &Setup) -> Result<Self, InitError> {
            Ok(Self)
        }
    }

    #[test]
    fn a_schema_is_that_of_the_type_or_an_error_that_has_it() {
        let folder = std::env::temp_dir().join(format!("schema-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("plugin.json");
        let schema = json!({
            "type": "object",
            "properties": {
                "url": {"description": "Where to post.", "type": "string"},
                "tries": {"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255, "default": 0}
            },
            "additionalProperties": false,
            "required": ["url"]
        });
        fs::write(&path, json!({"settings": {"schema": schema}}).to_string()).unwrap();
        assert_eq!(check_schema::<Poster>(&path), Ok(()));
        fs::write(&path, json!({"settings": {"schema": {"type": "object"}}}).to_string()).unwrap();
        let error = check_schema::<Poster>(&path).unwrap_err();
        assert!(error.contains("UPDATE_SCHEMA=1") && error.contains("Where to post."), "{error}");
        fs::write(&path, "{").unwrap();
        assert!(check_schema::<Poster>(&path).unwrap_err().contains("cannot be read: EOF"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
