//! All that can be known of a plugin without running or compiling it.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value};

use super::installed::{Asked, Claims, asked};
use super::plugin::place_paths;
use super::surface::{Surface, is_interface};
use super::{
    Allow, CompiledState, ComponentFile, Digest, ForeignKeys, Grants, Hook, LimitOverrides,
    LockedPlugin, PluginError, PluginName, Want, Wanted,
};

/// See the module's head.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// Its name where nobody gives it another.
    pub name: PluginName,
    /// Its own version.
    pub version: Option<String>,
    /// A few words of its own.
    pub title: Option<String>,
    /// A sentence or two of its own.
    pub description: Option<String>,
    /// Its component.
    pub path: PathBuf,
    /// Bytes of that.
    pub size: usize,
    /// Of the component.
    pub digest: Digest,
    /// The version of our interface that it was built for.
    pub interface: Option<String>,
    /// What it takes part in.
    pub hooks: Vec<Hook>,
    /// Whether it says anything of itself.
    pub has_metadata: bool,
    /// Whether its peers say that they have a thing.
    pub acknowledged: bool,
    /// What it asks for.
    pub wants: Vec<Asked>,
    /// What it sees of events, in words.
    pub sees: Vec<String>,
    /// What in its metadata means nothing.
    pub doubts: Vec<String>,
    /// What it has without any flag: by being installed, and by its settings.
    pub granted: Vec<String>,
    /// What it imports and does not ask for.
    pub undeclared: Vec<Undeclared>,
    /// What it asks for and has no import or hook to use.
    pub unused: Vec<String>,
    /// The keys of `env/settings` that load it.
    pub runner_keys: Vec<String>,
    /// The variables of the environment that load it, as they do Ansible Runner's plugin.
    pub env_keys: Vec<String>,
    /// A JSON Schema of its settings.
    pub settings: Option<Value>,
    /// The limits it has without the operator's word.
    pub limits: LimitOverrides,
    /// Whether its compiled code is kept.
    pub compiled: CompiledState,
}

/// An import that could do something, and that the metadata does not explain. What is
/// not asked for is never granted.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Undeclared {
    /// The interface.
    pub import: String,
    /// The plugin's language brings it along, whether it is used or not.
    pub by_runtime: bool,
}

/// Imports that can do something, and the kind of want that explains them.
const MIGHTY: [(&str, &str); 6] = [
    ("playhouse:plugin/http", "http"),
    ("wasi:http/outgoing-handler", "http"),
    ("playhouse:plugin/net", "net"),
    ("playhouse:plugin/secret", "secret"),
    ("wasi:filesystem/", "dir"),
    // Nothing explains these: they are always refused.
    ("wasi:sockets/", ""),
];
const ENVIRONMENT: &str = "wasi:cli/environment";

impl Inspection {
    /// `locked` is what the lock says of it, `config` its settings; sockets in them are
    /// relative to `base`.
    pub fn new(
        file: &ComponentFile,
        locked: Option<&LockedPlugin>,
        mut config: Map<String, Value>,
        base: &Path,
        compiled: CompiledState,
    ) -> Result<Self, PluginError> {
        let name = file.name()?;
        let has_metadata = file.metadata.is_some();
        let metadata = file.metadata.clone().unwrap_or_default();
        let surface = Surface::of(&file.bytes);
        place_paths(&mut config, &metadata.wants, base);
        let allow = locked.map_or_else(Allow::default, |locked| locked.grants.clone());
        let grants = Grants::new(name.clone(), file.metadata.as_ref(), &allow, &config)
            .map_err(|error| error.for_plugin(&name, &file.path))?;
        let hooks = surface.hooks();
        let sees = Claims::of(&metadata, name.as_str(), &hooks).in_words();
        let (own, _) = ForeignKeys::of(&metadata).split(name.as_str());
        Ok(Self {
            wants: asked(file.metadata.as_ref(), name.as_str()),
            sees,
            hooks,
            name,
            path: file.path.clone(),
            size: file.bytes.len(),
            digest: file.digest.clone(),
            interface: surface.interface().map(str::to_owned),
            has_metadata,
            acknowledged: file
                .metadata
                .as_ref()
                .is_none_or(|metadata| metadata.acknowledged != Some(false)),
            granted: grants.list(),
            undeclared: undeclared(&surface, &metadata.wants),
            unused: unused(&surface, &metadata.wants),
            doubts: metadata.doubts,
            version: metadata.version,
            title: metadata.title,
            description: metadata.description,
            runner_keys: metadata.settings.runner_keys.into_keys().collect(),
            env_keys: own.env_keys.into_keys().collect(),
            settings: metadata.settings.schema,
            limits: LimitOverrides::default().in_force(metadata.limits),
            compiled,
        })
    }
}

fn undeclared(surface: &Surface, wants: &[Want]) -> Vec<Undeclared> {
    let is_undeclared = |import: &&String| {
        MIGHTY.iter().any(|(interface, wanted)| {
            is_interface(import, interface) && !wants.iter().any(|want| kind(want) == *wanted)
        })
    };
    let found = surface.imports.iter().filter(is_undeclared);
    found
        .map(|import| Undeclared { import: import.clone(), by_runtime: surface.is_python })
        .collect()
}

fn unused(surface: &Surface, wants: &[Want]) -> Vec<String> {
    let is_used = |want: &Want| match kind(want) {
        "set" | "narrow" | "view" => surface.hooks().contains(&Hook::PreRun),
        "env" => surface.imports(ENVIRONMENT),
        kind => {
            MIGHTY.iter().any(|(interface, wanted)| *wanted == kind && surface.imports(interface))
        }
    };
    let mut unused: Vec<String> =
        wants.iter().filter(|want| !is_used(want)).map(|want| kind(want).to_owned()).collect();
    unused.dedup();
    unused
}

fn kind(want: &Want) -> &'static str {
    match want.what {
        Wanted::Http { .. } => "http",
        Wanted::Net { .. } => "net",
        Wanted::Secret { .. } => "secret",
        Wanted::Dir { .. } => "dir",
        Wanted::Env { .. } => "env",
        Wanted::Set { .. } => "set",
        Wanted::Narrow { .. } => "narrow",
        Wanted::View { .. } => "view",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugins::Metadata;
    use serde_json::json;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` gives values")]
    fn wants(wants: Value) -> Vec<Want> {
        serde_json::from_value::<Metadata>(json!({"wants": wants})).unwrap().wants
    }

    fn surface(imports: &[&str], is_python: bool) -> Surface {
        let imports = imports.iter().map(|&import| import.to_owned()).collect();
        Surface { imports, exports: Vec::new(), is_python }
    }

    #[test]
    fn imports_that_no_want_explains_are_told() {
        let all = [
            "playhouse:plugin/http@0.1.0",
            "playhouse:plugin/log@0.1.0",
            "playhouse:plugin/net@0.1.0",
            "wasi:filesystem/types@0.2.6",
            "wasi:io/streams@0.2.6",
            "wasi:sockets/tcp@0.2.6",
        ];
        let found =
            undeclared(&surface(&all, true), &wants(json!([{"kind": "http"}, {"kind": "dir"}])));
        let names: Vec<&str> = found.iter().map(|found| found.import.as_str()).collect();
        assert_eq!(names, ["playhouse:plugin/net@0.1.0", "wasi:sockets/tcp@0.2.6"]);
        assert!(found.iter().all(|found| found.by_runtime));
    }

    #[test]
    fn wants_that_nothing_can_use_are_told() {
        let wants = wants(json!([
            {"kind": "http"},
            {"kind": "net"},
            {"kind": "secret", "name": "a"},
            {"kind": "secret", "name": "b"},
            {"kind": "env", "names": ["A"]},
            {"kind": "set", "paths": ["/limit"]},
        ]));
        let imports = ["wasi:http/outgoing-handler@0.2.6", "wasi:cli/environment@0.2.6"];
        assert_eq!(unused(&surface(&imports, false), &wants), ["net", "secret", "set"]);
    }
}
