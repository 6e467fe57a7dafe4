//! Files that we write in folders which others may write to as well: never through a link
//! that somebody put in their place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Opens a file that is no link.
pub(crate) fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.custom_flags(libc::O_NOFOLLOW).open(path).map_err(|error| {
        if error.raw_os_error() == Some(libc::ELOOP) { link(error.kind()) } else { error }
    })
}

/// Says of a folder that it is a link.
pub(crate) fn check_own_folder(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_symlink() {
        return Err(link(io::ErrorKind::NotADirectory));
    }
    Ok(())
}

fn link(kind: io::ErrorKind) -> io::Error {
    io::Error::new(kind, "it is a link, which is not followed here; remove it")
}
