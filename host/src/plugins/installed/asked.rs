//! What a plugin asks for, line by line: to show, to compare and to accept.

use serde::Serialize;

use crate::plugins::pointer::PointerPattern;
use crate::plugins::{Allow, ForeignKeys, Metadata, Want, Wanted};

/// One thing that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// `http=https://hooks.example`, `secret=token`, `http: what the setting /url says`.
    pub text: String,
    /// Who grants it.
    pub granted: GrantedBy,
    /// It lets the plugin decide what code runs on this machine.
    pub may_run_code: bool,
    /// The plugin's reason, in its words.
    pub why: Option<String>,
}

/// What it takes for a plugin to get something it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantedBy {
    /// Installing it.
    Installing,
    /// A grant that names less: a part of the pattern is `*`, and that would be everything.
    Allowing,
    /// Writing the setting it speaks of, or saying where the secret comes from.
    Configuring,
}

impl Asked {
    fn new(text: String, granted: GrantedBy) -> Self {
        Self { text, granted, may_run_code: false, why: None }
    }
}

/// Everything that the metadata wants, in its order, and what it reads of what was not
/// written for a plugin called `name`.
pub(in crate::plugins) fn asked(metadata: Option<&Metadata>, name: &str) -> Vec<Asked> {
    let (_, keys) = metadata.map(ForeignKeys::of).unwrap_or_default().split(name);
    let keys = keys.asked().into_iter().map(|text| Asked::new(text, GrantedBy::Installing));
    wanted(metadata).into_iter().chain(keys).collect()
}

fn wanted(metadata: Option<&Metadata>) -> Vec<Asked> {
    let wants = metadata.map_or(&[][..], |metadata| &metadata.wants);
    let with_reason = |want: &Want| {
        let why = want.why.clone();
        asked_by(&want.what).into_iter().map(move |asked| Asked { why: why.clone(), ..asked })
    };
    wants.iter().flat_map(with_reason).collect()
}

/// What installing grants of that.
pub(super) fn accepted(metadata: Option<&Metadata>) -> Result<Allow, String> {
    let mut allow = Allow::default();
    for asked in wanted(metadata) {
        if asked.granted == GrantedBy::Installing
            && let Some((kind, pattern)) = asked.text.split_once('=')
        {
            allow.add(kind, pattern)?;
        }
    }
    Ok(allow)
}

fn asked_by(want: &Wanted) -> Vec<Asked> {
    let setting = |kind: &str, setting: Option<&String>, what: &str| {
        let text = |setting| format!("{kind}: {what} the setting {setting} says");
        setting.map(|setting| Asked::new(text(setting), GrantedBy::Configuring))
    };
    match want {
        Wanted::Http { origins, setting: url } => {
            patterns("http", origins).chain(setting("http", url.as_ref(), "what")).collect()
        }
        Wanted::Net { addresses, setting: address, host } => patterns("net", addresses)
            .chain(setting("net", address.as_ref(), "what"))
            .chain(setting("net", host.host_setting.as_ref(), "the host that"))
            .collect(),
        Wanted::Set { paths } => patterns("set", paths)
            .map(|asked| {
                let pattern = asked.text.trim_start_matches("set=");
                let may_run_code =
                    PointerPattern::parse(pattern).is_ok_and(|pattern| pattern.may_run_code());
                Asked { may_run_code, ..asked }
            })
            .collect(),
        Wanted::Narrow { paths } => patterns("narrow", paths).collect(),
        Wanted::View { paths, setting: keys } => {
            let named = |keys| format!("view: what the setting {keys} names");
            let keys = keys.as_ref().map(|keys| Asked::new(named(keys), GrantedBy::Configuring));
            patterns("view", paths).chain(keys).collect()
        }
        Wanted::Env { names } => patterns("env", names).collect(),
        Wanted::Secret { name, .. } => {
            vec![Asked::new(format!("secret={name}"), GrantedBy::Configuring)]
        }
        Wanted::Dir { setting, write } => {
            let (folder, granted) = match setting {
                Some(setting) => {
                    (format!("the folder that the setting {setting} says"), GrantedBy::Configuring)
                }
                None => ("a folder that is allowed".to_owned(), GrantedBy::Allowing),
            };
            let writing = if *write { ", to write there" } else { "" };
            let asked = Asked::new(format!("dir: {folder}{writing}"), granted);
            // Ansible reads playbooks and modules from folders.
            vec![Asked { may_run_code: *write, ..asked }]
        }
    }
}

fn patterns(kind: &str, patterns: &[String]) -> impl Iterator<Item = Asked> {
    patterns.iter().map(move |pattern| {
        let granted = if is_wide(pattern) { GrantedBy::Allowing } else { GrantedBy::Installing };
        Asked::new(format!("{kind}={pattern}"), granted)
    })
}

/// Whether a whole part of a pattern is `*`: any host, any port, any variable.
fn is_wide(pattern: &str) -> bool {
    pattern.split(['/', ':']).any(|part| part == "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn installing_grants_what_is_named_and_nothing_wide() {
        let metadata: Metadata = serde_json::from_value(json!({"wants": [
            {"kind": "http", "origins": ["https://*", "https://*.example", "http://h:*"], "setting": "/url"},
            {"kind": "set", "paths": ["/extravars/*", "/extravars/vault_*", "/playbook", "/extravars/ansible_*"]},
            {"kind": "env", "names": ["*", "AWS_*"]},
            {"kind": "secret", "name": "token"},
            {"kind": "dir", "setting": "/folder", "write": true},
            {"kind": "dir"},
        ]}))
        .unwrap();
        let allow = accepted(Some(&metadata)).unwrap();
        assert_eq!(allow.http, ["https://*.example"]);
        assert_eq!(allow.set, ["/extravars/vault_*", "/playbook", "/extravars/ansible_*"]);
        assert_eq!(allow.env, ["AWS_*"]);
        assert!(allow.dir.is_empty());
        let dangerous: Vec<String> = asked(Some(&metadata), "x")
            .into_iter()
            .filter(|asked| asked.may_run_code)
            .map(|asked| asked.text)
            .collect();
        assert_eq!(
            dangerous,
            ["set=/playbook", "dir: the folder that the setting /folder says, to write there"]
        );
    }

    #[test]
    fn a_pattern_of_the_metadata_that_is_none_is_an_error() {
        let metadata: Metadata =
            serde_json::from_value(json!({"wants": [{"kind": "http", "origins": ["nonsense"]}]}))
                .unwrap();
        assert!(accepted(Some(&metadata)).unwrap_err().contains("nonsense"));
    }
}
