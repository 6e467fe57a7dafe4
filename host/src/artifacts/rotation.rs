//! Keeps the artifact directory from growing without end.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{ArtifactError, undelivered};

/// Removes the oldest finished runs of the artifact root until `keep` are left, the run
/// in `current` among them. Only folders with a journal count: a run that is under way
/// holds its journal's lock, and what is not ours has none. A run whose sinks have not
/// taken everything stays; also says which did.
pub fn rotate(root: &Path, current: &Path, keep: usize) -> Result<Vec<String>, ArtifactError> {
    let mut finished: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(root).map_err(ArtifactError::read(root))? {
        let folder = entry.map_err(ArtifactError::read(root))?.path();
        if !current.starts_with(&folder)
            && lock(&folder).is_some()
            && let Some(ended) = ended(&folder)
        {
            finished.push((ended, folder));
        }
    }
    finished.sort();
    let surplus = (finished.len() + 1).saturating_sub(keep);
    let mut warnings = Vec::new();
    for (_, folder) in finished.into_iter().take(surplus) {
        // Held until the folder is gone: nobody starts a run in it meanwhile.
        let Some(_lock) = lock(&folder) else { continue };
        if undelivered(&folder).is_empty() {
            fs::remove_dir_all(&folder).map_err(ArtifactError::write(&folder))?;
        } else {
            warnings.push(format!(
                "`{}` is kept: its sinks have not taken everything",
                folder.display()
            ));
        }
    }
    Ok(warnings)
}

/// The lock of a finished run's journal.
fn lock(folder: &Path) -> Option<File> {
    let journal = File::open(folder.join("journal")).ok()?;
    journal.try_lock().ok()?;
    Some(journal)
}

/// When a run ended: its result is written last, and its folder's own time is that of
/// whatever was put into it since. A run that was killed has its journal only.
fn ended(folder: &Path) -> Option<SystemTime> {
    ["rc", "journal"].iter().find_map(|name| folder.join(name).metadata().ok()?.modified().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// A finished run that ended so many seconds ago.
    fn run(root: &Path, name: &str, age: u64) -> PathBuf {
        let folder = root.join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("journal"), "").unwrap();
        let rc = File::create(folder.join("rc")).unwrap();
        rc.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        folder
    }

    #[test]
    fn the_oldest_finished_runs_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let [current, old, older] =
            [("current", 0), ("old", 10), ("older", 20)].map(|(name, age)| run(root, name, age));
        let live = run(root, "live", 30);
        let lock = File::open(live.join("journal")).unwrap();
        lock.lock().unwrap();
        let foreign = root.join("foreign");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("rc"), "0").unwrap();

        assert_eq!(rotate(root, &current, 5).unwrap(), Vec::<String>::new());
        assert!(older.exists());
        rotate(root, &current, 2).unwrap();
        assert!(current.exists() && live.exists() && foreign.exists());
        assert!(old.exists() && !older.exists());
    }
}
