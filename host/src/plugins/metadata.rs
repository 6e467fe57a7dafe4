//! What a plugin says of itself: one JSON object in the custom section
//! `playhouse:plugin`, described by `wit/plugin.schema.json`.
//!
//! It is a claim and grants nothing: hooks are taken from the exports, and what it wants
//! it gets only as far as the operator allows. Reading it runs nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmparser::{Parser, Payload};

use super::doubts::doubts;
use super::{Hook, LimitOverrides, Select};

/// The custom section's name.
pub(super) const SECTION: &str = "playhouse:plugin";
/// The form we read.
const SCHEMA: u64 = 1;
/// Larger than any description; a section is read into memory.
const LARGEST: usize = 64 << 10;

/// A plugin's own words. A component without metadata has the default: it subscribes to
/// everything and wants nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// Which form this is: 1.
    pub schema: Option<u64>,
    /// What made it: an SDK or this program, and in which version. Older ones did not say.
    pub sdk: Option<String>,
    /// What in it means nothing; found when it is read.
    #[serde(skip)]
    pub doubts: Vec<String>,
    /// The name it has unless the operator gives it another.
    pub name: Option<String>,
    /// The plugin's own version.
    pub version: Option<String>,
    /// A few words for people.
    pub title: Option<String>,
    /// A sentence or two for people.
    pub description: Option<String>,
    /// By hook, what it wants to see. Names each hook the component exports and no other.
    pub hooks: BTreeMap<Hook, HookMetadata>,
    /// What it asks for.
    pub wants: Vec<Want>,
    /// Whether its peers say that they have a thing. False for a sink that can only tell
    /// that the bytes have left.
    pub acknowledged: Option<bool>,
    /// Its settings.
    pub settings: SettingsMetadata,
    /// What it needs in place of the default limits.
    pub limits: LimitOverrides,
}

/// What a plugin says of one of its hooks. A key we do not know is an error: `redacts`
/// misspelt would let pass what the plugin is there to hide.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HookMetadata {
    /// The events it wants.
    pub select: Select,
    /// The costly texts it wants of them.
    pub fields: Vec<EventText>,
    /// For an event sink: how it wants its batches.
    pub batch: BatchMetadata,
    /// For a sink: where its instances begin to read.
    pub cursor: CursorKind,
    /// For an enricher: it takes secrets out, so its failure must not let an event pass.
    pub redacts: bool,
}

/// Where a sink's instances begin to read the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CursorKind {
    /// Behind what was taken, whoever took it.
    #[default]
    Durable,
    /// At the first entry: what it has taken is in its memory until the run has ended, as
    /// with a report that is written at the end.
    Run,
}

/// A text of an event that crosses only when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventText {
    /// What the terminal shows.
    Stdout,
    /// `event_data`.
    Data,
    /// The whole event as `job_events/` has it; for sinks.
    Json,
}

/// How a sink wants its batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BatchMetadata {
    /// Events at most.
    pub events: Option<u64>,
    /// Bytes at most; one event alone may be larger.
    pub bytes: Option<u64>,
    /// Milliseconds after its first event that a batch leaves.
    pub linger_ms: Option<u64>,
}

/// Something a plugin asks for, and its reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Want {
    /// What it is.
    #[serde(flatten)]
    pub what: Wanted,
    /// For the operator, in the plugin's words.
    pub why: Option<String>,
}

/// What a plugin can ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Wanted {
    /// HTTP exchanges, by pattern or with the origin that a setting holds.
    Http {
        /// Patterns; they may be wide, since the operator narrows them.
        #[serde(default)]
        origins: Vec<String>,
        /// JSON Pointer to the setting that holds a URL or the path of a Unix socket.
        #[serde(default)]
        setting: Option<String>,
    },
    /// Members of the view that its pre-run hook writes.
    Set {
        /// JSON Pointer patterns.
        paths: Vec<String>,
    },
    /// Members of the view that its pre-run hook reads.
    View {
        /// JSON Pointer patterns.
        #[serde(default)]
        paths: Vec<String>,
        /// JSON Pointer pattern of settings whose keys are JSON Pointers into the view:
        /// writing one grants that it is seen.
        #[serde(default)]
        setting: Option<String>,
    },
    /// The run's limit, which its pre-run hook makes smaller.
    Narrow {
        /// `/limit`.
        paths: Vec<String>,
    },
    /// Byte streams, by pattern or to where settings say.
    Net {
        /// Patterns; they may be wide, since the operator narrows them.
        #[serde(default)]
        addresses: Vec<String>,
        /// JSON Pointer to the setting that holds an address or the path of a Unix socket:
        /// `tcp://host:port`, `tls://…`, or with a protocol's own scheme, `mqtts://host`.
        #[serde(default)]
        setting: Option<String>,
        /// Where host and port are settings of their own.
        #[serde(flatten)]
        host: HostSettings,
    },
    /// A value of its own, from where the operator says.
    Secret {
        /// What the plugin calls it.
        name: String,
        /// Whether the plugin can do without it. A run does not start without any other.
        #[serde(default)]
        optional: bool,
    },
    /// Values of the environment.
    Env {
        /// Names; `*` stands for any text.
        names: Vec<String>,
    },
    /// A folder.
    Dir {
        /// JSON Pointer to the setting that holds its path.
        #[serde(default)]
        setting: Option<String>,
        /// Whether it writes there.
        #[serde(default)]
        write: bool,
    },
}

/// JSON Pointers to the settings that make up one address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSettings {
    /// The host's name or address.
    pub host_setting: Option<String>,
    /// Its port, a number.
    pub port_setting: Option<String>,
    /// Anything but null and false there means TLS.
    pub tls_setting: Option<String>,
    /// The port where none is set.
    pub default_port: Option<u16>,
}

/// What a plugin says of its settings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SettingsMetadata {
    /// Keys of `env/settings` that Ansible Runner's own plugin reads, and where in the
    /// settings they go: `runner_http_url` to `/url`.
    pub runner_keys: BTreeMap<String, String>,
    /// The same for variables of the environment.
    pub env_keys: BTreeMap<String, String>,
    /// JSON Pointers of settings whose values are never shown.
    pub confidential: Vec<String>,
    /// A JSON Schema of the settings.
    pub schema: Option<Value>,
}

impl Metadata {
    /// What it says of a hook; the default where it says nothing.
    pub fn hook(&self, hook: Hook) -> HookMetadata {
        self.hooks.get(&hook).cloned().unwrap_or_default()
    }

    /// Reads it out of a component; none if there is none. The error says what is wrong.
    pub(super) fn of_component(bytes: &[u8]) -> Result<Option<Self>, String> {
        find_section(bytes)?.map(Self::parse).transpose()
    }

    /// Reads it as a section or `plugin.json` holds it. The error says what is wrong.
    pub(super) fn parse(section: &[u8]) -> Result<Self, String> {
        if section.len() > LARGEST {
            return Err(format!("`{SECTION}` has {} bytes; {LARGEST} are allowed", section.len()));
        }
        let not_json = |error: serde_json::Error| {
            format!("`{SECTION}` does not hold the one JSON object it should: {error}")
        };
        let mut metadata: Self = serde_json::from_slice(section).map_err(not_json)?;
        match metadata.schema {
            None | Some(SCHEMA) => {
                let json: Value = serde_json::from_slice(section).map_err(not_json)?;
                metadata.doubts = doubts(&metadata, &json);
                match metadata.doubts.first() {
                    Some(doubt) if metadata.sdk.is_some() => Err(format!("it {doubt}")),
                    _ => Ok(metadata),
                }
            }
            Some(other) => Err(format!(
                "it has the form {other}, and this version of Playhouse reads {SCHEMA}"
            )),
        }
    }
}

/// The outermost component's section if it has one, else the only one inside.
fn find_section(bytes: &[u8]) -> Result<Option<&[u8]>, String> {
    let mut outermost = Vec::new();
    let mut inside = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        // A component that ends early or is broken is refused when it is compiled, in better words.
        let Ok(payload) = payload else { break };
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if section.name() == SECTION => {
                if depth == 0 { &mut outermost } else { &mut inside }.push(section.data());
            }
            _ => {}
        }
    }
    let (sections, place) =
        if outermost.is_empty() { (inside, "inner modules") } else { (outermost, "component") };
    if sections.len() > 1 {
        return Err(format!(
            "its {place} hold {} sections `{SECTION}`, and one is allowed",
            sections.len()
        ));
    }
    Ok(sections.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(data: &str) -> String {
        format!(r#"(@custom "playhouse:plugin" "{}")"#, data.replace('"', "\\\""))
    }

    fn read(wat: &str) -> Result<Option<Metadata>, String> {
        Metadata::of_component(&wat::parse_str(wat).unwrap())
    }

    fn name(wat: &str) -> Option<String> {
        read(wat).unwrap().unwrap().name
    }

    #[test]
    fn the_outermost_section_comes_first_and_else_the_only_inner_one() {
        let outer = custom(r#"{"name": "outer"}"#);
        let inner = custom(r#"{"name": "inner"}"#);
        assert_eq!(read("(component)"), Ok(None));
        assert_eq!(name(&format!("(component {outer})")).as_deref(), Some("outer"));
        assert_eq!(name(&format!("(component (core module {inner}))")).as_deref(), Some("inner"));
        let both = format!("(component (core module {inner}) (core module {inner}) {outer})");
        assert_eq!(name(&both).as_deref(), Some("outer"));
    }

    #[test]
    fn two_sections_are_an_error() {
        let one = custom("{}");
        let error = read(&format!("(component {one} {one})")).unwrap_err();
        assert!(error.contains("its component hold 2 sections"), "{error}");
        let error = read(&format!("(component (core module {one}) (core module {one}))"));
        assert!(error.unwrap_err().contains("its inner modules hold 2 sections"));
    }

    #[test]
    fn what_is_not_one_json_object_is_an_error() {
        for bad in [
            "",
            "{}{}",
            "nonsense",
            r#"{"wants": 1}"#,
            r#"{"hooks": {"event-fliter": {}}}"#,
            r#"{"hooks": {"event-enricher": {"redact": true}}}"#,
        ] {
            assert!(read(&format!("(component {})", custom(bad))).is_err(), "{bad}");
        }
        let error = read(&format!("(component {})", custom(r#"{"schema": 2}"#))).unwrap_err();
        assert!(error.contains("has the form 2"), "{error}");
        let large = format!(r#"{{"title": "{}"}}"#, "x".repeat(LARGEST));
        let error = read(&format!("(component {})", custom(&large))).unwrap_err();
        assert!(error.contains("are allowed"), "{error}");
    }
}
