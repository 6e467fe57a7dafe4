//! The folder with compiled code. An entry is a folder of its own, with `code` and its
//! `mac`, made beside the others and renamed into place. What is not as it was written is
//! removed and never loaded.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::hash::{Hash as _, Hasher as _};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use tracing::debug;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::compiler::CompileError;
use super::seal::{Seal, Sealed};
use crate::plugins::private;

/// Another process that compiles the same component is waited for so long.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// Entries that nobody used for so long go.
const UNUSED: Duration = Duration::from_hours(30 * 24);
/// Bytes that entries may have together.
const LARGEST: u64 = 1 << 30;
/// An entry's time of use is written down at most so often.
const USE_STEP: Duration = Duration::from_hours(24);

/// An open cache of one engine.
pub(super) struct Cache {
    folder: PathBuf,
    seal: Seal,
    engine: u64,
}

impl Cache {
    /// Opens the cache in `folder`, whose last two parts are its own. The error says why
    /// it cannot be trusted.
    pub(super) fn open(folder: &Path, key: &Path, engine: &Engine) -> Result<Self, String> {
        let refused =
            |folder: &Path, reason: String| format!("the folder `{}`: {reason}", folder.display());
        let parent = folder.parent().unwrap_or(folder);
        private::make_dir(parent).map_err(|reason| refused(parent, reason))?;
        private::make_dir(folder).map_err(|reason| refused(folder, reason))?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self { folder: folder.to_owned(), seal: Seal::open(key)?, engine: hasher.finish() })
    }

    /// The code of a component, if it is there and as it was written.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let code = match self.checked_code(digest) {
            Ok(code) => code?,
            Err(reason) => {
                self.distrust(digest, &reason);
                return None;
            }
        };
        match deserialize(engine, &code_path(&code, &self.entry(digest))) {
            Ok(component) => {
                self.note_use(digest);
                Some(component)
            }
            Err(error) => {
                self.distrust(digest, &format!("{error:#}"));
                None
            }
        }
    }

    /// Whether there is code for a component that is as it was written; the error says
    /// what is wrong with it.
    pub(super) fn check(&self, digest: &str) -> Result<bool, String> {
        self.checked_code(digest).map(|code| code.is_some())
    }

    /// Makes an entry with what `compile` writes.
    pub(super) fn store(
        &self,
        digest: &str,
        compile: impl FnOnce(File) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        let system = |error: io::Error| CompileError::System(error.to_string());
        let making =
            tempfile::Builder::new().prefix(".making-").tempdir_in(&self.folder).map_err(system)?;
        let code = making.path().join("code");
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&code)
            .map_err(system)?;
        compile(file)?;
        let seal = self.seal.of(self.sealed(digest), &code).map_err(system)?;
        let mac = making.path().join("mac");
        let write = || {
            fs::set_permissions(&code, Permissions::from_mode(0o400))?;
            OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o400)
                .open(&mac)?
                .write_all(seal.as_bytes())?;
            match fs::rename(making.path(), self.entry(digest)) {
                // Another process was first, and its entry is as good.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
                renamed => renamed,
            }
        };
        write().map_err(system)
    }

    /// Keeps other processes from compiling the same component as long as the file is
    /// open. None if one does so for too long.
    pub(super) fn lock(&self, digest: &str) -> Option<File> {
        let path = self.folder.join(format!("{}.lock", self.key(digest)));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path)
            .ok()?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    thread::sleep(GLANCE);
                }
                Err(_) => return None,
            }
        }
    }

    /// Removes the code of a component.
    pub(super) fn remove(&self, digest: &str) -> io::Result<()> {
        remove(&self.entry(digest))
    }

    /// Removes what nobody used for a month, and what is too much, the oldest first.
    pub(super) fn prune(&self) -> io::Result<()> {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let used = fs::symlink_metadata(&path)?.modified()?;
            let unused = now.duration_since(used).unwrap_or_default();
            let is_half_made =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if unused > if is_half_made { USE_STEP } else { UNUSED } {
                remove(&path)?;
            } else if !is_half_made {
                let size = fs::metadata(path.join("code")).map_or(0, |code| code.len());
                entries.push((unused, size, path));
            }
        }
        entries.sort();
        let mut total = 0;
        for (_, size, path) in entries {
            total += size;
            if total > LARGEST && size > 0 {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn sealed<'digest>(&self, digest: &'digest str) -> Sealed<'digest> {
        Sealed { digest, engine: self.engine }
    }

    fn key(&self, digest: &str) -> String {
        format!("{digest}-{:016x}", self.engine)
    }

    fn entry(&self, digest: &str) -> PathBuf {
        self.folder.join(self.key(digest))
    }

    fn checked_code(&self, digest: &str) -> Result<Option<File>, String> {
        let entry = self.entry(digest);
        if fs::symlink_metadata(&entry).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        {
            return Ok(None);
        }
        private::check_dir(&entry)?;
        let open = |name: &str| {
            private::open(&entry.join(name))
                .and_then(|file| file.ok_or_else(|| "it is not there".to_owned()))
                .map_err(|reason| format!("its `{name}`: {reason}"))
        };
        let (code, mut mac) = (open("code")?, open("mac")?);
        let mut written = [0; blake3::OUT_LEN];
        mac.read_exact(&mut written).map_err(|_| "its `mac` is too short".to_owned())?;
        let seal = self
            .seal
            .of(self.sealed(digest), &code_path(&code, &entry))
            .map_err(|error| format!("its `code` cannot be read: {error}"))?;
        // This comparison takes the same time wherever they differ.
        if seal != blake3::Hash::from_bytes(written) {
            return Err("its `code` is not what was sealed by this user's key".to_owned());
        }
        Ok(Some(code))
    }

    fn distrust(&self, digest: &str, reason: &str) {
        debug!(entry = self.key(digest), reason, "compiled code is not used");
        // Where it cannot be removed nothing can be put in its place either, and it is
        // compiled each time.
        let _ = self.remove(digest);
    }

    /// What is used stays. That the time cannot be written costs a compilation.
    fn note_use(&self, digest: &str) {
        let note = || {
            let entry = File::open(self.entry(digest))?;
            let used = entry.metadata()?.modified()?;
            let now = SystemTime::now();
            if now.duration_since(used).unwrap_or_default() > USE_STEP {
                entry.set_modified(now)?;
            }
            io::Result::Ok(())
        };
        let _ = note();
    }
}

/// Loads what `compile` writes, and keeps nothing: the file lies in a folder that only
/// this user can enter and is gone when this is done.
pub(super) fn load_unkept(
    engine: &Engine,
    compile: impl FnOnce(File) -> Result<(), CompileError>,
) -> Result<Component, CompileError> {
    let system = |error: io::Error| CompileError::System(error.to_string());
    let making = tempfile::Builder::new().prefix("playhouse-").tempdir().map_err(system)?;
    let code = making.path().join("code");
    let file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&code).map_err(system)?;
    compile(file)?;
    deserialize(engine, &code).map_err(|error| CompileError::System(format!("{error:#}")))
}

/// Whatever it is: a folder, a file, a link.
fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

/// A name of the open file itself, whatever is put in its place meanwhile. Only Linux
/// has one.
fn code_path(code: &File, entry: &Path) -> PathBuf {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        let _ = entry;
        PathBuf::from(format!("/proc/self/fd/{}", code.as_raw_fd()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = code;
        entry.join("code")
    }
}

/// Loads code whose seal has been checked, or that was made just now.
#[expect(unsafe_code, reason = "the engine cannot check machine code; the seal vouches for it")]
fn deserialize(engine: &Engine, code: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the file is what an engine's `precompile_component` gave, since this process
    // has just had it made in a folder of its own, or since its keyed hash is right and only this user's processes have the key; it lies in folders that
    // only this user can write to, is read-only and has no other name, so that nobody
    // else changes it while it is mapped. That the engine was one of this version, target
    // and configuration the engine checks itself.
    unsafe { Component::deserialize_file(engine, code) }
}
