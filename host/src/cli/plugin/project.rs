//! A project for a new plugin: its files, with the SDK and the interface it is built with.

use serde_json::{Map, Value, json};

use super::template::{camel_case, python_import, render, rust_import};
use crate::plugins::{Hook, PluginName};

/// What a plugin is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Language {
    /// With cargo, small and quick
    Rust,
    /// With componentize-py
    Python,
}

/// What a project is made from.
#[derive(Debug)]
pub(super) struct Project<'a> {
    pub(super) name: &'a PluginName,
    /// In the order of a run, each once.
    pub(super) hooks: &'a [Hook],
    pub(super) language: Language,
}

/// Files of this repository: paths below a folder, and texts.
type Embedded = &'static [(&'static str, &'static str)];

macro_rules! embedded {
    ($folder:literal: $($file:literal)+) => {
        &[$((
            $file,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../", $folder, "/", $file)),
        )),+]
    };
}

const RUST_SDK: Embedded = embedded!("plugin-sdk":
    "README.md"
    "src/bindings.rs"
    "src/event.rs"
    "src/export.rs"
    "src/host.rs"
    "src/http.rs"
    "src/lib.rs"
    "src/log.rs"
    "src/metadata.rs"
    "src/net.rs"
    "src/plugin.rs"
    "src/results.rs"
    "src/run.rs"
    "src/secret.rs"
    "src/testing/mod.rs"
    "src/testing/peer.rs"
    "src/testing/schema.rs"
);

const PYTHON_SDK: Embedded = embedded!("plugin-sdk/python":
    "README.md"
    "playhouse_plugin/__init__.py"
    "playhouse_plugin/__main__.py"
    "playhouse_plugin/_component.py"
    "playhouse_plugin/_host.py"
    "playhouse_plugin/_metadata.py"
    "playhouse_plugin/_peer.py"
    "playhouse_plugin/_schema.py"
    "playhouse_plugin/_settings.py"
    "playhouse_plugin/error.py"
    "playhouse_plugin/event.py"
    "playhouse_plugin/http.py"
    "playhouse_plugin/log.py"
    "playhouse_plugin/net.py"
    "playhouse_plugin/plugin.py"
    "playhouse_plugin/py.typed"
    "playhouse_plugin/run.py"
    "playhouse_plugin/secret.py"
    "playhouse_plugin/testing.py"
);

const INTERFACE: Embedded = embedded!("wit":
    "README.md"
    "hooks.wit"
    "host.wit"
    "plugin.schema.json"
    "run-view.schema.json"
    "types.wit"
    "worlds.wit"
);

/// The templates of every project, of a Rust and of a Python one.
const SHARED: Embedded = embedded!("host/src/cli/plugin/templates/shared":
    "demo/inventory/hosts"
    "demo/project/site.yml"
    "recorded.jsonl"
);
const RUST: Embedded = embedded!("host/src/cli/plugin/templates/rust":
    "Cargo.toml"
    "README.md"
    "src/lib.rs"
    "tests/recorded.rs"
);
const PYTHON: Embedded = embedded!("host/src/cli/plugin/templates/python":
    "README.md"
    "plugin.py"
    "requirements.txt"
    "tests/test_plugin.py"
);
const RUST_IGNORE: &str = include_str!("templates/rust/gitignore");
const PYTHON_IGNORE: &str = include_str!("templates/python/gitignore");
const SDK_MANIFEST: &str = include_str!("templates/rust/sdk/Cargo.toml");
const SDK_README: &str = include_str!("templates/shared/sdk-readme.md");

/// Where a sink posts in tests and examples.
const URL: &str = "http://127.0.0.1:8080/";

impl Project<'_> {
    /// Its files: paths below its folder, and texts.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<(String, String)> = Vec::new();
        let mut add = |path: String, text: &str| files.push((path, text.to_owned()));
        for (path, text) in SHARED {
            add((*path).to_owned(), text);
        }
        for (path, text) in INTERFACE {
            add(format!("sdk/wit/{path}"), text);
        }
        add("plugin.json".to_owned(), &format!("{:#}\n", self.metadata()));
        let (templates, ignore, sdk) = match self.language {
            Language::Rust => (RUST, RUST_IGNORE, "playhouse-plugin"),
            Language::Python => (PYTHON, PYTHON_IGNORE, "playhouse_plugin"),
        };
        add(".gitignore".to_owned(), ignore);
        let version = env!("CARGO_PKG_VERSION");
        match self.language {
            Language::Rust => {
                for (path, text) in RUST_SDK {
                    add(format!("sdk/playhouse-plugin/{path}"), text);
                }
                let manifest = render(SDK_MANIFEST, &[], &[("version", version)]);
                add("sdk/playhouse-plugin/Cargo.toml".to_owned(), &manifest);
            }
            Language::Python => {
                for (path, text) in PYTHON_SDK {
                    add(format!("sdk/{path}"), text);
                }
            }
        }
        let note = render(SDK_README, &[], &[("sdk", sdk), ("version", version)]);
        let note_path = match self.language {
            Language::Rust => "sdk/README.md",
            // There the package's own front page has that name.
            Language::Python => "sdk/WHY.md",
        };
        add(note_path.to_owned(), &note);
        let values = self.values();
        let values: Vec<(&str, &str)> =
            values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        for (path, text) in templates {
            add((*path).to_owned(), &render(text, self.hooks, &values));
        }
        files
    }

    /// What to type in its folder to test it, build it and run it.
    pub(super) fn commands(&self) -> Vec<String> {
        let flags = self.flags();
        match self.language {
            Language::Rust => vec![
                "cargo test".to_owned(),
                "cargo build --release --target wasm32-wasip2".to_owned(),
                format!(
                    "playhouse run demo -p site.yml --plugin target/wasm32-wasip2/release/{}.wasm{flags}",
                    self.crate_name()
                ),
            ],
            Language::Python => vec![
                "python3 -m venv .venv".to_owned(),
                ".venv/bin/pip install -r requirements.txt".to_owned(),
                "PYTHONPATH=sdk .venv/bin/python -m unittest discover -s tests".to_owned(),
                "PYTHONPATH=sdk .venv/bin/python -m playhouse_plugin build".to_owned(),
                format!("playhouse run demo -p site.yml --plugin ./{}.wasm{flags}", self.name),
            ],
        }
    }

    fn has(&self, hook: Hook) -> bool {
        self.hooks.contains(&hook)
    }

    fn has_sink(&self) -> bool {
        self.has(Hook::StatusSink) || self.has(Hook::EventSink)
    }

    /// The library's name, and its file's.
    fn crate_name(&self) -> String {
        self.name.as_str().replace('-', "_")
    }

    /// What a run has to be told for the plugin to do something.
    fn flags(&self) -> String {
        let name = self.name;
        let mut flags = Vec::new();
        if self.has_sink() {
            flags.push(format!(" \\\n    --plugin-config {name}.url={URL}"));
        }
        if self.has(Hook::PreRun) {
            flags.push(format!(" \\\n    --plugin-allow {name}.set=/extravars/region"));
        }
        flags.concat()
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        let settings =
            if self.has_sink() { format!("{{\"url\": \"{URL}\"}}") } else { "{}".to_owned() };
        let mut values = vec![
            ("name", self.name.to_string()),
            ("type", format!("{}Plugin", camel_case(self.name.as_str()))),
            ("flags", self.flags()),
            ("crate", self.crate_name()),
            ("settings", settings),
        ];
        let bases: Vec<&str> = self.hooks.iter().map(|hook| base(*hook)).collect();
        values.push(("bases", bases.join(", ")));
        let mut tested = Vec::new();
        if self.has(Hook::PreRun) {
            tested.push("Edit");
        }
        match self.language {
            Language::Rust => {
                if self.has(Hook::EventSink) {
                    tested.push("DeliveryError");
                }
                tested.sort_unstable();
                let names = self.names(&["InitError", "Plugin", "Setup", "info"], rust_names);
                values.push(("imports", rust_import("playhouse_plugin", &names)));
                values.push(("test_imports", rust_import("playhouse_plugin", &tested)));
            }
            Language::Python => {
                tested.push("ConfigError");
                if self.has(Hook::EventSink) {
                    tested.push("Retry");
                }
                tested.sort_unstable();
                let names = self.names(&["log"], python_names);
                values.push(("imports", python_import("playhouse_plugin", &names)));
                values.push(("test_imports", python_import("playhouse_plugin", &tested)));
            }
        }
        values
    }

    /// What the plugin imports from the SDK, in order.
    fn names(
        &self,
        always: &[&'static str],
        of_hook: fn(Hook) -> &'static [&'static str],
    ) -> Vec<&'static str> {
        let mut names = always.to_vec();
        for hook in self.hooks {
            names.push(base(*hook));
            names.extend(of_hook(*hook));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    fn metadata(&self) -> Value {
        let mut metadata = Map::new();
        metadata.insert("schema".to_owned(), json!(1));
        if self.language == Language::Python {
            metadata.insert("name".to_owned(), json!(self.name.as_str()));
            metadata.insert("version".to_owned(), json!("0.1.0"));
        }
        metadata.insert("title".to_owned(), json!(self.name.as_str()));
        let mut hooks = Map::new();
        let mut wants = Vec::new();
        let mut settings = Map::new();
        for hook in self.hooks {
            let said = match hook {
                Hook::EventSink => json!({"fields": ["json"]}),
                _ => json!({}),
            };
            hooks.insert(hook.as_str().to_owned(), said);
        }
        if self.has(Hook::PreRun) {
            wants.push(json!({
                "kind": "set", "paths": ["/extravars/region"], "why": "to say where"
            }));
            settings.insert(
                "region".to_owned(),
                json!({
                    "description": "What the extra var `region` is set to.",
                    "type": "string",
                    "default": "north",
                }),
            );
        }
        if self.has(Hook::EventFilter) {
            settings.insert(
                "drop".to_owned(),
                json!({
                    "description": "Modules whose events are left out; failures stay.",
                    "type": "array",
                    "items": {"type": "string"},
                    "default": ["ansible.builtin.debug"],
                }),
            );
        }
        if self.has(Hook::EventEnricher) {
            settings.insert(
                "team".to_owned(),
                json!({
                    "description": "What every event gets as a note.",
                    "type": "string",
                    "default": "web",
                }),
            );
        }
        if self.has_sink() {
            wants.push(json!({"kind": "http", "setting": "/url", "why": "to post there"}));
            settings.insert(
                "url".to_owned(),
                json!({
                    "description": "Where to post. Writing it allows it.",
                    "type": "string",
                    "default": "",
                }),
            );
        }
        metadata.insert("hooks".to_owned(), Value::Object(hooks));
        if !wants.is_empty() {
            metadata.insert("wants".to_owned(), Value::Array(wants));
        }
        // Building a plugin in Python derives it from the dataclass.
        if self.language == Language::Rust {
            let schema =
                json!({"type": "object", "additionalProperties": false, "properties": settings});
            metadata.insert("settings".to_owned(), json!({"schema": schema}));
        }
        Value::Object(metadata)
    }
}

/// The trait, or the base class, of a hook.
fn base(hook: Hook) -> &'static str {
    match hook {
        Hook::PreRun => "PreRun",
        Hook::EventFilter => "Filter",
        Hook::EventEnricher => "Enricher",
        Hook::StatusSink => "StatusSink",
        Hook::EventSink => "EventSink",
        Hook::Timer => "Timer",
    }
}

fn rust_names(hook: Hook) -> &'static [&'static str] {
    match hook {
        Hook::PreRun => &["PrepareError", "Run"],
        Hook::EventFilter => &["Event", "Outcome"],
        Hook::EventEnricher => &["Change", "Event"],
        Hook::StatusSink => &["DeliveryError", "StatusChange"],
        Hook::EventSink => &["DeliveryError", "Event"],
        Hook::Timer => &[],
    }
}

fn python_names(hook: Hook) -> &'static [&'static str] {
    match hook {
        Hook::PreRun => &["Run"],
        Hook::EventFilter => &["Event", "Outcome"],
        Hook::EventEnricher => &["Change", "Event"],
        Hook::StatusSink => &["Retry", "StatusChange", "http"],
        Hook::EventSink => &["Attempt", "Event", "Retry", "http"],
        Hook::Timer => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn files_in(folder: &Path, below: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if name == "__pycache__" || name.as_encoded_bytes().starts_with(b".") {
                // What tools leave there.
            } else if path.is_dir() {
                files_in(&path, below, found);
            } else if path.is_file() {
                found.insert(path.strip_prefix(below).unwrap().display().to_string());
            }
        }
    }

    #[test]
    fn what_is_embedded_is_all_there_is() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for (files, folder, below) in [
            (RUST_SDK, "plugin-sdk/src", "plugin-sdk"),
            (PYTHON_SDK, "plugin-sdk/python/playhouse_plugin", "plugin-sdk/python"),
            (INTERFACE, "wit", "wit"),
        ] {
            let mut missing = BTreeSet::new();
            files_in(&root.join(folder), &root.join(below), &mut missing);
            missing.retain(|found| files.iter().all(|(path, _)| path != found));
            assert!(missing.is_empty(), "{missing:?} of `{folder}`: list them in this file");
        }
    }

    #[test]
    fn the_sdk_is_built_with_what_it_is_built_with_here() {
        let root = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .unwrap();
        let own = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-sdk/Cargo.toml"),
        )
        .unwrap();
        let own = own.split_once("[lints]").unwrap().0;
        let dependencies = |manifest: &str| -> Vec<String> {
            let lines = manifest.split_once("[dependencies]\n").unwrap().1.lines();
            lines.filter(|line| line.contains('=')).map(str::to_owned).collect()
        };
        let (listed, own) = (dependencies(SDK_MANIFEST), dependencies(own));
        assert_eq!(listed.len(), own.len(), "{listed:?} and {own:?}");
        for line in &listed {
            let is_heading = line.starts_with('[');
            assert!(is_heading || root.contains(line), "`{line}` is not in `Cargo.toml`");
        }
    }
}
