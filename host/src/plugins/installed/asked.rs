//! What a plugin asks for, line by line: to show, to compare and to accept.

use serde::Serialize;

use crate::plugins::pointer::PointerPattern;
use crate::plugins::{Allow, Metadata, Want};

/// One thing that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// `http=https://hooks.example`, `secret=token`, `http: what the setting /url says`.
    pub text: String,
    /// Who grants it.
    pub granted: GrantedBy,
    /// It lets the plugin decide what code runs on this machine.
    pub may_run_code: bool,
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

/// Everything that the metadata wants, in its order.
pub(in crate::plugins) fn asked(metadata: Option<&Metadata>) -> Vec<Asked> {
    metadata.map_or(&[][..], |metadata| &metadata.wants).iter().flat_map(asked_by).collect()
}

/// What installing grants of that.
pub(super) fn accepted(metadata: Option<&Metadata>) -> Result<Allow, String> {
    let mut allow = Allow::default();
    for asked in asked(metadata) {
        if asked.granted == GrantedBy::Installing
            && let Some((kind, pattern)) = asked.text.split_once('=')
        {
            allow.add(kind, pattern)?;
        }
    }
    Ok(allow)
}

fn asked_by(want: &Want) -> Vec<Asked> {
    let settings = |kind: &str, setting: Option<&String>, what: &str| {
        setting.map(|setting| Asked {
            text: format!("{kind}: {what} the setting {setting} says"),
            granted: GrantedBy::Configuring,
            may_run_code: false,
        })
    };
    match want {
        Want::Http { origins, setting } => {
            patterns("http", origins).chain(settings("http", setting.as_ref(), "what")).collect()
        }
        Want::Net { addresses, setting, host } => patterns("net", addresses)
            .chain(settings("net", setting.as_ref(), "what"))
            .chain(settings("net", host.host_setting.as_ref(), "the host that"))
            .collect(),
        Want::Set { paths } => patterns("set", paths)
            .map(|asked| {
                let pattern = asked.text.trim_start_matches("set=");
                let may_run_code =
                    PointerPattern::parse(pattern).is_ok_and(|pattern| pattern.may_run_code());
                Asked { may_run_code, ..asked }
            })
            .collect(),
        Want::View { paths } => patterns("view", paths).collect(),
        Want::Env { names } => patterns("env", names).collect(),
        Want::Secret { name, .. } => vec![Asked {
            text: format!("secret={name}"),
            granted: GrantedBy::Configuring,
            may_run_code: false,
        }],
        Want::Dir { setting, write } => {
            let folder = match setting {
                Some(setting) => format!("the folder that the setting {setting} says"),
                None => "a folder that is allowed".to_owned(),
            };
            let writing = if *write { ", to write there" } else { "" };
            vec![Asked {
                text: format!("dir: {folder}{writing}"),
                granted: match setting {
                    Some(_) => GrantedBy::Configuring,
                    None => GrantedBy::Allowing,
                },
                // Ansible reads playbooks and modules from folders.
                may_run_code: *write,
            }]
        }
    }
}

fn patterns(kind: &str, patterns: &[String]) -> impl Iterator<Item = Asked> {
    patterns.iter().map(move |pattern| Asked {
        text: format!("{kind}={pattern}"),
        granted: if is_wide(pattern) { GrantedBy::Allowing } else { GrantedBy::Installing },
        may_run_code: false,
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
        let dangerous: Vec<String> = asked(Some(&metadata))
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
