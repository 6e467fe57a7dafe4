//! Files and folders whose content is trusted because nobody but this user can have
//! put it there. The errors say what is wrong with one, without its path.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What may be wrong with a folder or file that is to be trusted.
pub(super) type Distrust = String;

/// Makes a folder and those above it where they are missing, and looks at what is there.
pub(super) fn make_dir(path: &Path) -> Result<(), Distrust> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| format!("it cannot be made: {error}"))?;
    check_dir(path)
}

/// A folder of this user's that nobody else can write to, and no link to one.
pub(super) fn check_dir(path: &Path) -> Result<(), Distrust> {
    let metadata =
        fs::symlink_metadata(path).map_err(|error| format!("it cannot be read: {error}"))?;
    if !metadata.is_dir() {
        return Err("it is a symbolic link or a file".to_owned());
    }
    check_owner(&metadata)
}

/// Opens a file of this user's that nobody else can write to, by this name alone and not
/// by a link. None if there is none.
pub(super) fn open(path: &Path) -> Result<Option<File>, Distrust> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC)
        .open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err("it is a symbolic link".to_owned());
        }
        Err(error) => return Err(format!("it cannot be opened: {error}")),
    };
    let metadata = file.metadata().map_err(|error| format!("it cannot be read: {error}"))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if metadata.nlink() != 1 {
        return Err("it has another name too".to_owned());
    }
    check_owner(&metadata)?;
    Ok(Some(file))
}

fn check_owner(metadata: &fs::Metadata) -> Result<(), Distrust> {
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user".to_owned());
    }
    if metadata.mode() & 0o022 != 0 {
        return Err("other users can write to it".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_folder_is_made_private_and_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b");
        make_dir(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
        assert_eq!(make_dir(&path).unwrap_err(), "other users can write to it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(make_dir(&link).unwrap_err(), "it is a symbolic link or a file");
    }

    #[test]
    fn a_file_is_this_users_alone_and_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(open(&path).unwrap().is_none());
        fs::write(&path, "x").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(open(&path).unwrap().is_some());
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(open(&link).unwrap_err(), "it is a symbolic link");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        assert_eq!(open(&path).unwrap_err(), "other users can write to it");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::hard_link(&path, folder.path().join("other")).unwrap();
        assert_eq!(open(&path).unwrap_err(), "it has another name too");
        assert_eq!(open(folder.path()).unwrap_err(), "it is not a regular file");
    }
}
