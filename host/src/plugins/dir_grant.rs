//! A folder that a plugin may enter: `/srv/reports`, or `/srv/reports:rw` to write there.
//! The plugin sees it under the same path.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// See the module's head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DirGrant {
    pub(super) path: PathBuf,
    pub(super) may_write: bool,
}

impl FromStr for DirGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (path, may_write) = match text.strip_suffix(":rw") {
            Some(path) => (path, true),
            None => (text.strip_suffix(":ro").unwrap_or(text), false),
        };
        if !path.starts_with('/') {
            return Err(
                "a folder is an absolute path, with `:rw` behind it to write there: `/srv/reports:rw`"
                    .to_owned(),
            );
        }
        Ok(Self { path: PathBuf::from(path), may_write })
    }
}

impl fmt::Display for DirGrant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.path.display(), if self.may_write { ":rw" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_absolute_and_read_only_unless_it_says_so() {
        for (text, shown) in [("/a", "/a"), ("/a:ro", "/a"), ("/a:rw", "/a:rw")] {
            assert_eq!(text.parse::<DirGrant>().unwrap().to_string(), shown);
        }
        assert!("a:rw".parse::<DirGrant>().unwrap_err().contains("absolute path"));
    }
}
