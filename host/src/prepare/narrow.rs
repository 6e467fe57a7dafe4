//! Makes the run's limit smaller: what a plugin sets is met with what is there.
//!
//! Ansible writes "those of these that are also one of those" as `web1,web2,&db*`, and
//! knows no other form for several names behind the `&` than a regex.

use serde_json::Value;

use super::RunConfig;
use super::extra_vars::Operation;

/// What a plugin may do at a place of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Whatever can be done there.
    Set,
    /// Make it smaller.
    Narrow,
}

/// Narrows the limit as `plugin` says. On an error nothing has changed.
pub(super) fn narrow(
    config: &mut RunConfig,
    plugin: &str,
    pointer: &str,
    operation: &Operation,
) -> Result<(), String> {
    let Operation::Set(data) = operation else {
        return Err("it can be narrowed, by setting it, and not taken away".to_owned());
    };
    if pointer != "/limit" {
        return Err("only `/limit` can be narrowed".to_owned());
    }
    if config.whole_command.is_some() {
        return Err("the run's command is given whole, in the file `args`, so it has no limit of ours to narrow".to_owned());
    }
    let names = names(data.value())?;
    let old = config.limit.clone().or_else(|| limit_among(&config.cmdline));
    config.limit = Some(met(old.as_deref(), &names));
    config.narrowed_by = Some(plugin.to_owned());
    Ok(())
}

/// Names of hosts and groups, `*` in them for any text, and nothing that Ansible reads as
/// more: no file, no regex, no range, no further pattern.
fn names(value: &Value) -> Result<Vec<&str>, String> {
    let items: Vec<&str> = match value {
        Value::String(text) => text.split(',').map(str::trim).collect(),
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().ok_or("the list holds something that is no text"))
            .collect::<Result<_, _>>()?,
        _ => return Err("it is a text or a list of texts".to_owned()),
    };
    let is_plain = |name: &&str| {
        name.starts_with(|first: char| first.is_alphanumeric() || matches!(first, '_' | '*'))
            && name.chars().all(|character| {
                character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '*')
            })
    };
    match items.iter().find(|name| !is_plain(name)) {
        None if items.is_empty() => Err("it names no host".to_owned()),
        None => Ok(items),
        Some(name) => Err(format!(
            "`{name}` is no name of a host or group; write letters, digits, `_`, `-`, `.`, and `*` for any text"
        )),
    }
}

/// The limit that is left of `old` where only `names` may be.
fn met(old: Option<&str>, names: &[&str]) -> String {
    match (old.map(listed).filter(|old| !old.is_empty()), names) {
        (None, names) => names.join(","),
        (Some(old), [name]) => format!("{old},&{name}"),
        (Some(old), names) => {
            let regexes: Vec<String> =
                names.iter().map(|name| name.replace('.', "[.]").replace('*', ".*")).collect();
            format!("{old},&~({})$", regexes.join("|"))
        }
    }
}

/// A limit as a list with commas, which Ansible splits at nothing else. Without a comma it
/// splits at colons, but for an address and a range.
fn listed(limit: &str) -> String {
    let is_one = limit.contains(['[', ']'])
        || limit.matches(':').count() > 1 && limit.parse::<std::net::Ipv6Addr>().is_ok()
        || limit.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if limit.contains(',') || is_one { limit.to_owned() } else { limit.replace(':', ",") }
}

/// The limit among the words for the command line, where Ansible's last word holds. Ours
/// stands behind it and would take its place.
fn limit_among(words: &[String]) -> Option<String> {
    let mut found = None;
    for (index, word) in words.iter().enumerate() {
        let next = || words.get(index + 1).cloned();
        if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            // Ansible takes the beginning of an option that is no other's.
            if name.len() > "li".len() && "limit".starts_with(name) {
                found = value.or_else(next).or(found);
            }
        } else if let Some(short) = word.strip_prefix('-') {
            let without_value = ['v', 'b', 'k', 'K', 'C', 'D', 'J', 'h', 'o'];
            if let Some(rest) = short.trim_start_matches(without_value).strip_prefix('l') {
                let value = rest.strip_prefix('=').unwrap_or(rest);
                found = if value.is_empty() { next() } else { Some(value.to_owned()) }.or(found);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_is_part_of_both() {
        for (old, names, left) in [
            (None, &["web1"][..], "web1"),
            (Some(""), &["web1", "web2"], "web1,web2"),
            (Some("web"), &["web1"], "web,&web1"),
            (Some("web:db:!web3"), &["web1"], "web,db,!web3,&web1"),
            (Some("web1,db1,&blue"), &["web*"], "web1,db1,&blue,&web*"),
            (Some("web"), &["web1.example", "db*"], "web,&~(web1[.]example|db.*)$"),
            (Some("web[1:3]"), &["web1"], "web[1:3],&web1"),
            (Some("::1"), &["web1"], "::1,&web1"),
            (Some("@failed.retry"), &["web1"], "@failed.retry,&web1"),
        ] {
            assert_eq!(met(old, names), left, "{old:?} {names:?}");
        }
    }

    #[test]
    fn only_names_narrow() {
        for good in [json!("web1"), json!("web1, db*"), json!(["web-1.example", "_all"])] {
            names(&good).unwrap();
        }
        for bad in [
            "",
            "!web1",
            "&web1",
            "@/etc/passwd",
            "~web",
            "web1:db1",
            "web[1:2]",
            "-x",
            "a b",
            "x\u{a0}@f",
            "web1,",
            "..",
            "a\n@f",
        ] {
            names(&json!(bad)).unwrap_err();
        }
        for bad in [json!([]), json!(null), json!([1]), json!({})] {
            names(&bad).unwrap_err();
        }
    }

    #[test]
    fn a_limit_among_the_words_for_the_command_line_is_found() {
        for (line, limit) in [
            ("--limit web1", Some("web1")),
            ("--limit=web1 -v", Some("web1")),
            ("--lim web1", Some("web1")),
            ("-l web1 -l web2", Some("web2")),
            ("-vvlweb1", Some("web1")),
            ("-Dl web1", Some("web1")),
            ("-e label=1 --list-hosts --forks 3", None),
            ("-flx", None),
            ("", None),
        ] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            assert_eq!(limit_among(&words).as_deref(), limit, "{line}");
        }
    }
}
