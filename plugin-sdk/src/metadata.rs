//! Looks at `plugin.json` while a plugin is built: a key that nobody reads, or a wish that
//! nobody can grant, is an error of the compiler's.
//!
//! It reads as much of JSON as that takes and leaves the rest to the host, which refuses
//! what is no JSON at all.

/// What an object in `plugin.json` may hold.
#[derive(Clone, Copy)]
enum Object {
    Root,
    Hooks,
    Hook,
    Select,
    Batch,
    Want,
    Settings,
    Limits,
    /// Anything: a schema, or names of the author's.
    Any,
}

type Keys = &'static [(&'static str, Object)];

const ROOT: Keys = &[
    ("schema", Object::Any),
    ("title", Object::Any),
    ("description", Object::Any),
    ("license", Object::Any),
    ("homepage", Object::Any),
    ("hooks", Object::Hooks),
    ("acknowledged", Object::Any),
    ("wants", Object::Want),
    ("settings", Object::Settings),
    ("limits", Object::Limits),
];
const HOOKS: Keys = &[
    ("pre-run", Object::Hook),
    ("event-filter", Object::Hook),
    ("event-enricher", Object::Hook),
    ("status-sink", Object::Hook),
    ("event-sink", Object::Hook),
    ("timer", Object::Hook),
];
const HOOK: Keys = &[
    ("select", Object::Select),
    ("fields", Object::Any),
    ("batch", Object::Batch),
    ("cursor", Object::Any),
    ("redacts", Object::Any),
];
const SELECT: Keys = &[("names", Object::Any), ("hosts", Object::Any), ("outcomes", Object::Any)];
const BATCH: Keys = &[("events", Object::Any), ("bytes", Object::Any), ("linger_ms", Object::Any)];
const WANT: Keys = &[
    ("kind", Object::Any),
    ("origins", Object::Any),
    ("addresses", Object::Any),
    ("setting", Object::Any),
    ("host_setting", Object::Any),
    ("port_setting", Object::Any),
    ("tls_setting", Object::Any),
    ("default_port", Object::Any),
    ("name", Object::Any),
    ("optional", Object::Any),
    ("names", Object::Any),
    ("write", Object::Any),
    ("paths", Object::Any),
    ("why", Object::Any),
];
const SETTINGS: Keys = &[
    ("runner_keys", Object::Any),
    ("env_keys", Object::Any),
    ("confidential", Object::Any),
    ("schema", Object::Any),
];
const LIMITS: Keys = &[
    ("memory_mib", Object::Any),
    ("event_bytes", Object::Any),
    ("call_bytes", Object::Any),
    ("added_bytes", Object::Any),
    ("call_ms", Object::Any),
    ("path_ms", Object::Any),
    ("deliver_ms", Object::Any),
    ("init_ms", Object::Any),
    ("prepare_ms", Object::Any),
    ("cpu_ms", Object::Any),
    ("connections", Object::Any),
    ("log_bytes", Object::Any),
    ("restarts", Object::Any),
];

/// Members of the view that can be set, and those of them that hold others.
const SETTABLE: [&str; 15] = [
    "playbook",
    "inventory",
    "limit",
    "tags",
    "skip_tags",
    "check",
    "diff",
    "forks",
    "verbosity",
    "extravars",
    "envvars",
    "cmdline",
    "passwords",
    "ssh_keys",
    "project_dir",
];
const HOLDERS: [&str; 3] = ["extravars", "envvars", "passwords"];

impl Object {
    /// None for one that may hold anything.
    const fn keys(self) -> Option<Keys> {
        match self {
            Self::Root => Some(ROOT),
            Self::Hooks => Some(HOOKS),
            Self::Hook => Some(HOOK),
            Self::Select => Some(SELECT),
            Self::Batch => Some(BATCH),
            Self::Want => Some(WANT),
            Self::Settings => Some(SETTINGS),
            Self::Limits => Some(LIMITS),
            Self::Any => None,
        }
    }
}

/// Panics, while the plugin is compiled, with what is wrong in the text of `plugin.json`.
pub const fn check(json: &str) {
    let bytes = json.as_bytes();
    value(bytes, space(bytes, 0), Object::Root);
}

/// Reads the value at `at`, whose objects are of this kind; gives the place behind it.
const fn value(json: &[u8], at: usize, kind: Object) -> usize {
    if at >= json.len() {
        return at;
    }
    match json[at] {
        b'{' => object(json, at, kind),
        b'[' => {
            let mut at = space(json, at + 1);
            while at < json.len() && json[at] != b']' {
                at = space(json, value(json, at, kind));
                if at < json.len() && json[at] == b',' {
                    at = space(json, at + 1);
                }
            }
            at + 1
        }
        b'"' => string(json, at),
        _ => {
            let mut at = at + 1;
            while at < json.len() && !matches!(json[at], b',' | b'}' | b']' | b'"' | b'{' | b'[') {
                at += 1;
            }
            at
        }
    }
}

const fn object(json: &[u8], start: usize, kind: Object) -> usize {
    let mut at = space(json, start + 1);
    let (mut sets, mut paths) = (false, 0);
    while at < json.len() && json[at] == b'"' {
        let end = string(json, at);
        let child = child(json, at, end, kind);
        let below = space(json, space(json, end) + 1);
        if matches!(kind, Object::Want) {
            if is_text(json, at, "kind") {
                sets = is_text(json, below, "set");
            } else if is_text(json, at, "paths") {
                paths = below;
            }
        }
        at = space(json, value(json, below, child));
        if at < json.len() && json[at] == b',' {
            at = space(json, at + 1);
        }
    }
    if sets && paths > 0 {
        check_paths(json, paths);
    }
    at + 1
}

/// What lies below the key from `at` to `end`.
const fn child(json: &[u8], at: usize, end: usize, kind: Object) -> Object {
    let Some(keys) = kind.keys() else { return Object::Any };
    let mut index = 0;
    while index < keys.len() {
        if is_text(json, at, keys[index].0) {
            return keys[index].1;
        }
        index += 1;
    }
    refuse("plugin.json has the unknown key ", json, at, end)
}

/// Each of a list of patterns has to begin with a member that can be set.
const fn check_paths(json: &[u8], start: usize) {
    let mut at = space(json, start + 1);
    while at < json.len() && json[at] == b'"' {
        let end = string(json, at);
        if !can_be_set(json, at, end) {
            refuse("plugin.json wants to set what cannot be set, ", json, at, end);
        }
        at = space(json, end);
        if at < json.len() && json[at] == b',' {
            at = space(json, at + 1);
        }
    }
}

/// Whether the pattern from `at` to `end`, in its quotes, is of a member that can be set. One
/// with `*` is left to the host.
const fn can_be_set(json: &[u8], at: usize, end: usize) -> bool {
    if json[at + 1] != b'/' {
        return false;
    }
    let first = at + 2;
    let mut stop = first;
    while stop + 1 < end && json[stop] != b'/' {
        if json[stop] == b'*' {
            return true;
        }
        stop += 1;
    }
    let is_deep = json[stop] == b'/';
    is_one_of(json, first, stop, if is_deep { &HOLDERS } else { &SETTABLE })
}

const fn is_one_of(json: &[u8], from: usize, to: usize, texts: &[&str]) -> bool {
    let mut index = 0;
    while index < texts.len() {
        if is_same(json, from, to, texts[index]) {
            return true;
        }
        index += 1;
    }
    false
}

/// Whether the string at `at` is `text`.
const fn is_text(json: &[u8], at: usize, text: &str) -> bool {
    at < json.len() && json[at] == b'"' && is_same(json, at + 1, string(json, at) - 1, text)
}

const fn is_same(json: &[u8], from: usize, to: usize, text: &str) -> bool {
    let text = text.as_bytes();
    if to < from || to - from != text.len() {
        return false;
    }
    let mut index = 0;
    while index < text.len() {
        if json[from + index] != text[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// The place behind the string at `at`.
const fn string(json: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < json.len() && json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

const fn space(json: &[u8], at: usize) -> usize {
    let mut at = at;
    while at < json.len() && json[at].is_ascii_whitespace() {
        at += 1;
    }
    at
}

/// Panics with both texts.
const fn refuse(what: &str, json: &[u8], from: usize, to: usize) -> ! {
    let mut message = [b' '; 160];
    let what = what.as_bytes();
    let mut length = 0;
    while length < what.len() {
        message[length] = what[length];
        length += 1;
    }
    let mut at = from;
    while at < to && at < json.len() && length < message.len() {
        message[length] = json[at];
        length += 1;
        at += 1;
    }
    match std::str::from_utf8(&message) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("plugin.json has an unknown key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The compiler's message, as far as it goes.
    #[expect(clippy::needless_pass_by_value, reason = "`json!` gives values")]
    fn refusal(metadata: Value) -> Option<String> {
        let text = serde_json::to_string_pretty(&metadata).unwrap();
        let refused = std::panic::catch_unwind(|| check(&text)).err()?;
        refused.downcast_ref::<String>().map(|message| message.trim_end().to_owned())
    }

    #[test]
    fn what_the_host_reads_passes() {
        for metadata in [
            json!({}),
            json!({
                "title": "a \"title\", {with: braces}",
                "hooks": {"event-sink": {"select": {"names": ["a"]}, "batch": {"events": 1}}},
                "acknowledged": false,
                "wants": [
                    {"paths": ["/extravars/a/b", "/check", "/*"], "kind": "set"},
                    {"kind": "view", "paths": ["/mode"]},
                ],
                "settings": {"schema": {"anything": [{"x": 1}]}, "env_keys": {"HOME": "/x"}},
                "limits": {"memory_mib": 1},
            }),
        ] {
            assert_eq!(refusal(metadata.clone()), None, "{metadata}");
        }
    }

    #[test]
    fn what_nobody_reads_or_grants_is_named() {
        for (metadata, message) in [
            (json!({"want": []}), r#"plugin.json has the unknown key "want""#),
            (json!({"name": "x"}), r#"plugin.json has the unknown key "name""#),
            (json!({"hooks": {"event-fliter": {}}}), r#"the unknown key "event-fliter""#),
            (json!({"hooks": {"timer": {"select": {"name": []}}}}), r#"key "name""#),
            (json!({"wants": [{}, {"kind": "http", "origin": "x"}]}), r#"key "origin""#),
            (json!({"limits": {"memory": 1}}), r#"key "memory""#),
            (json!({"wants": [{"kind": "set", "paths": ["/limit", "/mode"]}]}), r#"set, "/mode""#),
            (json!({"wants": [{"paths": ["/limit/x"], "kind": "set"}]}), r#"set, "/limit/x""#),
            (json!({"wants": [{"paths": ["limit"], "kind": "set"}]}), r#"set, "limit""#),
        ] {
            let found = refusal(metadata).unwrap_or_default();
            assert!(found.contains(message), "{found:?} {message:?}");
        }
    }

    #[test]
    fn the_tables_are_what_the_schemas_say() {
        let read = |name: &str| -> Value {
            let path = format!("{}/../wit/{name}", env!("CARGO_MANIFEST_DIR"));
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let names = |properties: &Value| -> Vec<String> {
            let mut names: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        let schema = read("plugin.schema.json");
        let root = &schema["properties"];
        let hook = &root["hooks"]["additionalProperties"]["properties"];
        // What comes from Cargo.toml and from this crate is not written there.
        let mut of_root = root.clone();
        for key in ["name", "version", "sdk"] {
            of_root.as_object_mut().unwrap().remove(key).unwrap();
        }
        for (properties, keys) in [
            (&of_root, ROOT),
            (hook, HOOK),
            (&hook["select"]["properties"], SELECT),
            (&hook["batch"]["properties"], BATCH),
            (&root["wants"]["items"]["properties"], WANT),
            (&root["settings"]["properties"], SETTINGS),
            (&root["limits"]["properties"], LIMITS),
        ] {
            let mut known: Vec<&str> = keys.iter().map(|(key, _)| *key).collect();
            known.sort_unstable();
            assert_eq!(known, names(properties));
        }
        let hooks: Vec<&str> = HOOKS.iter().map(|(hook, _)| *hook).collect();
        assert_eq!(root["hooks"]["propertyNames"]["enum"], json!(hooks));

        let mut view = read("run-view.schema.json")["properties"].clone();
        let view = view.as_object_mut().unwrap();
        view.retain(|_, about| about["readOnly"] != json!(true));
        let mut settable = SETTABLE.to_vec();
        settable.sort_unstable();
        assert_eq!(settable, names(&Value::Object(view.clone())));
        view.retain(|_, about| about["type"] == "object");
        let mut holders = HOLDERS.to_vec();
        holders.sort_unstable();
        assert_eq!(holders, names(&Value::Object(view.clone())));
    }
}
