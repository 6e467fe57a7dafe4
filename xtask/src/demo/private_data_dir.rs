//! The private data directory of one demonstration: a copy of `tests/demo`, so that
//! nothing is written there, and an `env/plugins` that knows where this receiver and
//! these components are.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::components;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The plugins of the demonstration, in chain order.
pub(crate) const PLUGINS: [&str; 4] = ["extra-vars", "annotate", "only-failed", "http-sink"];

/// Makes the next free `target/demo/<number>`.
pub(crate) fn create(workspace: &Workspace, receiver_url: &str) -> Result<PathBuf, Failure> {
    let demos = workspace.target.join("demo");
    let mut number = 1;
    while demos.join(number.to_string()).exists() {
        number += 1;
    }
    let folder = demos.join(number.to_string());
    let plugins = plugins(&components::plugin_folder(workspace), receiver_url);
    copy(&workspace.root.join("tests/demo"), &folder)
        .and_then(|()| fs::write(folder.join("env/plugins"), format!("{plugins:#}\n")))
        .map_err(|error| {
            Failure::new(format!("cannot copy `tests/demo` to `{}`: {error}", folder.display()))
        })?;
    Ok(folder)
}

/// `env/plugins`: each plugin of [`PLUGINS`] with its settings and what it may do.
fn plugins(components: &Path, receiver_url: &str) -> Value {
    let entry = |name: &str, rest: Value| {
        let mut entry = json!({"plugin": components.join(format!("{name}.wasm"))});
        if let (Some(entry), Value::Object(rest)) = (entry.as_object_mut(), rest) {
            entry.extend(rest);
        }
        entry
    };
    json!([
        entry(
            "extra-vars",
            json!({
                "config": {
                    "extravars": {"region": "eu-west", "release": "2026.11"},
                    "envvars": {"DEMO_STAGE": "opening-night"},
                },
                "allow": {
                    "set": ["/extravars/region", "/extravars/release", "/envvars/DEMO_STAGE"],
                },
            }),
        ),
        entry("annotate", json!({"config": {"labels": {"team": "stagehands"}}})),
        entry("only-failed", json!({"for": ["http-sink"]})),
        entry(
            "http-sink",
            json!({
                "config": {"url": format!("{receiver_url}/hook")},
                "allow": {"http": [receiver_url]},
            }),
        ),
    ])
}

fn copy(source: &Path, destination: &Path) -> io::Result<()> {
    fs::create_dir_all(destination)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let copied = destination.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}
