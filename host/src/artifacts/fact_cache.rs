//! The facts of hosts, as Ansible's `jsonfile` cache leaves them.

use std::path::Path;
use std::{fs, io};

use serde_json::Value;

use super::ArtifactError;

/// What is known of a host; none where there is nothing. Before core 2.19 a host's file
/// has its name and holds the facts; since then its name begins with `s1_`, and the facts
/// are JSON text in its one member `__payload__`.
pub fn read_facts(fact_cache: &Path, host: &str) -> Result<Option<Value>, ArtifactError> {
    for name in [format!("s1_{host}"), host.to_owned()] {
        let path = fact_cache.join(name);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result.map_err(ArtifactError::read(&path))?,
        };
        let damaged = |error: serde_json::Error| ArtifactError::Damaged {
            path: path.clone(),
            at: 0,
            reason: error.to_string(),
        };
        let facts: Value = serde_json::from_str(&text).map_err(damaged)?;
        return match facts.get("__payload__").and_then(Value::as_str) {
            Some(payload) => serde_json::from_str(payload).map_err(damaged).map(Some),
            None => Ok(Some(facts)),
        };
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_layouts_are_read() {
        let cache = tempfile::tempdir().unwrap();
        fs::write(cache.path().join("old"), r#"{"a": 1}"#).unwrap();
        fs::write(cache.path().join("s1_new"), r#"{"__payload__": "{\"a\": 2}"}"#).unwrap();
        fs::write(cache.path().join("bad"), "{").unwrap();
        assert_eq!(read_facts(cache.path(), "old").unwrap(), Some(json!({"a": 1})));
        assert_eq!(read_facts(cache.path(), "new").unwrap(), Some(json!({"a": 2})));
        assert_eq!(read_facts(cache.path(), "nobody").unwrap(), None);
        assert!(read_facts(cache.path(), "bad").unwrap_err().to_string().contains("damaged"));
    }
}
