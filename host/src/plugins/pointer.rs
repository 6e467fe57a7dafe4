//! Patterns of JSON Pointers (RFC 6901) into the view of a run, for the grants `set` and
//! `view`.

use super::select::glob_matches;
use crate::prepare::steers_ansible;
use crate::secrets::is_public_variable;

/// `/extravars/vault_*`: `*` stands for any text within a segment. A pattern covers what
/// it matches and everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PointerPattern {
    text: String,
    segments: Vec<String>,
}

/// Members that hold the members a plugin is granted one by one.
const HOLDERS: [&str; 3] = ["extravars", "envvars", "passwords"];

/// Members that can run code on this machine, or name a file to run it from.
const CODE: [&str; 5] = ["playbook", "inventory", "project_dir", "cmdline", "binary"];

/// How variables of the environment begin that are read by Ansible, by our callback, by the
/// loader, by interpreters or by programs that start others: no wildcard sets them.
const STEERING_VARIABLES: [&str; 19] = [
    "AD_HOC_", "ANSIBLE_", "AWX_", "BASH", "DYLD_", "GCONV_", "GIT_", "GLIBC_", "JAVA_", "JDK_",
    "LD_", "NODE_", "OPENSSL_", "PERL", "PYTHON", "RUBY", "RUNNER_", "SSH_", "SUDO_",
];

/// The shortest beginning of a name that a wildcard may stand behind: `CI_*`.
const SHORTEST_PREFIX: usize = 3;

impl PointerPattern {
    /// The error says what a pattern looks like.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let segments = segments(text)
            .filter(|segments| segments.iter().all(|segment| !segment.is_empty()))
            .ok_or_else(|| {
                "a JSON Pointer begins with `/` and has no empty part: `/extravars/region`"
                    .to_owned()
            })?;
        Ok(Self { text: text.to_owned(), segments })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether something that it lets set can run code on this machine.
    pub(super) fn may_run_code(&self) -> bool {
        match self.segments.as_slice() {
            [member] => CODE.contains(&member.as_str()),
            [member, name, ..] => match member.as_str() {
                "extravars" => !name.contains('*') && steers_ansible(name),
                // Nobody knows what programs read from their environment.
                "envvars" => grants_variables(name),
                member => CODE.contains(&member),
            },
            [] => false,
        }
    }

    /// Whether `pointer` is what this pattern says or lies below it.
    pub(super) fn covers(&self, pointer: &str) -> bool {
        segments(pointer).is_some_and(|segments| {
            self.segments.len() <= segments.len()
                && self
                    .segments
                    .iter()
                    .zip(&segments)
                    .all(|(glob, segment)| glob_matches(glob, segment))
        })
    }

    /// Whether it lets a plugin set what lies at `pointer`: it [covers](Self::covers) it, and
    /// no wildcard had a part in it where that can steer Ansible or run code.
    pub(super) fn lets_set(&self, pointer: &str) -> bool {
        if !self.covers(pointer) {
            return false;
        }
        let Some(segments) = segments(pointer) else { return false };
        let own = |depth: usize| self.segments.get(depth).map(String::as_str);
        match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["envvars", name, ..] => {
                own(0) == Some("envvars")
                    && own(1).is_some_and(|glob| {
                        glob == *name || grants_variables(glob) && !steers_programs(name)
                    })
            }
            ["extravars", name, ..] if steers_ansible(name) => {
                own(0) == Some("extravars") && own(1) == Some(name)
            }
            [member, ..] if CODE.contains(member) => own(0) == Some(member),
            _ => true,
        }
    }

    /// Whether it lets a plugin see what lies at `pointer`: no wildcard shows what can run
    /// code, and of the environment `*` alone shows what is public.
    pub(super) fn lets_view(&self, pointer: &str) -> bool {
        self.covers(pointer)
            && segments(pointer).is_some_and(|segments| {
                let is_own = |depth: usize| self.segments.get(depth) == segments.get(depth);
                match segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["envvars", name, ..] if steers_programs(name) => is_own(0) && is_own(1),
                    ["envvars", name, ..] => {
                        let glob = self.segments.get(1);
                        is_public_variable(name) || glob.is_some_and(|glob| grants_variables(glob))
                    }
                    ["extravars", name, ..] if steers_ansible(name) => is_own(0) && is_own(1),
                    [member, ..] if CODE.contains(member) => is_own(0),
                    _ => true,
                }
            })
    }

    /// Whether it is a pattern for the environment that lets nothing be set: it names neither
    /// a variable nor enough of how several begin.
    pub(super) fn is_too_wide(&self) -> bool {
        match self.segments.as_slice() {
            [member] => member == "envvars",
            [member, name, ..] => member == "envvars" && !grants_variables(name),
            [] => false,
        }
    }
}

/// Whether a pattern for the names of variables says which: a whole name, or how several
/// begin, up to a `_`.
fn grants_variables(glob: &str) -> bool {
    match glob.split_once('*') {
        None => true,
        Some((prefix, "")) => prefix.len() >= SHORTEST_PREFIX && prefix.ends_with('_'),
        Some(_) => false,
    }
}

fn steers_programs(name: &str) -> bool {
    matches!(name, "PATH" | "HOME" | "ENV" | "TMPDIR" | "PAGER" | "EDITOR" | "SHELL" | "IFS")
        || STEERING_VARIABLES.iter().any(|beginning| name.starts_with(beginning))
}

/// Whether what lies at `pointer` holds others, dangerous ones among them, and is never
/// granted as a whole.
pub(super) fn is_holder(pointer: &str) -> bool {
    segments(pointer).is_none_or(|segments| match segments.as_slice() {
        [] => true,
        [only] => HOLDERS.contains(&only.as_str()),
        _ => false,
    })
}

fn segments(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_cover_what_is_below_them() {
        for (pattern, pointer, expected) in [
            ("/extravars/vault_*", "/extravars/vault_token", true),
            ("/extravars/vault_*", "/extravars/vault_a/b/c", true),
            ("/extravars/vault_*", "/extravars/other", false),
            ("/extravars/*", "/extravars", false),
            ("/extravars/a~1b", "/extravars/a~1b", true),
            ("/extravars/a", "/extravars/ab", false),
            ("/limit", "/limit", true),
            ("/limit", "limit", false),
        ] {
            let covered = PointerPattern::parse(pattern).unwrap().covers(pointer);
            assert_eq!(covered, expected, "{pattern} {pointer}");
        }
    }

    fn pattern(text: &str) -> PointerPattern {
        PointerPattern::parse(text).unwrap()
    }

    #[test]
    fn what_can_run_code_must_be_written_out() {
        for (text, pointer, expected) in [
            ("/extravars/*", "/extravars/region", true),
            ("/extravars", "/extravars/region", true),
            ("/extravars/*", "/extravars/ansible_connection", false),
            ("/extravars/*", "/extravars/_ansible_ansiballz_debugpy_config", false),
            ("/extravars", "/extravars/ansible_connection", false),
            ("/extravars/ansible_*", "/extravars/ansible_connection", false),
            ("/*/ansible_connection", "/extravars/ansible_connection", false),
            ("/extravars/ansible_connection", "/extravars/ansible_connection", true),
            ("/extravars/ansible_env", "/extravars/ansible_env/PATH", true),
            ("/*", "/playbook", false),
            ("/*", "/limit", true),
            ("/playbook", "/playbook", true),
        ] {
            assert_eq!(pattern(text).lets_set(pointer), expected, "{text} {pointer}");
            assert_eq!(pattern(text).lets_view(pointer), expected, "view {text} {pointer}");
        }
    }

    #[test]
    fn a_wildcard_sets_only_variables_whose_beginning_it_spells() {
        for (text, pointer, expected) in [
            ("/envvars/DEPLOYED_BY", "/envvars/DEPLOYED_BY", true),
            ("/envvars/PATH", "/envvars/PATH", true),
            ("/envvars/AWS_*", "/envvars/AWS_REGION", true),
            ("/envvars/CI_*", "/envvars/CI_JOB", true),
            ("/envvars/*", "/envvars/TAR_OPTIONS", false),
            ("/envvars", "/envvars/TAR_OPTIONS", false),
            ("/*", "/envvars/TAR_OPTIONS", false),
            ("/*/TAR_OPTIONS", "/envvars/TAR_OPTIONS", false),
            ("/envvars/T*", "/envvars/TAR_OPTIONS", false),
            ("/envvars/TAR*", "/envvars/TAR_OPTIONS", false),
            ("/envvars/A_*", "/envvars/A_B", false),
            ("/envvars/*_OPTIONS", "/envvars/TAR_OPTIONS", false),
            ("/envvars/LD_*", "/envvars/LD_PRELOAD", false),
            ("/envvars/GIT_*", "/envvars/GIT_SSH_COMMAND", false),
            ("/envvars/ANSIBLE_*", "/envvars/ANSIBLE_LIBRARY", false),
            ("/envvars/RUNNER_*", "/envvars/RUNNER_OMIT_EVENTS", false),
        ] {
            assert_eq!(pattern(text).lets_set(pointer), expected, "{text} {pointer}");
        }
        assert!(pattern("/envvars/*").lets_view("/envvars/TZ"));
        assert!(pattern("/envvars/PLAIN").lets_view("/envvars/PLAIN"));
        assert!(pattern("/envvars/CI_*").lets_view("/envvars/CI_JOB"));
        for wide in ["/envvars/*", "/envvars/P*", "/*"] {
            assert!(!pattern(wide).lets_view("/envvars/PLAIN"), "{wide}");
        }
        assert!(!pattern("/envvars/*").lets_view("/envvars/SSH_AUTH_SOCK"));
        assert!(pattern("/envvars/*").is_too_wide() && !pattern("/envvars/AWS_*").is_too_wide());
    }

    #[test]
    fn what_may_run_code_is_told_by_the_pattern() {
        for text in
            ["/cmdline", "/playbook", "/extravars/ansible_host", "/envvars/X", "/envvars/AWS_*"]
        {
            assert!(pattern(text).may_run_code(), "{text}");
        }
        for text in ["/limit", "/extravars/*", "/envvars/*", "/*"] {
            assert!(!pattern(text).may_run_code(), "{text}");
        }
    }

    #[test]
    fn the_members_that_hold_others_are_not_granted_whole() {
        assert!(is_holder("") && is_holder("/extravars") && is_holder("/envvars"));
        assert!(!is_holder("/limit") && !is_holder("/extravars/a"));
    }
}
