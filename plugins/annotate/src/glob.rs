//! Patterns in which `*` stands for any text.

/// Whether `glob` is `text`.
pub(crate) fn matches(glob: &str, text: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return glob == text };
    let Some(text) = text.strip_prefix(first) else { return false };
    // The star takes as much as it needs for the rest to fit.
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| matches(rest, &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        assert!(matches("web*", "web1") && matches("*", "") && matches("a*c*e", "abcde"));
        assert!(!matches("web", "web1") && !matches("*1", "web2") && !matches("a*a", "a"));
    }
}
