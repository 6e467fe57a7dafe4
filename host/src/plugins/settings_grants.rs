//! What a plugin's settings grant: whoever writes an origin, a folder or a name there has
//! granted it.

use serde_json::{Map, Value};

use super::egress::{Destination, Family, OriginPattern};
use super::grants::GrantError;
use super::metadata::HostSettings;
use super::pointer::{PointerPattern, is_holder};
use super::select::glob_matches;
use super::view_schema;

/// What a plugin's settings name of the members that are granted one by one: whoever writes
/// `envvars: {CI_JOB: …}` in them wants that variable set.
pub(super) fn named_in_settings(config: &Map<String, Value>) -> Vec<String> {
    let mut named = Vec::new();
    for holder in ["extravars", "envvars"] {
        if let Some(Value::Object(members)) = config.get(holder) {
            let pointer =
                |name: &String| format!("/{holder}/{}", name.replace('~', "~0").replace('/', "~1"));
            named.extend(members.keys().map(pointer));
        }
    }
    named
}

/// The places of the view that settings name by their keys. `place` is a pattern of those
/// settings: `*` stands for any one part of it.
pub(super) fn named_by_settings(
    config: &Map<String, Value>,
    place: &str,
) -> Result<Vec<PointerPattern>, GrantError> {
    let config = Value::Object(config.clone());
    let mut found = vec![(String::new(), &config)];
    for part in place.split('/').skip(1) {
        found = found
            .into_iter()
            .flat_map(|(at, value)| match value {
                Value::Object(members) => members
                    .iter()
                    .filter(|(key, _)| glob_matches(part, key))
                    .map(|(key, value)| (format!("{at}/{key}"), value))
                    .collect::<Vec<_>>(),
                Value::Array(items) if part == "*" => items
                    .iter()
                    .enumerate()
                    .map(|(index, value)| (format!("{at}/{index}"), value))
                    .collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    let mut named = Vec::new();
    for (at, setting) in found {
        for pointer in setting.as_object().into_iter().flat_map(Map::keys) {
            let refused = |reason: String| GrantError {
                kind: "view",
                pattern: pointer.clone(),
                reason: format!("the setting `{at}` names it, and {reason}"),
                in_metadata: false,
            };
            if pointer.contains('*') {
                return Err(refused("one place is named without `*`".to_owned()));
            }
            let pattern = PointerPattern::parse(pointer).map_err(refused)?;
            if is_holder(pointer) {
                return Err(refused(format!(
                    "it is never seen as a whole: name what is in it, `{pointer}/name`"
                )));
            }
            if !view_schema::is_there(&pattern) {
                let members = view_schema::members().join(", ");
                return Err(refused(format!("the view of a run lacks it; it has {members}")));
            }
            named.push(pattern);
        }
    }
    Ok(named)
}

/// A setting that is not there grants nothing; whether it has to be is the plugin's word.
pub(super) fn origin_of_setting(
    config: &Map<String, Value>,
    setting: &str,
    family: Family,
) -> Result<Option<OriginPattern>, GrantError> {
    let Some(text) = text_setting(config, Some(setting)) else { return Ok(None) };
    let destination = Destination::of_setting(text, family).map_err(|reason| GrantError {
        kind: family.as_str(),
        pattern: text.to_owned(),
        reason: format!(
            "the setting `{setting}` is neither a URL nor the path of a socket: {reason}"
        ),
        in_metadata: false,
    })?;
    Ok(Some(OriginPattern::from(&destination)))
}

/// The same for a host and a port in settings of their own.
pub(super) fn origin_of_host(
    config: &Map<String, Value>,
    host: &HostSettings,
) -> Result<Option<OriginPattern>, GrantError> {
    let Some(pointer) = host.host_setting.as_deref() else { return Ok(None) };
    let Some(name) = text_setting(config, Some(pointer)) else { return Ok(None) };
    let at = |pointer: &Option<String>| setting(config, pointer.as_deref()?);
    let is_tls = match at(&host.tls_setting) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(_) => true,
    };
    let port = match at(&host.port_setting) {
        None | Some(Value::Null) => host.default_port,
        Some(Value::Number(number)) => number.as_u64().and_then(|port| u16::try_from(port).ok()),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let destination = port
        .ok_or_else(|| "its port is no number up to 65535".to_owned())
        .and_then(|port| Destination::of_host(name, port, is_tls))
        .map_err(|reason| GrantError {
            kind: "net",
            pattern: name.to_owned(),
            reason: format!("the setting `{pointer}` is no host: {reason}"),
            in_metadata: false,
        })?;
    Ok(Some(OriginPattern::from(&destination)))
}

/// The setting that a JSON Pointer names.
fn setting<'config>(config: &'config Map<String, Value>, pointer: &str) -> Option<&'config Value> {
    let mut parts = pointer
        .strip_prefix('/')
        .unwrap_or(pointer)
        .split('/')
        .map(|part| part.replace("~1", "/").replace("~0", "~"));
    let first = config.get(&parts.next()?)?;
    parts.try_fold(first, |value, key| value.get(&key))
}

pub(super) fn text_setting<'config>(
    config: &'config Map<String, Value>,
    pointer: Option<&str>,
) -> Option<&'config str> {
    setting(config, pointer?)?.as_str()
}
