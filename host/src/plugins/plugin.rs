//! A plugin of this run: loaded, linked and checked, with what it may do. Nothing of it
//! has run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use wasmtime::component::InstancePre;

use super::batch::EventTexts;
use super::egress::{Proxies, Tls};
use super::epoch::EpochTicker;
use super::limits::Limits;
use super::metadata::{CursorKind, EventText, Want, Wanted};
use super::own_secrets::OwnSecrets;
use super::store::StoreState;
use super::{Grants, Hook, Hooks, Metadata, OnError, PluginName, Select};
use crate::events::SeenEvent;
use crate::secrets::{REDACTED, hide_members};

/// Events of a batch at most: from there on the crossing costs less than reading one.
const BATCH_EVENTS: u64 = 256;
/// Bytes of a batch at most, so that one fits into a plugin's memory several times.
const BATCH_BYTES: u64 = 4 << 20;
/// Milliseconds that a sink's batch waits for more events: fewer requests, and nobody
/// watches an endpoint more closely.
const BATCH_LINGER_MS: u64 = 200;

/// See the module's head. Shared by its lanes.
pub struct Plugin {
    pub(super) name: PluginName,
    pub(super) metadata: Metadata,
    pub(super) hooks: Hooks,
    pub(super) grants: Arc<Grants>,
    pub(super) limits: Limits,
    pub(super) secrets: OwnSecrets,
    pub(super) tls: Arc<Tls>,
    pub(super) proxies: Arc<Proxies>,
    /// Variables of the environment that it may see.
    pub(super) variables: Vec<(String, String)>,
    pub(super) config: Map<String, Value>,
    pub(super) digest: String,
    pub(super) events: Select,
    pub(super) on_error: Option<OnError>,
    pub(super) required: bool,
    pub(super) only_for: Vec<PluginName>,
    pub(super) pre: InstancePre<StoreState>,
    pub(super) ticker: Arc<EpochTicker>,
}

/// How an event sink gets its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Events at most.
    pub events: usize,
    /// Bytes of their JSON at most; one event alone may be larger.
    pub bytes: usize,
    /// A batch leaves this long after its first event.
    pub linger: Duration,
}

impl Plugin {
    /// What it is called in this run.
    pub fn name(&self) -> &PluginName {
        &self.name
    }

    /// Its own version; empty if it says none.
    pub fn version(&self) -> &str {
        self.metadata.version.as_deref().unwrap_or_default()
    }

    /// What it says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The hooks it exports.
    pub fn hooks(&self) -> Hooks {
        self.hooks
    }

    /// What it may do.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// What takes part in a run, for its artifacts: name, version, digest, hooks, grants
    /// and settings, without the values of those that are confidential.
    pub fn record(&self) -> Value {
        let mut config = Value::Object(self.config.clone());
        for pointer in &self.metadata.settings.confidential {
            if let Some(value) = config.pointer_mut(pointer) {
                *value = json!(REDACTED);
            }
        }
        hide_members(&mut config, &json!(REDACTED));
        json!({
            "name": self.name.as_str(),
            "version": self.version(),
            "digest": self.digest,
            "hooks": self.hooks.iter().map(Hook::as_str).collect::<Vec<_>>(),
            "grants": self.grants.list(),
            "secrets": self.secrets.names().collect::<Vec<_>>(),
            "config": config,
        })
    }

    /// All values of its secrets that were read so far, those that the source gives no
    /// longer among them.
    pub fn secret_values(&self) -> Vec<String> {
        self.secrets.values()
    }

    /// The variables of the environment that its secrets come from.
    pub fn secret_variables(&self) -> impl Iterator<Item = &str> {
        self.secrets.variables()
    }

    /// Whether it says that a secret is optional.
    pub(super) fn can_do_without(&self, secret: &str) -> bool {
        !self.metadata.wants.iter().any(
            |want| matches!(&want.what, Wanted::Secret { name, optional: false } if name == secret),
        )
    }

    /// Those of its settings that are never shown.
    pub(crate) fn confidential_settings(&self) -> Vec<Value> {
        let config = Value::Object(self.config.clone());
        let pointers = self.metadata.settings.confidential.iter();
        pointers.filter_map(|pointer| config.pointer(pointer).cloned()).collect()
    }

    /// SHA-256 of its component in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether "delivered" means that the peer has it, as far as the plugin knows.
    pub fn acknowledged(&self) -> bool {
        self.metadata.acknowledged.unwrap_or(true)
    }

    /// Whether each instance of its sink is given the log from its first entry.
    pub fn starts_over(&self) -> bool {
        [Hook::StatusSink, Hook::EventSink]
            .into_iter()
            .any(|hook| self.metadata.hook(hook).cursor == CursorKind::Run)
    }

    /// Whether undelivered events make a successful run fail.
    pub fn required(&self) -> bool {
        self.required
    }

    /// The sinks its filter hides events from; all and the disk when empty.
    pub fn only_for(&self) -> &[PluginName] {
        &self.only_for
    }

    /// What its failure in a hook does: the operator's word, else the hook's default.
    pub fn on_error(&self, hook: Hook) -> OnError {
        self.on_error.unwrap_or_else(|| hook.default_on_error(self.redacts()))
    }

    /// It takes secrets out of events, so its failure must show nothing.
    pub fn redacts(&self) -> bool {
        self.metadata.hook(Hook::EventEnricher).redacts
    }

    /// It may replace what the terminal shows, so the terminal waits for it.
    pub fn wants_stdout_on_path(&self) -> bool {
        self.hooks.event_enricher
            && self.metadata.hook(Hook::EventEnricher).fields.contains(&EventText::Stdout)
    }

    /// Whether an event reaches a hook: both what the plugin selects and what the
    /// operator does.
    pub fn subscribes(&self, hook: Hook, seen: &SeenEvent<'_>) -> bool {
        let metadata = self.metadata.hooks.get(&hook);
        metadata.is_none_or(|metadata| metadata.select.selects(seen)) && self.events.selects(seen)
    }

    /// How its event sink wants its batches, within what we allow.
    pub fn batch_limits(&self) -> BatchLimits {
        let batch = self.metadata.hook(Hook::EventSink).batch;
        let size = |asked: Option<u64>, most: u64| {
            usize::try_from(asked.unwrap_or(most).clamp(1, most)).unwrap_or(usize::MAX)
        };
        BatchLimits {
            events: size(batch.events, BATCH_EVENTS),
            bytes: size(batch.bytes, BATCH_BYTES),
            linger: Duration::from_millis(batch.linger_ms.unwrap_or(BATCH_LINGER_MS)),
        }
    }

    pub(super) fn texts(&self, hook: Hook) -> EventTexts {
        let is_sink = hook == Hook::EventSink;
        EventTexts::new(&self.metadata.hook(hook).fields, is_sink, self.limits.event_bytes)
    }
}

/// Makes the paths of folders and of Unix sockets in settings that wants name absolute: the
/// plugin sees no folder that a relative path could begin at.
pub(super) fn place_paths(config: &mut Map<String, Value>, wants: &[Want], base: &Path) {
    let base = std::path::absolute(base).unwrap_or_else(|_| base.to_owned());
    for want in wants {
        if let Wanted::Http { setting: Some(setting), .. }
        | Wanted::Net { setting: Some(setting), .. } = &want.what
        {
            make_absolute(config, setting, &base, |text| !text.contains("://"));
        }
        if let Wanted::Dir { setting: Some(setting), .. } = &want.what {
            make_absolute(config, setting, &base, |_| true);
        }
    }
}

fn make_absolute(
    config: &mut Map<String, Value>,
    pointer: &str,
    base: &Path,
    is_path: fn(&str) -> bool,
) {
    let mut parts =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~"));
    let Some(first) = parts.next() else { return };
    let setting = parts
        .try_fold(config.get_mut(&first), |value, key| Some(value?.as_object_mut()?.get_mut(&key)));
    if let Some(Some(Value::String(text))) = setting
        && !text.is_empty()
        && is_path(text)
    {
        *text = base.join(&*text).to_string_lossy().into_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_recorded_without_their_secrets() {
        let mut config = json!({
            "url": "mqtt://me:hunter2@h/x", "api_token": "abc", "path": "/a@b",
            "headers": [{"password": "x", "plain": 1}]
        });
        hide_members(&mut config, &json!(REDACTED));
        let expected = json!({
            "url": "mqtt://********@h/x", "api_token": "********", "path": "/a@b",
            "headers": [{"password": "********", "plain": 1}]
        });
        assert_eq!(config, expected);
    }

    #[test]
    fn a_folder_in_a_setting_is_below_the_private_data_directory() {
        let want = json!({"wants": [{"kind": "dir", "setting": "/folder"}]});
        let metadata: Metadata = serde_json::from_value(want).unwrap();
        let placed = |folder: &str| {
            let mut config = Map::from_iter([("folder".to_owned(), json!(folder))]);
            place_paths(&mut config, &metadata.wants, Path::new("/srv/pdd"));
            config["folder"].clone()
        };
        assert_eq!(placed("reports"), "/srv/pdd/reports");
        assert_eq!(placed("/var/reports"), "/var/reports");
        assert_eq!(placed(""), "", "which is refused");
    }

    #[test]
    fn a_socket_in_a_setting_is_beside_the_run() {
        let made = |value: Value, pointer: &str| {
            let Value::Object(mut config) = value else { unreachable!() };
            make_absolute(&mut config, pointer, Path::new("/srv"), |text| !text.contains("://"));
            Value::Object(config)
        };
        assert_eq!(made(json!({"url": "x.sock"}), "/url"), json!({"url": "/srv/x.sock"}));
        assert_eq!(made(json!({"a": {"b": "x"}}), "/a/b"), json!({"a": {"b": "/srv/x"}}));
        assert_eq!(made(json!({"url": "http://h"}), "/url"), json!({"url": "http://h"}));
        assert_eq!(made(json!({"url": 1}), "/url"), json!({"url": 1}));
        assert_eq!(made(json!({}), "/url"), json!({}));
    }
}
