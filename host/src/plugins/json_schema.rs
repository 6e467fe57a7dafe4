//! Members that a JSON Schema knows nothing of: a key that is misspelt says what nobody
//! hears.

use serde_json::{Map, Value};

/// A member that the schema does not let be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnknownMember {
    /// JSON Pointer to it.
    pub(super) pointer: String,
    /// Those that may be in its place.
    pub(super) known: Vec<String>,
}

/// The first such member of `value`. A schema lets all members be there but where it says
/// `"additionalProperties": false`.
pub(super) fn unknown_member(schema: &Value, value: &Value) -> Option<UnknownMember> {
    find(schema, value, "")
}

fn find(schema: &Value, value: &Value, at: &str) -> Option<UnknownMember> {
    match value {
        Value::Object(members) => {
            let below = |(key, value): (&String, &Value)| {
                let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                let described = schema["properties"].get(key);
                match described.or_else(|| schema.get("additionalProperties")) {
                    Some(Value::Bool(false)) if schema["patternProperties"].is_null() => {
                        let known = schema["properties"].as_object();
                        let known = known.into_iter().flat_map(Map::keys).cloned().collect();
                        Some(UnknownMember { pointer, known })
                    }
                    Some(schema) => find(schema, value, &pointer),
                    None => None,
                }
            };
            members.iter().find_map(below)
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find(schema.get("items")?, item, &format!("{at}/{index}"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_schema_excludes_is_unknown() {
        let schema = json!({
            "properties": {
                "open": {"properties": {"a": {}}},
                "closed": {"properties": {"a": {}, "b": true}, "additionalProperties": false},
                "named": {"additionalProperties": {
                    "items": {"properties": {"a": {}}, "additionalProperties": false}
                }},
            },
            "additionalProperties": false,
        });
        for good in [
            json!({"open": {"x": 1}, "closed": {"b": {"x": 1}}}),
            json!({"named": {"x/y": [{"a": 1}]}}),
            json!([{"x": 1}]),
        ] {
            assert_eq!(unknown_member(&schema, &good), None, "{good}");
        }
        let found = unknown_member(&schema, &json!({"closed": {"a": 1, "c": 2}})).unwrap();
        assert_eq!((found.pointer.as_str(), found.known.join(" ")), ("/closed/c", "a b".into()));
        let found = unknown_member(&schema, &json!({"named": {"x/y": [{}, {"b": 1}]}})).unwrap();
        assert_eq!(found.pointer, "/named/x~1y/1/b");
        assert_eq!(unknown_member(&schema, &json!({"urll": 1})).unwrap().known.len(), 3);
    }
}
