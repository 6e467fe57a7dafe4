//! `pid` in the private data directory: the run that `start` has begun there. Whoever
//! runs holds the file's lock, so that one left behind is told from a live one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::exec::{began, is_alive};
use crate::own_file::open_own;

/// Held for as long as the run lives; then the file goes.
pub(super) struct PidFile {
    path: PathBuf,
    _file: File,
}

/// What a `pid` file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    /// There is none.
    Nothing,
    /// Its run has ended without removing it.
    Stale,
    /// Its run goes on.
    Running(u32),
}

impl PidFile {
    /// Writes this process into the file. None where another run has it.
    pub(super) fn claim(private_data_dir: &Path) -> io::Result<Option<Self>> {
        let path = private_data_dir.join("pid");
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false).mode(0o644);
            let mut file = open_own(&mut options, &path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Whoever had it may have removed it between our opening and our lock.
            if fs::metadata(&path)
                .is_ok_and(|named| named.ino() != file.metadata().map_or(0, |open| open.ino()))
            {
                continue;
            }
            if is_foreign_and_alive(&mut file)? {
                return Ok(None);
            }
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())?;
            return Ok(Some(Self { path, _file: file }));
        }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // It would be seen to be stale.
        let _ = fs::remove_file(&self.path);
    }
}

/// What runs in the background of a private data directory.
pub(super) fn background(private_data_dir: &Path) -> io::Result<Background> {
    let mut file = match File::open(private_data_dir.join("pid")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Background::Nothing),
        result => result?,
    };
    let pid = read_pid(&mut file)?;
    let is_alive = match file.try_lock_shared() {
        Ok(()) => is_foreign_and_alive(&mut file)?,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => return Err(error),
    };
    Ok(match pid {
        Some(pid) if is_alive => Background::Running(pid),
        _ => Background::Stale,
    })
}

/// Removes a stale file.
pub(super) fn remove(private_data_dir: &Path) -> io::Result<()> {
    fs::remove_file(private_data_dir.join("pid"))
}

/// Sends a signal to the run's process; that it is gone is no error.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid) {
        let _ = kill_process(pid, signal);
    }
}

fn read_pid(file: &mut File) -> io::Result<Option<u32>> {
    let mut text = String::new();
    file.rewind()?;
    // What is no text is no number either.
    let _ = file.read_to_string(&mut text);
    Ok(text.trim().parse().ok())
}

/// Whether a file that nobody has locked names a process that may have written it: Ansible
/// Runner locks nothing. A process that began later than that has only got its id.
fn is_foreign_and_alive(file: &mut File) -> io::Result<bool> {
    let Some(pid) = read_pid(file)? else { return Ok(false) };
    let written = file.metadata()?.modified()?;
    Ok(is_alive(pid) && began(pid).is_none_or(|began| began <= written + Duration::from_secs(1)))
}

fn as_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_live_while_its_run_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        assert_eq!(background(path).unwrap(), Background::Nothing);
        let held = PidFile::claim(path).unwrap().expect("free");
        assert_eq!(background(path).unwrap(), Background::Running(std::process::id()));
        assert!(PidFile::claim(path).unwrap().is_none());
        drop(held);
        assert_eq!(background(path).unwrap(), Background::Nothing);
    }

    #[test]
    fn what_is_left_behind_is_stale_and_can_be_claimed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        for text in ["4194305\n", "rubbish", "", "-1\n"] {
            fs::write(path.join("pid"), text).unwrap();
            assert_eq!(background(path).unwrap(), Background::Stale, "{text:?}");
            drop(PidFile::claim(path).unwrap().expect("stale"));
        }
        // An id that another process has got since.
        fs::write(path.join("pid"), format!("{}\n", std::process::id())).unwrap();
        let file = File::options().write(true).open(path.join("pid")).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(background(path).unwrap(), Background::Stale);
    }

    #[test]
    fn another_runners_file_counts() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("pid"), format!("{}\n", std::process::id())).unwrap();
        let running = Background::Running(std::process::id());
        assert_eq!(background(directory.path()).unwrap(), running);
        assert!(PidFile::claim(directory.path()).unwrap().is_none());
    }
}
