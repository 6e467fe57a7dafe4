//! What a plugin's metadata says beside its wants that whoever installs it accepts: what
//! it sees of events, what it promises, and which keys of others it reads.
//!
//! The lock file keeps it, so that another version which sees more or promises less is
//! noticed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plugins::select::glob_matches;
use crate::plugins::{EventText, ForeignKeys, Hook, HostSettings, Lane, Metadata, Select, Wanted};

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// What of events reaches it, by hook.
    sees: BTreeMap<Hook, Sees>,
    /// Keys of others that it reads. Fewer may be written here by hand.
    #[serde(default, skip_serializing_if = "ForeignKeys::is_empty")]
    pub(super) keys: ForeignKeys,
    /// Settings whose values are shown nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    confidential: Vec<String>,
    /// Its peers say that they have a thing.
    acknowledged: bool,
    /// How the settings that hold a host, its port and the like make up an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostSettings>,
}

/// What reaches one hook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sees {
    select: Select,
    fields: Vec<EventText>,
    redacts: bool,
}

impl Claims {
    /// Those of a plugin that is called `name` and has these hooks.
    pub(in crate::plugins) fn of(metadata: &Metadata, name: &str, hooks: &[Hook]) -> Self {
        let takes_events =
            |hook: &Hook| matches!(hook, Hook::EventFilter | Hook::EventEnricher | Hook::EventSink);
        let sees = |hook: Hook| {
            let said = metadata.hook(hook);
            (hook, Sees { select: said.select, fields: said.fields, redacts: said.redacts })
        };
        let (_, keys) = ForeignKeys::of(metadata).split(name);
        Self {
            sees: hooks.iter().copied().filter(takes_events).map(sees).collect(),
            keys,
            confidential: metadata.settings.confidential.clone(),
            acknowledged: metadata.acknowledged != Some(false),
            hosts: metadata
                .wants
                .iter()
                .filter_map(|want| match &want.what {
                    Wanted::Net { host, .. } if host.host_setting.is_some() => Some(host.clone()),
                    _ => None,
                })
                .collect(),
        }
    }

    /// What it sees, a line for hooks that see the same.
    pub(in crate::plugins) fn in_words(&self) -> Vec<String> {
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for (hook, sees) in &self.sees {
            let what = sees.what();
            match lines.iter_mut().find(|(known, _)| *known == what) {
                Some((_, hooks)) => hooks.push(hook.as_str()),
                None => lines.push((what, vec![hook.as_str()])),
            }
        }
        lines
            .into_iter()
            .map(|(what, hooks)| format!("sees: {what} ({})", hooks.join(", ")))
            .collect()
    }

    /// What these see beyond `before`, and what they no longer promise.
    pub(super) fn grown_from(&self, before: Option<&Self>) -> Vec<String> {
        let Some(before) = before else { return self.in_words() };
        let mut grown = Vec::new();
        for (&hook, sees) in &self.sees {
            let words = sees.in_words(hook);
            match before.sees.get(&hook) {
                None => grown.push(words),
                Some(old) if !sees.is_within(old) => {
                    grown.push(format!("{words}; before: {}", old.what()));
                }
                // What a plugin on the path does not see passes it.
                Some(old) if hook.lane() == Lane::Path && !old.is_within(sees) => {
                    grown.push(format!("{words}, and lets pass the rest; before: {}", old.what()));
                }
                Some(_) => {}
            }
        }
        let redacts = |claims: &Self| claims.sees.values().any(|sees| sees.redacts);
        if redacts(before) && !redacts(self) {
            grown.push(
                "no longer promises to take secrets out: where it fails, events go on as they are"
                    .to_owned(),
            );
        }
        let shown =
            before.confidential.iter().filter(|pointer| !self.confidential.contains(pointer));
        grown.extend(shown.map(|pointer| format!("no longer hides its setting {pointer}")));
        let other = self.hosts.iter().filter(|host| !before.hosts.contains(host));
        grown.extend(other.map(in_words));
        if before.acknowledged && !self.acknowledged {
            grown.push(
                "takes a thing for delivered when its bytes have left: no peer says any more that it has it"
                    .to_owned(),
            );
        }
        grown
    }
}

impl Sees {
    /// `sees: text and data of all events (event-sink)`
    fn in_words(&self, hook: Hook) -> String {
        format!("sees: {} ({hook})", self.what())
    }

    fn what(&self) -> String {
        let texts = if self.fields.contains(&EventText::Json) {
            "everything"
        } else {
            let has = |text| self.fields.contains(&text);
            match (has(EventText::Stdout), has(EventText::Data)) {
                (true, true) => "text and data",
                (true, false) => "text",
                (false, true) => "data",
                (false, false) => "kind, place and outcome",
            }
        };
        let Select { names, hosts, outcomes } = &self.select;
        let mut which = match names.as_slice() {
            [] => "all events".to_owned(),
            names => format!("the events {}", names.join(", ")),
        };
        for (before, globs) in [(" on ", hosts), (" that ended ", outcomes)] {
            if !globs.is_empty() {
                which = which + before + &globs.join(", ");
            }
        }
        format!("{texts} of {which}")
    }

    /// Whether `other` sees all of this.
    fn is_within(&self, other: &Self) -> bool {
        let texts = |text| other.fields.contains(text) || other.fields.contains(&EventText::Json);
        self.fields.iter().all(texts)
            && globs_within(&self.select.names, &other.select.names)
            && globs_within(&self.select.hosts, &other.select.hosts)
            && globs_within(&self.select.outcomes, &other.select.outcomes)
    }
}

/// How an address is made up.
fn in_words(host: &HostSettings) -> String {
    let setting = |setting: &Option<String>| {
        setting
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), |setting| format!("its setting {setting}"))
    };
    let port = host.default_port.map_or_else(|| "none".to_owned(), |port| port.to_string());
    format!(
        "takes an address from other settings: the host from {}, the port from {}, else {port}, and whether there is TLS from {}",
        setting(&host.host_setting),
        setting(&host.port_setting),
        setting(&host.tls_setting)
    )
}

/// Whether what these match is matched by `others` too. A glob that matches another as it
/// is written matches all that the other does.
fn globs_within(globs: &[String], others: &[String]) -> bool {
    let is_covered = |glob: &String| others.iter().any(|other| glob_matches(other, glob));
    others.is_empty() || (!globs.is_empty() && globs.iter().all(is_covered))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ALL: [Hook; 3] = [Hook::EventFilter, Hook::EventEnricher, Hook::EventSink];

    fn claims(metadata: Value) -> Claims {
        let metadata: Metadata = serde_json::from_value(metadata).unwrap();
        let hooks: Vec<Hook> =
            ALL.into_iter().filter(|hook| metadata.hooks.contains_key(hook)).collect();
        Claims::of(&metadata, "x", &hooks)
    }

    fn grown(before: Value, after: Value) -> Vec<String> {
        claims(after).grown_from(Some(&claims(before)))
    }

    #[test]
    fn what_sees_more_is_told_in_words_and_what_sees_less_in_a_sink_is_not() {
        let failed = json!({"hooks": {"event-sink": {
            "select": {"names": ["runner_on_*"], "outcomes": ["failed"]}, "fields": ["data"]
        }}});
        let all = json!({"hooks": {"event-sink": {"fields": ["data", "stdout"]}}});
        assert_eq!(
            grown(failed.clone(), all.clone()),
            [
                "sees: text and data of all events (event-sink); before: data of the events runner_on_* that ended failed"
            ]
        );
        assert!(grown(all, failed.clone()).is_empty());
        assert!(grown(failed.clone(), failed.clone()).is_empty());
        let one = json!({"hooks": {"event-sink": {
            "select": {"names": ["runner_on_failed"], "outcomes": ["failed"]}
        }}});
        assert!(grown(failed.clone(), one.clone()).is_empty(), "one of them");
        assert_eq!(grown(one, failed).len(), 1);
    }

    #[test]
    fn what_a_plugin_on_the_path_no_longer_sees_passes_it() {
        let all =
            json!({"hooks": {"event-enricher": {"fields": ["stdout", "data"], "redacts": true}}});
        let some = json!({"hooks": {"event-enricher": {
            "select": {"hosts": ["web*"]}, "fields": ["stdout", "data"], "redacts": true
        }}});
        assert_eq!(
            grown(all.clone(), some),
            [
                "sees: text and data of all events on web* (event-enricher), and lets pass the rest; before: text and data of all events"
            ]
        );
        let careless = json!({"hooks": {"event-enricher": {"fields": ["stdout", "data"]}}});
        assert!(grown(all, careless)[0].starts_with("no longer promises to take secrets out"));
    }

    #[test]
    fn an_address_that_is_made_up_otherwise_is_told() {
        let net = |more: Value| {
            let mut want =
                json!({"kind": "net", "host_setting": "/hostname", "default_port": 1883});
            want.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({"wants": [want]})
        };
        let with_tls = net(json!({"tls_setting": "/tls"}));
        assert_eq!(
            grown(with_tls.clone(), net(json!({}))),
            [
                "takes an address from other settings: the host from its setting /hostname, the port from nothing, else 1883, and whether there is TLS from nothing"
            ]
        );
        assert!(grown(with_tls.clone(), with_tls).is_empty());
    }

    #[test]
    fn promises_that_are_dropped_are_told() {
        let before = json!({"settings": {"confidential": ["/auth", "/token"]}});
        let after = json!({"settings": {"confidential": ["/token"]}, "acknowledged": false});
        let told = grown(before.clone(), after.clone());
        assert_eq!(told[0], "no longer hides its setting /auth");
        assert!(told[1].starts_with("takes a thing for delivered when its bytes have left"));
        assert!(grown(after, before).is_empty());
    }

    proptest! {
        #[test]
        fn what_is_within_matches_nothing_more(
            globs in collection::vec("[ab*]{0,4}", 0..3),
            others in collection::vec("[ab*]{0,4}", 0..3),
            text in "[ab]{0,6}",
        ) {
            let matches = |globs: &[String]| {
                globs.is_empty() || globs.iter().any(|glob| glob_matches(glob, &text))
            };
            if globs_within(&globs, &others) && matches(&globs) {
                prop_assert!(matches(&others));
            }
        }
    }
}
