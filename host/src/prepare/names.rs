//! What hosts, tags and variables of the environment may be called where a plugin names
//! them: lists of what is allowed, so that no spelling of a name makes Ansible read a file,
//! take an option or evaluate a template.

use std::net::Ipv6Addr;
use std::sync::LazyLock;

use regex::Regex;

/// The names of Playhouse's own variables, which reach nobody but Playhouse.
pub(super) const OWN_VARIABLES: &str = "PLAYHOUSE_";

/// A name or glob with `!` or `&` before it and a range behind it; several with `:` between.
static HOSTS: LazyLock<Regex> = LazyLock::new(|| {
    let one = r"[!&]?[\p{L}\p{N}_.*?-]+(?:\[(?:-?[0-9]+|[0-9]+[:-][0-9]*)\])?";
    Regex::new(&format!("^{one}(?::{one})*$")).expect("a pattern")
});

/// `[::1]` and `[::1]:22`.
static BRACKETED_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?$").expect("a pattern"));

static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\p{L}\p{N}_.:/+=-]+(?: +[\p{L}\p{N}_.:/+=-]+)*$").expect("a pattern")
});

static VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("^[A-Za-z_][A-Za-z0-9_]*$").expect("a pattern"));

/// Whether this is hosts, groups, globs or addresses and no more: what may stand between two
/// commas of `--limit`.
pub(super) fn check_hosts(text: &str) -> Result<(), String> {
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    let unsigned = text.trim_start_matches(['!', '&']);
    let in_brackets = BRACKETED_ADDRESS.captures(unsigned).is_some_and(|part| is_address(&part[1]));
    if HOSTS.is_match(text) || is_address(unsigned) || in_brackets {
        return Ok(());
    }
    let why = if text
        .trim_start_matches(|c: char| "!&~".contains(c) || c.is_whitespace())
        .starts_with('@')
    {
        "it begins with `@`, which would make Ansible read a file"
    } else if unsigned.starts_with('~') {
        "it is a regular expression"
    } else {
        "it holds other characters than a name has"
    };
    Err(format!(
        "`{}` is no host or group: {why}; hosts are letters, digits, `_`, `-`, `.`, the globs `*` and `?`, a range like `[0:3]`, an address, and `!` or `&` before them",
        shown(text)
    ))
}

/// Whether this is one tag.
pub(super) fn check_tag(text: &str) -> Result<(), String> {
    if TAG.is_match(text) {
        return Ok(());
    }
    Err(format!(
        "`{}` is no tag: tags are letters, digits, `_`, `-`, `.`, `:`, `/`, `+` and `=`, with spaces between them",
        shown(text)
    ))
}

/// Whether a plugin may set a variable of this name in Ansible's environment, if it is
/// granted.
pub(super) fn check_environment_name(name: &str) -> Result<(), String> {
    if !VARIABLE.is_match(name) {
        return Err(format!(
            "`{}` cannot be the name of an environment variable: letters, digits and `_`, no digit first",
            shown(name)
        ));
    }
    if name.starts_with(OWN_VARIABLES) {
        return Err(format!(
            "the names that begin with `{OWN_VARIABLES}` are Playhouse's own and reach nobody"
        ));
    }
    Ok(())
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    short.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_are_names_globs_ranges_and_addresses() {
        for text in [
            "web1",
            "web*",
            "db?.example.org",
            "all:!db:&eu",
            "!db",
            "web[0:3]",
            "web[-1]",
            "web[2:]",
            "::1",
            "fe80::1:2",
            "[::1]",
            "[2001:db8::1]:22",
            "10.0.0.1",
            "größe_1",
            "!::1",
            "-x",
        ] {
            assert_eq!(check_hosts(text), Ok(()), "{text}");
        }
        for (text, part) in [
            ("@/etc/shadow", "read a file"),
            ("!@f", "read a file"),
            ("localhost @/etc/shadow", "other characters"),
            ("x]@f", "other characters"),
            ("x\t@f", "other characters"),
            ("x\u{a0}@f", "other characters"),
            ("\u{1c}@f", "other characters"),
            ("x[@f", "other characters"),
            ("x:@f", "other characters"),
            ("~web.*", "regular expression"),
            ("{{ x }}", "other characters"),
            ("", "other characters"),
            ("a,b", "other characters"),
        ] {
            let error = check_hosts(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn tags_and_variables_are_names() {
        for tag in ["deploy", "a:b", "v1.2", "--help", "two words", "größe"] {
            assert_eq!(check_tag(tag), Ok(()), "{tag}");
        }
        for tag in ["", "a,b", "{{ x }}", "{# x", "a\nb", " a", "@f", "a\u{2028}b"] {
            assert!(check_tag(tag).is_err(), "{tag:?}");
        }
        assert_eq!(check_environment_name("AWS_REGION"), Ok(()));
        for name in ["", "A=B", "A\0", "BASH_FUNC_ls%%", "1A", "PLAYHOUSE_CHANNEL", "Ä"] {
            assert!(check_environment_name(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        /// Ansible cuts at commas, at white space and at lone brackets; no part of what is
        /// allowed begins with `@` then, and none is a template.
        #[test]
        fn no_spelling_reads_a_file(text in "[a-z@~!&:;,*?{}\\[\\]%# \\t\\n\\x1c-\\x1f\u{a0}\u{85}\u{2028}\u{feff}-]{0,12}") {
            if check_hosts(&text).is_ok() {
                let is_more = |char: char| "@{%#".contains(char) || char.is_whitespace();
                prop_assert!(!text.contains(is_more), "{text:?}");
            }
            if check_tag(&text).is_ok() {
                prop_assert!(!text.contains(|char: char| "@{%#,".contains(char)), "{text:?}");
            }
        }
    }
}
