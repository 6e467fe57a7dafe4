//! A folder with all that is in it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A file or folder: who may do what, and what is in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    content: Option<String>,
}

impl Entry {
    /// Whether it is a file with this text in it.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.content.as_ref().is_some_and(|content| content.contains(text))
    }
}

/// What lies in `folder`, by path; what Python compiled, the folder `without` and those
/// above it are left out.
pub(crate) fn tree(folder: &Path, without: Option<&Path>) -> BTreeMap<String, Entry> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let name =
                path.strip_prefix(folder).expect("a path below").to_string_lossy().into_owned();
            if without == Some(&*path) || name.ends_with("__pycache__") {
                continue;
            }
            if without.is_some_and(|without| without.starts_with(&path)) {
                folders.push(path);
                continue;
            }
            let metadata = fs::symlink_metadata(&path).expect("an entry");
            let content = metadata
                .is_file()
                .then(|| String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned());
            let mode = metadata.permissions().mode() & 0o7777;
            found.insert(name, Entry { mode, content });
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    found
}
