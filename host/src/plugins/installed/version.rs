//! Whether one version of a plugin comes before another.

use semver::Version;

/// In words, where `to` comes before `from`, or nobody can tell. Nothing comes before a
/// plugin that says no version.
pub(super) fn step_back(from: &str, to: &str) -> Option<String> {
    if from.is_empty() || from == to {
        return None;
    }
    match (parse(from), parse(to)) {
        (Some(from_version), Some(to_version)) => {
            (to_version < from_version).then(|| format!("is older: {to}, and {from} is installed"))
        }
        _ if to.is_empty() => Some(format!("says no version, and {from} is installed")),
        _ => Some(format!("may be older: nobody can tell whether {to} comes after {from}")),
    }
}

/// `1.2` is `1.2.0`.
fn parse(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let missing = 2_usize.checked_sub(numbers.matches('.').count())?;
    Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(missing))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_is_told() {
        for (from, to, told) in [
            ("1.9.0", "1.10.0", None),
            ("1.10.0", "1.9.0", Some("is older")),
            ("1.0.0", "1.0.0-rc1", Some("is older")),
            ("2", "1.9", Some("is older")),
            ("1", "1.0.1", None),
            ("1.0.0", "1.0.0", None),
            ("", "0.1.0", None),
            ("0.1.0", "", Some("says no version")),
            ("spring", "autumn", Some("nobody can tell")),
        ] {
            let found = step_back(from, to);
            assert_eq!(found.is_some(), told.is_some(), "{from} {to}: {found:?}");
            assert!(found.unwrap_or_default().contains(told.unwrap_or_default()), "{from} {to}");
        }
    }
}
