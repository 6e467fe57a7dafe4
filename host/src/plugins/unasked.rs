//! Holds what the operator gives a plugin against what it asks for. A grant, a secret or a
//! setting that it does not ask for would have no effect, and is most likely misspelt or
//! meant for another plugin: it is an error that says what is asked for.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::egress::{Family, OriginPattern};
use super::installed::asked;
use super::json_schema::unknown_member;
use super::pointer::PointerPattern;
use super::select::globs_overlap;
use super::{Allow, Grants, Metadata, PluginError, PluginName, SecretSource, Want, Wanted};

/// What the operator wrote for one plugin.
pub(super) struct Given<'spec> {
    pub(super) plugin: &'spec PluginName,
    pub(super) allow: &'spec Allow,
    pub(super) secrets: &'spec BTreeMap<String, SecretSource>,
    pub(super) config: &'spec Map<String, Value>,
}

impl Given<'_> {
    /// Refuses the first thing that `metadata` does not ask for. `grants` are those that
    /// come of it.
    pub(super) fn check(
        &self,
        metadata: Option<&Metadata>,
        grants: &Grants,
    ) -> Result<(), PluginError> {
        if let Some((kind, pattern)) = self.unasked_grant(metadata, grants) {
            return Err(self.error(format!("the grant `{kind}={pattern}`"), kind, metadata));
        }
        let wants = metadata.map_or(&[][..], |metadata| &metadata.wants);
        let is_wanted = |name: &&String| {
            wants.iter().any(
                |want| matches!(&want.what, Wanted::Secret { name: wanted, .. } if wanted == *name),
            )
        };
        if let Some(name) = self.secrets.keys().find(|name| !is_wanted(name)) {
            return Err(self.error(format!("the secret `{name}`"), "secret", metadata));
        }
        let schema = metadata.and_then(|metadata| metadata.settings.schema.as_ref());
        let config = Value::Object(self.config.clone());
        match schema.and_then(|schema| unknown_member(schema, &config)) {
            None => Ok(()),
            Some(unknown) => Err(PluginError::UnknownSetting {
                plugin: self.plugin.to_string(),
                setting: unknown.pointer,
                known: unknown.known,
            }),
        }
    }

    fn error(&self, what: String, kind: &str, metadata: Option<&Metadata>) -> PluginError {
        let is_of_kind =
            |text: &str| text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(['=', ':']));
        let of_kind: Vec<String> = asked(metadata, self.plugin.as_str())
            .into_iter()
            .map(|asked| asked.text)
            .filter(|text| is_of_kind(text))
            .collect();
        let asks = match (metadata, of_kind.as_slice()) {
            (None, _) => "has no metadata, so nothing can be granted to it: give it some with `playhouse plugin annotate`".to_owned(),
            (Some(_), []) => format!("asks for nothing of the kind `{kind}`"),
            (Some(_), of_kind) => format!("asks for {}", of_kind.join(", ")),
        };
        PluginError::Unasked { plugin: self.plugin.to_string(), what, asks }
    }

    fn unasked_grant(
        &self,
        metadata: Option<&Metadata>,
        grants: &Grants,
    ) -> Option<(&'static str, String)> {
        let wants = metadata.map_or(&[][..], |metadata| &metadata.wants);
        let Allow { http, addresses, set, narrow, view, net, env, dir } = self.allow;
        let unasked = |kind, patterns: &[String], is_asked: &dyn Fn(&String) -> bool| {
            let found = patterns.iter().find(|pattern| !is_asked(pattern))?;
            Some((kind, found.clone()))
        };
        let origin = |family: Family, pattern: &String| {
            OriginPattern::parse(pattern, family)
                .is_ok_and(|pattern| grants.asks_for(family, &pattern))
        };
        let addressed = || {
            wants.iter().any(|want| matches!(want.what, Wanted::Http { .. } | Wanted::Net { .. }))
        };
        unasked("http", http, &|pattern| origin(Family::Http, pattern))
            .or_else(|| unasked("net", net, &|pattern| origin(Family::Net, pattern)))
            .or_else(|| {
                let address = addresses.first().filter(|_| !addressed())?;
                Some(("addresses", address.to_string()))
            })
            .or_else(|| unasked("set", set, &|given| any_pointer(wants, given, set_paths)))
            .or_else(|| unasked("narrow", narrow, &|given| any_pointer(wants, given, narrow_paths)))
            .or_else(|| unasked("view", view, &|given| any_pointer(wants, given, view_paths)))
            .or_else(|| {
                unasked("env", env, &|given| {
                    wants.iter().any(|want| match &want.what {
                        Wanted::Env { names } => {
                            names.iter().any(|name| globs_overlap(name, given))
                        }
                        _ => false,
                    })
                })
            })
            .or_else(|| {
                unasked("dir", dir, &|given| {
                    let writes = given.ends_with(":rw");
                    wants.iter().any(
                        |want| matches!(want.what, Wanted::Dir { write, .. } if write || !writes),
                    )
                })
            })
    }
}

fn set_paths(want: &Wanted) -> Option<&[String]> {
    if let Wanted::Set { paths } = want { Some(paths) } else { None }
}

fn narrow_paths(want: &Wanted) -> Option<&[String]> {
    if let Wanted::Narrow { paths } = want { Some(paths) } else { None }
}

fn view_paths(want: &Wanted) -> Option<&[String]> {
    if let Wanted::View { paths, .. } = want { Some(paths) } else { None }
}

/// Whether something lies below both the pattern and one that is asked for.
fn any_pointer(wants: &[Want], given: &str, paths: fn(&Wanted) -> Option<&[String]>) -> bool {
    let Ok(given) = PointerPattern::parse(given) else { return false };
    let mut asked = wants.iter().filter_map(|want| paths(&want.what)).flatten();
    asked.any(|path| {
        PointerPattern::parse(path).is_ok_and(|asked| {
            asked.segments().iter().zip(given.segments()).all(|(a, b)| globs_overlap(a, b))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(allow: Value, secrets: &[&str], config: Value) -> Result<(), String> {
        let metadata: Metadata = serde_json::from_value(json!({
            "wants": [
                {"kind": "http", "origins": ["https://*.example"], "setting": "/url"},
                {"kind": "set", "paths": ["/extravars/vault_*"]},
                {"kind": "env", "names": ["CI_*"]},
                {"kind": "dir"},
                {"kind": "secret", "name": "token"},
            ],
            "settings": {"schema": {
                "properties": {"url": {}, "in": {}}, "additionalProperties": false
            }},
        }))
        .unwrap();
        let plugin = "x".parse().unwrap();
        let allow: Allow = serde_json::from_value(allow).unwrap();
        let Value::Object(config) = config else { unreachable!() };
        let secrets = secrets
            .iter()
            .map(|name| ((*name).to_owned(), "env:A".parse::<SecretSource>().unwrap()))
            .collect();
        let grants = Grants::new("x".parse().unwrap(), Some(&metadata), &allow, &config).unwrap();
        Given { plugin: &plugin, allow: &allow, secrets: &secrets, config: &config }
            .check(Some(&metadata), &grants)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_narrows_or_repeats_what_is_asked_for_passes() {
        let url = json!({"url": "https://h:8443/x"});
        for allow in [
            json!({"http": ["https://a.example"], "addresses": ["127.0.0.1"]}),
            json!({"http": ["https://*"]}),
            json!({"http": ["https://h:8443"]}),
            json!({"set": ["/extravars/*"]}),
            json!({"set": ["/extravars/vault_a", "/extravars/vault_a/b", "/*"]}),
            json!({"env": ["CI_JOB", "*_JOB"]}),
            json!({"dir": ["/srv"]}),
        ] {
            assert_eq!(check(allow.clone(), &["token"], url.clone()), Ok(()), "{allow}");
        }
    }

    #[test]
    fn what_is_not_asked_for_is_an_error_that_says_what_is() {
        for (allow, told) in [
            (
                json!({"http": ["https://other"]}),
                "the grant `http=https://other`: it asks for http=https://*.example, http: what the setting /url says",
            ),
            (json!({"http": ["http://a.example"]}), "`http=http://a.example`"),
            (json!({"net": ["tcp://h:1"]}), "it asks for nothing of the kind `net`"),
            (json!({"set": ["/limit"]}), "it asks for set=/extravars/vault_*"),
            (json!({"set": ["/extravars/region"]}), "it asks for set=/extravars/vault_*"),
            (json!({"view": ["/limit"]}), "it asks for nothing of the kind `view`"),
            (json!({"env": ["HOME"]}), "it asks for env=CI_*"),
            (json!({"dir": ["/srv:rw"]}), "it asks for dir: a folder that is allowed"),
        ] {
            let error = check(allow.clone(), &[], json!({})).unwrap_err();
            assert!(error.contains(told), "{allow}: {error}");
        }
        let error = check(json!({}), &["tokn"], json!({})).unwrap_err();
        assert!(error.contains("the secret `tokn`: it asks for secret=token"), "{error}");
        let error = check(json!({}), &[], json!({"urll": "x"})).unwrap_err();
        assert!(error.contains("has no setting `/urll`, only url, in;"), "{error}");
    }
}
