//! What one plugin may do in one run: what its metadata wants, narrowed to what the
//! operator allows. Every refusal says what would change it.

use std::net::IpAddr;
use std::path::Path;

use serde_json::{Map, Value};

use super::egress::{Destination, OriginPattern};
use super::metadata::{Metadata, Want};
use super::pointer::{PointerPattern, is_holder};
use super::{Allow, PluginError, PluginName};

/// The effective grants. Nothing is granted that is not asked for.
#[derive(Debug, Clone)]
pub struct Grants {
    plugin: PluginName,
    has_metadata: bool,
    http: Narrowed<OriginPattern>,
    /// Origins that settings hold: whoever wrote the setting has granted them.
    from_settings: Vec<OriginPattern>,
    addresses: Vec<IpAddr>,
    set: Narrowed<PointerPattern>,
    view: Narrowed<PointerPattern>,
}

/// A grant that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GrantError {
    pub(super) kind: &'static str,
    pub(super) pattern: String,
    pub(super) reason: String,
    /// Whether the metadata has it; the operator otherwise.
    pub(super) in_metadata: bool,
}

impl GrantError {
    /// As the error of loading `plugin` from `path`.
    pub(super) fn for_plugin(self, plugin: &PluginName, path: &Path) -> PluginError {
        let Self { kind, pattern, reason, in_metadata } = self;
        if in_metadata {
            let reason = format!("the {kind} `{pattern}` in `wants` cannot be read: {reason}");
            return PluginError::Metadata { path: path.to_owned(), reason };
        }
        PluginError::Grant { plugin: plugin.to_string(), kind, pattern, reason }
    }
}

#[derive(Debug, Clone, Default)]
struct Narrowed<P> {
    wanted: Vec<P>,
    allowed: Vec<P>,
}

impl Grants {
    /// `config` is the plugin's settings, the path of a socket in them absolute.
    pub(super) fn new(
        plugin: PluginName,
        metadata: Option<&Metadata>,
        allow: &Allow,
        config: &Map<String, Value>,
    ) -> Result<Self, GrantError> {
        let mut grants = Self {
            plugin,
            has_metadata: metadata.is_some(),
            http: Narrowed { wanted: Vec::new(), allowed: origins(&allow.http, false)? },
            from_settings: Vec::new(),
            addresses: allow.addresses.clone(),
            set: Narrowed { wanted: Vec::new(), allowed: pointers("set", &allow.set, false)? },
            view: Narrowed { wanted: Vec::new(), allowed: pointers("view", &allow.view, false)? },
        };
        for want in metadata.map_or(&[][..], |metadata| &metadata.wants) {
            match want {
                Want::Http { origins: wanted, setting } => {
                    grants.http.wanted.extend(origins(wanted, true)?);
                    if let Some(setting) = setting {
                        grants.from_settings.extend(origin_of_setting(config, setting)?);
                    }
                }
                Want::Set { paths } => grants.set.wanted.extend(pointers("set", paths, true)?),
                Want::View { paths } => grants.view.wanted.extend(pointers("view", paths, true)?),
                Want::Net {} | Want::Secret {} => {}
            }
        }
        Ok(grants)
    }

    /// Whether a pre-run hook may change what lies at a JSON Pointer into the view; the
    /// error ends with what would allow it.
    pub fn may_set(&self, pointer: &str) -> Result<(), String> {
        if is_holder(pointer) {
            return Err(format!(
                "`{pointer}` is never set as a whole: plugin `{}` has to name what it sets in it",
                self.plugin
            ));
        }
        let wanted = self.set.wanted.iter().any(|pattern| pattern.covers(pointer));
        let allowed = self.set.allowed.iter().any(|pattern| pattern.grants(pointer));
        if wanted && allowed {
            return Ok(());
        }
        let what = format!("plugin `{}` may not set `{pointer}`", self.plugin);
        Err(self.refusal(&what, wanted, "set", pointer))
    }

    /// Whether a pre-run hook may see what lies at a JSON Pointer into the view, with all
    /// that lies below.
    pub fn may_view(&self, pointer: &str) -> bool {
        !is_holder(pointer)
            && self.view.wanted.iter().any(|pattern| pattern.covers(pointer))
            && self.view.allowed.iter().any(|pattern| pattern.grants(pointer))
    }

    /// What it comes down to, as `--plugin-allow` would have it: `http=https://h`,
    /// `set=/limit`. Patterns of the operator that the metadata does not ask for are not
    /// told apart here: they are checked call by call.
    pub fn list(&self) -> Vec<String> {
        let mut list = Vec::new();
        let http = if self.http.wanted.is_empty() { &[][..] } else { &self.http.allowed };
        list.extend(http.iter().chain(&self.from_settings).map(|origin| format!("http={origin}")));
        list.extend(self.addresses.iter().map(|address| format!("addresses={address}")));
        for (kind, narrowed) in [("set", &self.set), ("view", &self.view)] {
            if !narrowed.wanted.is_empty() {
                list.extend(
                    narrowed.allowed.iter().map(|path| format!("{kind}={}", path.as_str())),
                );
            }
        }
        list
    }

    /// The operator's patterns that grant a destination; the error ends with what would.
    pub(super) fn http(&self, destination: &Destination) -> Result<Vec<&OriginPattern>, String> {
        let matches = |pattern: &&OriginPattern| pattern.matches(destination);
        let wanted = self.http.wanted.iter().any(|pattern| pattern.matches(destination));
        let mut granted: Vec<&OriginPattern> = self.from_settings.iter().filter(matches).collect();
        if wanted {
            granted.extend(self.http.allowed.iter().filter(matches));
        }
        if granted.is_empty() {
            let what = format!("plugin `{}` may not send requests to `{destination}`", self.plugin);
            return Err(self.refusal(&what, wanted, "http", &destination.to_string()));
        }
        Ok(granted)
    }

    /// Addresses that are named beside the granted hosts.
    pub(super) fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// The flag that adds one grant.
    pub(super) fn flag(&self, kind: &str, pattern: &str) -> String {
        format!("--plugin-allow {}.{kind}={pattern}", self.plugin)
    }

    fn refusal(&self, what: &str, wanted: bool, kind: &str, pattern: &str) -> String {
        let plugin = &self.plugin;
        if wanted {
            format!("{what}: not granted; add `{}`", self.flag(kind, pattern))
        } else if self.has_metadata {
            format!(
                "{what}: the plugin's own metadata does not ask for it, so it cannot be granted; see `wants` in the `plugin.json` that `{plugin}` was built with"
            )
        } else {
            format!(
                "{what}: the component has no metadata that asks for it, so it cannot be granted; build `{plugin}` with a `plugin.json` that has it in `wants`"
            )
        }
    }
}

fn origins(patterns: &[String], in_metadata: bool) -> Result<Vec<OriginPattern>, GrantError> {
    patterns
        .iter()
        .map(|pattern| {
            pattern.parse::<OriginPattern>().map_err(|error| GrantError {
                kind: "http",
                pattern: pattern.clone(),
                reason: error.to_string(),
                in_metadata,
            })
        })
        .collect()
}

fn pointers(
    kind: &'static str,
    patterns: &[String],
    in_metadata: bool,
) -> Result<Vec<PointerPattern>, GrantError> {
    patterns
        .iter()
        .map(|pattern| {
            PointerPattern::parse(pattern).map_err(|reason| GrantError {
                kind,
                pattern: pattern.clone(),
                reason,
                in_metadata,
            })
        })
        .collect()
}

/// A setting that is not there grants nothing; whether it has to be is the plugin's word.
fn origin_of_setting(
    config: &Map<String, Value>,
    setting: &str,
) -> Result<Option<OriginPattern>, GrantError> {
    let mut value = None;
    for part in setting.strip_prefix('/').unwrap_or(setting).split('/') {
        let key = part.replace("~1", "/").replace("~0", "~");
        value = match value {
            None => config.get(&key),
            Some(inner) => Value::as_object(inner).and_then(|members| members.get(&key)),
        };
        if value.is_none() {
            return Ok(None);
        }
    }
    let Some(Value::String(text)) = value else { return Ok(None) };
    let destination = Destination::of_setting(text).map_err(|reason| GrantError {
        kind: "http",
        pattern: text.clone(),
        reason: format!(
            "the setting `{setting}` is neither a URL nor the path of a socket: {reason}"
        ),
        in_metadata: false,
    })?;
    Ok(Some(OriginPattern::from(&destination)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use url::Url;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` gives values")]
    fn grants(wants: Value, allow: Value, config: Value) -> Grants {
        let metadata: Metadata = serde_json::from_value(json!({"wants": wants})).unwrap();
        let allow: Allow = serde_json::from_value(allow).unwrap();
        let Value::Object(config) = config else { unreachable!() };
        Grants::new("x".parse().unwrap(), Some(&metadata), &allow, &config).unwrap()
    }

    fn http(grants: &Grants, url: &str) -> Result<usize, String> {
        let destination = Destination::of_url(&Url::parse(url).unwrap()).unwrap();
        grants.http(&destination).map(|granted| granted.len())
    }

    #[test]
    fn a_want_without_a_word_of_the_operator_grants_nothing() {
        let grants =
            grants(json!([{"kind": "http", "origins": ["https://*:*"]}]), json!({}), json!({}));
        let refusal = http(&grants, "https://h:8443/x").unwrap_err();
        assert!(refusal.ends_with("add `--plugin-allow x.http=https://h:8443`"), "{refusal}");
    }

    #[test]
    fn what_is_allowed_and_not_wanted_cannot_be_granted() {
        let grants = grants(json!([]), json!({"http": ["https://h"]}), json!({}));
        let refusal = http(&grants, "https://h").unwrap_err();
        assert!(
            refusal.contains("own metadata does not ask") && !refusal.contains("--plugin-allow")
        );
    }

    #[test]
    fn both_lists_narrow() {
        let grants = grants(
            json!([{"kind": "http", "origins": ["https://*.example"]}]),
            json!({"http": ["https://a.example", "https://other"]}),
            json!({}),
        );
        assert_eq!(http(&grants, "https://a.example/"), Ok(1));
        assert!(http(&grants, "https://b.example/").is_err());
        assert!(http(&grants, "https://other/").is_err());
    }

    #[test]
    fn a_setting_grants_the_origin_it_holds_and_no_other() {
        let want = json!([{"kind": "http", "setting": "/url"}]);
        let granted = grants(want.clone(), json!({}), json!({"url": "https://h:8443/hook"}));
        assert_eq!(http(&granted, "https://h:8443/other"), Ok(1));
        assert!(http(&granted, "https://h/").is_err());
        assert_eq!(granted.list(), ["http=https://h:8443"]);
        let socket = grants(want.clone(), json!({}), json!({"url": "/srv/run/x.sock"}));
        assert_eq!(http(&socket, "http+unix://%2Fsrv%2Frun%2Fx.sock/"), Ok(1));
        assert!(grants(want, json!({}), json!({})).list().is_empty());
    }

    #[test]
    fn set_and_view_are_narrowed_too_and_say_the_flag() {
        let grants = grants(
            json!([{"kind": "set", "paths": ["/extravars/*", "/limit"]}, {"kind": "view", "paths": ["/playbook", "/extravars"]}]),
            json!({"set": ["/extravars/*"], "view": ["/*", "/extravars"]}),
            json!({}),
        );
        assert_eq!(grants.may_set("/extravars/region"), Ok(()));
        let refusal = grants.may_set("/limit").unwrap_err();
        assert!(refusal.ends_with("add `--plugin-allow x.set=/limit`"), "{refusal}");
        let refusal = grants.may_set("/extravars/ansible_connection").unwrap_err();
        assert!(refusal.ends_with("add `--plugin-allow x.set=/extravars/ansible_connection`"));
        assert!(grants.may_set("/tags").unwrap_err().contains("does not ask"));
        assert!(grants.may_set("/extravars").unwrap_err().contains("never set as a whole"));
        assert!(grants.may_view("/extravars/a") && !grants.may_view("/extravars/ansible_host"));
        assert!(!grants.may_view("/playbook") && !grants.may_view("/extravars"));
    }
}
