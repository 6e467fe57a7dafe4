//! The seal on compiled code: a keyed hash whose key lies outside the cache, so that a
//! cache folder that came from elsewhere, as CI systems restore them, opens nothing.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::plugins::private;

const CONTEXT: &[u8] = b"playhouse aot v1";
const KEY_BYTES: usize = 32;

/// This user's key.
pub(super) struct Seal {
    key: [u8; KEY_BYTES],
}

/// What a seal covers beside the code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'entry> {
    /// SHA-256 of the component in hexadecimal.
    pub(super) digest: &'entry str,
    /// What engines that can use each other's code have in common.
    pub(super) engine: u64,
}

impl Seal {
    /// Reads the key, or makes it if this user has none yet. The error says why there is
    /// none.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let refused = |reason: String| format!("its key `{}`: {reason}", path.display());
        let folder = path.parent().unwrap_or(path);
        private::make_dir(folder).map_err(refused)?;
        if private::open(path).map_err(refused)?.is_none() {
            make_key(path, folder).map_err(|error| refused(error.to_string()))?;
        }
        let mut file =
            private::open(path).map_err(refused)?.ok_or_else(|| refused("it is gone".into()))?;
        let mut key = [0; KEY_BYTES];
        file.read_exact(&mut key).map_err(|_| refused("it is too short; remove it".into()))?;
        Ok(Self { key })
    }

    /// The seal of the file at `path` and what belongs to it. The file is mapped.
    pub(super) fn of(&self, sealed: Sealed<'_>, path: &Path) -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(CONTEXT);
        hasher.update(sealed.digest.as_bytes());
        hasher.update(&sealed.engine.to_le_bytes());
        hasher.update(&fs::metadata(path)?.len().to_le_bytes());
        hasher.update_mmap(path)?;
        Ok(hasher.finalize())
    }
}

/// Another process may make it at the same time: the first one's counts.
fn make_key(path: &Path, folder: &Path) -> io::Result<()> {
    let mut key = [0; KEY_BYTES];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
    }
}
