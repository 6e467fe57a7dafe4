//! Patterns of JSON Pointers (RFC 6901) into the view of a run, for the grants `set` and
//! `view`.

use super::select::glob_matches;

/// `/extravars/vault_*`: `*` stands for any text within a segment. A pattern covers what
/// it matches and everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PointerPattern {
    text: String,
    segments: Vec<String>,
}

/// Members that hold the members a plugin is granted one by one.
const HOLDERS: [&str; 3] = ["extravars", "envvars", "passwords"];

/// What can run code on this machine, or name a file to run it from: by the first
/// segments, as patterns.
const DANGEROUS: [&[&str]; 14] = [
    &["playbook"],
    &["inventory"],
    &["project_dir"],
    &["cmdline"],
    &["binary"],
    &["extravars", "ansible_*"],
    &["envvars", "LD_*"],
    &["envvars", "DYLD_*"],
    &["envvars", "PATH"],
    &["envvars", "PYTHON*"],
    &["envvars", "ANSIBLE_*"],
    &["envvars", "SSH_*"],
    &["envvars", "HOME"],
    &["envvars", "BASH_ENV"],
];

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

    /// Whether something that it grants can run code on this machine.
    pub(super) fn may_run_code(&self) -> bool {
        danger_depth(&self.text).is_some_and(|depth| self.is_literal(depth))
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

    /// [Covers](Self::covers) it, and no wildcard had a part in it as far as `pointer` is
    /// dangerous.
    pub(super) fn grants(&self, pointer: &str) -> bool {
        self.covers(pointer) && danger_depth(pointer).is_none_or(|depth| self.is_literal(depth))
    }

    /// Whether so many segments are written out.
    fn is_literal(&self, depth: usize) -> bool {
        self.segments.len() >= depth
            && self.segments.iter().take(depth).all(|segment| !segment.contains('*'))
    }
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

/// How many segments of `pointer` make it dangerous; none if it is not.
fn danger_depth(pointer: &str) -> Option<usize> {
    let segments = segments(pointer)?;
    DANGEROUS
        .iter()
        .find(|dangerous| {
            dangerous.len() <= segments.len()
                && dangerous
                    .iter()
                    .zip(&segments)
                    .all(|(glob, segment)| glob_matches(glob, segment))
        })
        .map(|dangerous| dangerous.len())
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

    #[test]
    fn what_can_run_code_must_be_written_out() {
        for (pattern, pointer, expected) in [
            ("/extravars/*", "/extravars/region", true),
            ("/extravars", "/extravars/region", true),
            ("/extravars/*", "/extravars/ansible_connection", false),
            ("/extravars", "/extravars/ansible_connection", false),
            ("/extravars/ansible_*", "/extravars/ansible_connection", false),
            ("/extravars/ansible_connection", "/extravars/ansible_connection", true),
            ("/extravars/ansible_env", "/extravars/ansible_env/PATH", true),
            ("/*", "/playbook", false),
            ("/*", "/limit", true),
            ("/playbook", "/playbook", true),
            ("/envvars/*", "/envvars/LD_PRELOAD", false),
            ("/envvars/*", "/envvars/PYTHONPATH", false),
            ("/envvars/PATH", "/envvars/PATH", true),
            ("/envvars/AWS_*", "/envvars/AWS_REGION", true),
            ("/envvars/BASH_ENV", "/envvars/BASH_ENV", true),
        ] {
            let granted = PointerPattern::parse(pattern).unwrap().grants(pointer);
            assert_eq!(granted, expected, "{pattern} {pointer}");
        }
    }

    #[test]
    fn the_members_that_hold_others_are_not_granted_whole() {
        assert!(is_holder("") && is_holder("/extravars") && is_holder("/envvars"));
        assert!(!is_holder("/limit") && !is_holder("/extravars/a"));
    }
}
