//! What in a plugin's metadata means nothing: keys that nobody reads, and wants that
//! nobody can grant. Metadata that is written today is refused with any of it; components
//! that were made before it was looked at are loaded, and the operator is told.

use std::sync::LazyLock;

use serde_json::Value;

use super::json_schema::unknown_member;
use super::pointer::PointerPattern;
use super::{Metadata, PluginName, Wanted, view_schema};

/// What metadata is made of.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    // A test reads the file: it is JSON.
    serde_json::from_str(include_str!("../../../wit/plugin.schema.json")).unwrap_or_default()
});

/// In words, each to follow "its metadata". `json` is what `metadata` was read from.
pub(super) fn doubts(metadata: &Metadata, json: &Value) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(unknown) = unknown_member(&SCHEMA, json) {
        doubts.push(format!(
            "has the unknown key `{}`; there are {}",
            unknown.pointer,
            unknown.known.join(", ")
        ));
    }
    if let Some(name) = &metadata.name
        && let Err(error) = PluginName::try_from(name.clone())
    {
        doubts.push(format!("has a `name` that cannot be used: {error}"));
    }
    for want in &metadata.wants {
        match &want.what {
            Wanted::Set { paths } => {
                doubts.extend(parsed(paths).filter(|path| !view_schema::can_be_set(path)).map(
                    |path| {
                        format!(
                            "wants to set `{}`, which cannot be set; what can is {}",
                            path.as_str(),
                            view_schema::settable().join(", ")
                        )
                    },
                ));
            }
            Wanted::View { paths, .. } => {
                doubts.extend(parsed(paths).filter(|path| !view_schema::is_there(path)).map(
                    |path| {
                        format!(
                            "wants to see `{}`, which is not in the view of a run; there is {}",
                            path.as_str(),
                            view_schema::members().join(", ")
                        )
                    },
                ));
            }
            Wanted::Narrow { paths } => {
                doubts.extend(paths.iter().filter(|path| *path != "/limit").map(|path| {
                    format!("wants to narrow `{path}`, and only `/limit` can be narrowed")
                }));
            }
            _ => {}
        }
    }
    let settings = &metadata.settings;
    let places = metadata
        .wants
        .iter()
        .flat_map(|want| settings_of(&want.what))
        .chain(settings.confidential.iter().map(|place| ("confidential", place)))
        .chain(settings.runner_keys.values().map(|place| ("runner_keys", place)))
        .chain(settings.env_keys.values().map(|place| ("env_keys", place)));
    for (key, place) in places {
        doubts.extend(doubt_of_setting(settings.schema.as_ref(), key, place));
    }
    doubts
}

/// A pattern that cannot be read is an error elsewhere.
fn parsed(paths: &[String]) -> impl Iterator<Item = PointerPattern> {
    paths.iter().filter_map(|path| PointerPattern::parse(path).ok())
}

/// The places in its settings that a want names.
fn settings_of(want: &Wanted) -> Vec<(&'static str, &String)> {
    let (setting, host) = match want {
        Wanted::Http { setting, .. }
        | Wanted::Dir { setting, .. }
        | Wanted::View { setting, .. } => (setting, None),
        Wanted::Net { setting, host, .. } => (setting, Some(host)),
        _ => return Vec::new(),
    };
    let host = host.into_iter().flat_map(|host| {
        [
            ("host_setting", &host.host_setting),
            ("port_setting", &host.port_setting),
            ("tls_setting", &host.tls_setting),
        ]
    });
    [("setting", setting)]
        .into_iter()
        .chain(host)
        .filter_map(|(key, place)| Some((key, place.as_ref()?)))
        .collect()
}

fn doubt_of_setting(schema: Option<&Value>, key: &str, place: &str) -> Option<String> {
    let Some(rest) = place.strip_prefix('/') else {
        return Some(format!(
            "names the setting `{place}` in `{key}`: write a JSON Pointer, `/{place}`"
        ));
    };
    let first = rest.split('/').next().unwrap_or(rest).replace("~1", "/").replace("~0", "~");
    let schema = schema?;
    let is_closed = schema["additionalProperties"] == Value::Bool(false)
        && schema["patternProperties"].is_null();
    (is_closed && schema["properties"].get(&first).is_none()).then(|| {
        format!("names the setting `{place}` in `{key}`, which the schema of its settings lacks")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_means_nothing_is_told() {
        for (metadata, told) in [
            (json!({"want": []}), "unknown key `/want`; there are schema, sdk, name"),
            (json!({"wants": [{"kind": "http", "origin": "x"}]}), "`/wants/0/origin`"),
            (json!({"limits": {"memory": 1}}), "`/limits/memory`"),
            (json!({"settings": {"secret": ["/a"]}}), "`/settings/secret`"),
            (json!({"name": "Bad Name"}), "`name` that cannot be used"),
            (
                json!({"wants": [{"kind": "set", "paths": ["/mode"]}]}),
                "`/mode`, which cannot be set",
            ),
            (json!({"wants": [{"kind": "set", "paths": ["/limit/x"]}]}), "cannot be set"),
            (json!({"wants": [{"kind": "view", "paths": ["/nonsense"]}]}), "not in the view"),
            (json!({"wants": [{"kind": "narrow", "paths": ["/tags"]}]}), "only `/limit`"),
            (json!({"settings": {"confidential": ["url"]}}), "write a JSON Pointer, `/url`"),
            (
                json!({
                    "wants": [{"kind": "http", "setting": "/nosuch"}],
                    "settings": {"schema": {"properties": {"url": {}}, "additionalProperties": false}},
                }),
                "`/nosuch` in `setting`, which the schema of its settings lacks",
            ),
        ] {
            let read: Result<Metadata, _> = serde_json::from_value(metadata.clone());
            let found = doubts(&read.unwrap_or_default(), &metadata);
            assert!(found.iter().any(|doubt| doubt.contains(told)), "{metadata}: {found:?}");
        }
    }

    #[test]
    fn the_plugins_we_ship_say_nothing_that_means_nothing() {
        for plugin in
            ["annotate", "extra-vars", "http-sink", "mqtt-sink", "only-failed", "zmq-sink"]
        {
            let path = format!("{}/../plugins/{plugin}/plugin.json", env!("CARGO_MANIFEST_DIR"));
            let json: Value =
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let metadata = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(doubts(&metadata, &json), Vec::<String>::new(), "{plugin}");
        }
    }
}
