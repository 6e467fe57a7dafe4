//! What one plugin may do in one run: what its metadata wants, narrowed to what the
//! operator allows. Every refusal says what would change it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::dir_grant::DirGrant;
use super::egress::{Destination, Family, OriginPattern};
use super::metadata::{Metadata, Wanted};
use super::pointer::{PointerPattern, is_holder};
use super::select::glob_matches;
use super::settings_grants::{
    named_by_settings, named_in_settings, origin_of_host, origin_of_setting, text_setting,
};
use super::{Allow, PluginError, PluginName};

/// The effective grants. Nothing is granted that is not asked for.
#[derive(Debug, Clone)]
pub struct Grants {
    plugin: PluginName,
    has_metadata: bool,
    http: EgressGrants,
    net: EgressGrants,
    addresses: Vec<IpAddr>,
    set: Narrowed<PointerPattern>,
    /// Pointers that the operator names in the plugin's own settings.
    named: Vec<String>,
    narrow: Narrowed<PointerPattern>,
    view: Narrowed<PointerPattern>,
    /// What settings name: whoever wrote them has granted that it is seen.
    view_from_settings: Vec<PointerPattern>,
    env: Narrowed<String>,
    dir: Narrowed<DirGrant>,
    wanted_secrets: Vec<String>,
}

/// Where to one kind of egress may go.
#[derive(Debug, Clone)]
struct EgressGrants {
    narrowed: Narrowed<OriginPattern>,
    /// Origins that settings hold: whoever wrote the setting has granted them.
    from_settings: Vec<OriginPattern>,
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
            http: EgressGrants::allowed(&allow.http, Family::Http)?,
            net: EgressGrants::allowed(&allow.net, Family::Net)?,
            addresses: allow.addresses.clone(),
            set: Narrowed::allowed(pointers("set", &allow.set, false)?),
            named: named_in_settings(config),
            narrow: Narrowed::allowed(pointers("narrow", &allow.narrow, false)?),
            view_from_settings: Vec::new(),
            view: Narrowed::allowed(pointers("view", &allow.view, false)?),
            env: Narrowed::allowed(allow.env.clone()),
            dir: Narrowed::allowed(dirs(&allow.dir)?),
            wanted_secrets: Vec::new(),
        };
        for want in metadata.map_or(&[][..], |metadata| &metadata.wants) {
            match &want.what {
                Wanted::Http { origins: wanted, setting } => {
                    grants.http.narrowed.wanted.extend(origins(wanted, Family::Http, true)?);
                    if let Some(setting) = setting {
                        let found = origin_of_setting(config, setting, Family::Http)?;
                        grants.http.from_settings.extend(found);
                    }
                }
                Wanted::Net { addresses, setting, host } => {
                    grants.net.narrowed.wanted.extend(origins(addresses, Family::Net, true)?);
                    if let Some(setting) = setting {
                        let found = origin_of_setting(config, setting, Family::Net)?;
                        grants.net.from_settings.extend(found);
                    }
                    grants.net.from_settings.extend(origin_of_host(config, host)?);
                }
                Wanted::Set { paths } => grants.set.wanted.extend(pointers("set", paths, true)?),
                Wanted::Narrow { paths } => {
                    grants.narrow.wanted.extend(pointers("narrow", paths, true)?);
                }
                Wanted::View { paths, setting } => {
                    grants.view.wanted.extend(pointers("view", paths, true)?);
                    if let Some(setting) = setting {
                        grants.view_from_settings.extend(named_by_settings(config, setting)?);
                    }
                }
                Wanted::Env { names } => grants.env.wanted.extend(names.iter().cloned()),
                Wanted::Dir { setting, write } => {
                    if let Some(path) = text_setting(config, setting.as_deref()) {
                        if path.is_empty() {
                            return Err(GrantError {
                                kind: "dir",
                                pattern: String::new(),
                                reason: format!(
                                    "the setting `{}` is empty: write the path of a folder there, or leave the setting out",
                                    setting.as_deref().unwrap_or_default()
                                ),
                                in_metadata: false,
                            });
                        }
                        let path = PathBuf::from(path);
                        grants.dir.allowed.push(DirGrant { path, may_write: *write });
                    }
                    grants.dir.wanted.push(DirGrant { path: PathBuf::new(), may_write: *write });
                }
                Wanted::Secret { name, .. } => grants.wanted_secrets.push(name.clone()),
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
        let is_named = || {
            self.named.iter().any(|named| {
                pointer
                    .strip_prefix(named.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        let allowed =
            self.set.allowed.iter().any(|pattern| pattern.lets_set(pointer)) || is_named();
        if wanted && allowed {
            return Ok(());
        }
        let what = format!("plugin `{}` may not set `{pointer}`", self.plugin);
        Err(self.refusal(&what, wanted, "set", pointer))
    }

    /// Where the plugin asks to narrow what lies at a JSON Pointer into the view: whether it
    /// may. It never does more there, whatever else it is granted.
    pub fn may_narrow(&self, pointer: &str) -> Option<Result<(), String>> {
        if !self.narrow.wanted.iter().any(|pattern| pattern.covers(pointer)) {
            return None;
        }
        if self.narrow.allowed.iter().any(|pattern| pattern.lets_set(pointer)) {
            return Some(Ok(()));
        }
        let what = format!("plugin `{}` may not narrow `{pointer}`", self.plugin);
        Some(Err(self.refusal(&what, true, "narrow", pointer)))
    }

    /// Patterns of what a pre-run hook may see.
    pub fn viewed(&self) -> impl Iterator<Item = &str> {
        let viewed = self.view.effective().iter().chain(&self.view_from_settings);
        viewed.map(PointerPattern::as_str)
    }

    /// Whether a pre-run hook may see what lies at a JSON Pointer into the view, with all
    /// that lies below.
    pub fn may_view(&self, pointer: &str) -> bool {
        let granted = || {
            self.view.wanted.iter().any(|pattern| pattern.covers(pointer))
                && self.view.allowed.iter().any(|pattern| pattern.lets_view(pointer))
        };
        let named = || self.view_from_settings.iter().any(|pattern| pattern.covers(pointer));
        !is_holder(pointer) && (granted() || named())
    }

    /// Patterns of the operator's for the environment that let nothing be set.
    pub(super) fn too_wide(&self) -> impl Iterator<Item = &str> {
        self.set.effective().iter().filter(|path| path.is_too_wide()).map(PointerPattern::as_str)
    }

    /// What it comes down to, as `--plugin-allow` would have it: `http=https://h`,
    /// `set=/limit`. Patterns of the operator that the metadata does not ask for are not
    /// told apart here: they are checked call by call.
    pub fn list(&self) -> Vec<String> {
        let mut list = Vec::new();
        for (family, granted) in [(Family::Http, &self.http), (Family::Net, &self.net)] {
            let patterns = granted.narrowed.effective().iter().chain(&granted.from_settings);
            list.extend(patterns.map(|origin| format!("{}={origin}", family.as_str())));
        }
        list.extend(self.addresses.iter().map(|address| format!("addresses={address}")));
        let is_wanted = |pointer: &&String| self.set.wanted.iter().any(|want| want.covers(pointer));
        list.extend(self.named.iter().filter(is_wanted).map(|pointer| format!("set={pointer}")));
        for (kind, narrowed) in [("set", &self.set), ("narrow", &self.narrow)] {
            let paths = narrowed.effective().iter();
            list.extend(paths.map(|path| format!("{kind}={}", path.as_str())));
        }
        list.extend(self.viewed().map(|path| format!("view={path}")));
        list.extend(self.env.effective().iter().map(|name| format!("env={name}")));
        list.extend(self.dirs().map(|dir| format!("dir={dir}")));
        list
    }

    /// The operator's patterns that grant a destination; the error ends with what would.
    pub(super) fn egress(
        &self,
        family: Family,
        destination: &Destination,
    ) -> Result<Vec<&OriginPattern>, String> {
        let grants = match family {
            Family::Http => &self.http,
            Family::Net => &self.net,
        };
        let matches = |pattern: &&OriginPattern| pattern.matches(destination);
        let wanted = grants.narrowed.wanted.iter().any(|pattern| pattern.matches(destination));
        let mut granted: Vec<&OriginPattern> =
            grants.from_settings.iter().filter(matches).collect();
        if wanted {
            granted.extend(grants.narrowed.allowed.iter().filter(matches));
        }
        if granted.is_empty() {
            let what = match family {
                Family::Http => "send requests",
                Family::Net => "connect",
            };
            let what = format!("plugin `{}` may not {what} to `{destination}`", self.plugin);
            return Err(self.refusal(&what, wanted, family.as_str(), &destination.to_string()));
        }
        Ok(granted)
    }

    /// Where HTTP over TLS may go: origins, and patterns where neither side says which.
    pub(super) fn https(&self) -> Vec<OriginPattern> {
        let EgressGrants { narrowed, from_settings } = &self.http;
        let both = narrowed.allowed.iter().flat_map(|allowed| {
            let wanted = narrowed.wanted.iter().filter(|wanted| wanted.overlaps(allowed));
            wanted.map(move |wanted| if wanted.is_one() { wanted } else { allowed })
        });
        let mut all = Vec::new();
        for pattern in from_settings.iter().chain(both).filter(|pattern| pattern.is_https()) {
            if !all.contains(pattern) {
                all.push(pattern.clone());
            }
        }
        all
    }

    /// Whether the plugin asks for a secret of its own; the error says why it has none.
    pub(super) fn wants_secret(&self, name: &str) -> Result<(), String> {
        if self.wanted_secrets.iter().any(|wanted| wanted == name) {
            return Ok(());
        }
        let what =
            format!("plugin `{}` may not read the secret `{}`", self.plugin, name.escape_default());
        Err(self.refusal(&what, false, "secret", name))
    }

    /// Whether the value of a variable of the environment is the plugin's to see.
    pub(super) fn may_see_variable(&self, name: &str) -> bool {
        let matches = |patterns: &[String]| patterns.iter().any(|glob| glob_matches(glob, name));
        matches(&self.env.wanted) && matches(&self.env.allowed)
    }

    /// The folders it may enter.
    pub(super) fn dirs(&self) -> impl Iterator<Item = &DirGrant> {
        let may_write = self.dir.wanted.iter().any(|want| want.may_write);
        let granted = move |dir: &&DirGrant| may_write || !dir.may_write;
        self.dir.effective().iter().filter(granted)
    }

    /// Whether the plugin asks for any of what a pattern matches, or has it by its settings.
    pub(super) fn asks_for(&self, family: Family, pattern: &OriginPattern) -> bool {
        let grants = match family {
            Family::Http => &self.http,
            Family::Net => &self.net,
        };
        let asked = grants.narrowed.wanted.iter().chain(&grants.from_settings);
        asked.into_iter().any(|asked| asked.overlaps(pattern))
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
                "{what}: the plugin's own metadata does not ask for it, so it cannot be granted; `playhouse plugin inspect` shows what `{plugin}` asks for"
            )
        } else {
            format!(
                "{what}: the component has no metadata that asks for it, so it cannot be granted; give `{plugin}` a `plugin.json` that has it in `wants` with `playhouse plugin annotate`"
            )
        }
    }
}

impl<P> Narrowed<P> {
    fn allowed(allowed: Vec<P>) -> Self {
        Self { wanted: Vec::new(), allowed }
    }

    /// What the operator allows, where anything of the kind is asked for.
    fn effective(&self) -> &[P] {
        if self.wanted.is_empty() { &[] } else { &self.allowed }
    }
}

impl EgressGrants {
    fn allowed(patterns: &[String], family: Family) -> Result<Self, GrantError> {
        let narrowed = Narrowed::allowed(origins(patterns, family, false)?);
        Ok(Self { narrowed, from_settings: Vec::new() })
    }
}

fn origins(
    patterns: &[String],
    family: Family,
    in_metadata: bool,
) -> Result<Vec<OriginPattern>, GrantError> {
    patterns
        .iter()
        .map(|pattern| {
            OriginPattern::parse(pattern, family).map_err(|error| GrantError {
                kind: family.as_str(),
                pattern: pattern.clone(),
                reason: error.to_string(),
                in_metadata,
            })
        })
        .collect()
}

fn dirs(patterns: &[String]) -> Result<Vec<DirGrant>, GrantError> {
    let parse = |pattern: &String| {
        pattern.parse().map_err(|reason| GrantError {
            kind: "dir",
            pattern: pattern.clone(),
            reason,
            in_metadata: false,
        })
    };
    patterns.iter().map(parse).collect()
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
        grants.egress(Family::Http, &destination).map(|granted| granted.len())
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
    fn a_stream_is_granted_by_its_setting_or_by_host_and_port() {
        let net = |grants: &Grants, address: &str| {
            let destination = Destination::of_address(address).unwrap();
            grants.egress(Family::Net, &destination).map(|granted| granted.len())
        };
        let by_url = grants(
            json!([{"kind": "net", "setting": "/url"}]),
            json!({}),
            json!({"url": "mqtts://broker"}),
        );
        assert_eq!(net(&by_url, "tls://broker:8883"), Ok(1));
        let refusal = net(&by_url, "tcp://broker:1883").unwrap_err();
        assert!(refusal.contains("does not ask for it"), "{refusal}");

        let host = json!([{
            "kind": "net",
            "addresses": ["tcp://*:*"],
            "host_setting": "/hostname", "port_setting": "/port", "tls_setting": "/tls", "default_port": 1883
        }]);
        let by_host = grants(host.clone(), json!({}), json!({"hostname": "h", "port": "7"}));
        assert_eq!(net(&by_host, "tcp://h:7"), Ok(1));
        let refusal = net(&by_host, "tcp://h:8").unwrap_err();
        assert!(refusal.ends_with("add `--plugin-allow x.net=tcp://h:8`"), "{refusal}");
        let tls = grants(host, json!({}), json!({"hostname": "h", "tls": {}}));
        assert_eq!(tls.list(), ["net=tls://h:1883"]);
    }

    #[test]
    fn an_empty_setting_is_no_folder() {
        let metadata: Metadata =
            serde_json::from_value(json!({"wants": [{"kind": "dir", "setting": "/folder"}]}))
                .unwrap();
        let config = Map::from_iter([("folder".to_owned(), json!(""))]);
        let error = Grants::new("x".parse().unwrap(), Some(&metadata), &Allow::default(), &config);
        assert!(error.unwrap_err().reason.contains("the setting `/folder` is empty"));
    }

    #[test]
    fn variables_and_folders_are_narrowed_too() {
        let grants = grants(
            json!([{"kind": "env", "names": ["CI_*"]}, {"kind": "dir", "setting": "/folder"}]),
            json!({"env": ["CI_JOB", "HOME"], "dir": ["/srv/a:rw", "/srv/b"]}),
            json!({"folder": "/srv/c"}),
        );
        assert!(grants.may_see_variable("CI_JOB"));
        assert!(!grants.may_see_variable("HOME") && !grants.may_see_variable("CI_TOKEN"));
        let dirs: Vec<String> = grants.dirs().map(ToString::to_string).collect();
        assert_eq!(dirs, ["/srv/b", "/srv/c"], "nothing asks to write");
        assert!(grants.wants_secret("token").unwrap_err().contains("does not ask"));
    }

    #[test]
    fn a_name_in_the_settings_grants_itself_where_it_is_wanted() {
        let settings = json!({
            "extravars": {"region": "eu", "ansible_user": "me", "a/b": 1},
            "envvars": {"LD_PRELOAD": "x.so", "JOB": 1},
            "other": {"HOME": 1},
        });
        let wants = json!([{"kind": "set", "paths": ["/extravars/*", "/envvars/*"]}]);
        let granted = grants(wants, json!({}), settings.clone());
        for pointer in [
            "/extravars/region",
            "/extravars/region/deep",
            "/extravars/ansible_user",
            "/extravars/a~1b",
            "/envvars/LD_PRELOAD",
            "/envvars/JOB",
        ] {
            assert_eq!(granted.may_set(pointer), Ok(()), "{pointer}");
        }
        for pointer in ["/extravars/regions", "/envvars/JOBS", "/envvars/HOME", "/extravars"] {
            assert!(granted.may_set(pointer).is_err(), "{pointer}");
        }
        let unasked = grants(json!([]), json!({}), settings);
        assert!(unasked.may_set("/extravars/region").is_err());
        assert!(unasked.list().is_empty());
    }

    #[test]
    fn a_setting_that_names_a_place_lets_it_be_seen_and_no_other() {
        let want = json!([{"kind": "view", "paths": ["/playbook"], "setting": "/refuse/*/when"}]);
        let rule = |pointer: &str| json!({"refuse": [{"when": {pointer: null}, "reason": "no"}]});
        let granted = grants(want.clone(), json!({}), rule("/extravars/region"));
        assert!(granted.may_view("/extravars/region"));
        assert!(!granted.may_view("/extravars/other") && !granted.may_view("/playbook"));
        assert_eq!(granted.list(), ["view=/extravars/region"]);
        for (pointer, told) in [
            (
                "/limits",
                "the setting `/refuse/0/when` names it, and the view of a run lacks it; it has",
            ),
            ("limit", "begins with `/`"),
            ("/extravars", "never seen as a whole: name what is in it, `/extravars/name`"),
            ("/extravars/*", "without `*`"),
        ] {
            let metadata = serde_json::from_value(json!({"wants": want})).unwrap();
            let Value::Object(config) = rule(pointer) else { unreachable!() };
            let plugin = "x".parse().unwrap();
            let error =
                Grants::new(plugin, Some(&metadata), &Allow::default(), &config).unwrap_err();
            assert!(error.reason.contains(told), "{}", error.reason);
        }
    }

    #[test]
    fn who_asks_to_narrow_never_does_more() {
        let wants = json!([
            {"kind": "narrow", "paths": ["/limit"]},
            {"kind": "set", "paths": ["/limit", "/tags"]},
        ]);
        let granted = grants(wants.clone(), json!({"narrow": ["/limit"]}), json!({}));
        assert_eq!(granted.may_narrow("/limit"), Some(Ok(())));
        assert_eq!(granted.may_narrow("/tags"), None);
        let refused = grants(wants, json!({"set": ["/limit"]}), json!({}));
        let refusal = refused.may_narrow("/limit").unwrap().unwrap_err();
        assert!(refusal.ends_with("add `--plugin-allow x.narrow=/limit`"), "{refusal}");
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
