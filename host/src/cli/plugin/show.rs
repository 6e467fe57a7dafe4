//! What the commands about plugins have in common on standard output.

use serde::Serialize;

use crate::cli::printer;
use crate::plugins::{Asked, GrantedBy, Hook};

/// One line, whatever a plugin says in it.
pub(super) fn line(text: &str) {
    printer::print(text);
}

/// One JSON value on a line.
pub(super) fn json(value: &impl Serialize) {
    // Every value that is shown has text keys and no maps besides.
    if let Ok(text) = serde_json::to_string(value) {
        printer::print_json(&text);
    }
}

/// `status-sink, event-sink`
pub(super) fn hooks(hooks: &[Hook]) -> String {
    hooks.iter().map(|hook| hook.as_str()).collect::<Vec<_>>().join(", ")
}

/// A line each for what a plugin asks for, with what it takes to get it.
pub(super) fn asked(name: &str, all: &[Asked]) {
    let width = all.iter().map(|asked| asked.text.len()).max().unwrap_or_default();
    for asked in all {
        let (kind, pattern) = asked.text.split_once('=').unwrap_or((&asked.text, ""));
        let how = match (asked.granted, kind) {
            (GrantedBy::Installing, _) => "granted by installing it".to_owned(),
            (GrantedBy::Configuring, "secret") => {
                format!(
                    "granted by saying where it comes from: `--plugin-secret {name}.{pattern}=env:VARIABLE`"
                )
            }
            (GrantedBy::Configuring, _) => "granted by writing that setting".to_owned(),
            (GrantedBy::Allowing, _) => {
                let kind = kind.split(':').next().unwrap_or(kind);
                format!(
                    "too wide to be granted whole: `--plugin-allow {name}.{kind}=…`, or `allow` in env/plugins, grants a part"
                )
            }
        };
        let danger = if asked.may_run_code { "; may run code on this machine" } else { "" };
        line(&format!("    {:width$}  {how}{danger}", asked.text));
        if let Some(why) = &asked.why {
            line(&format!("      {why}"));
        }
    }
}
