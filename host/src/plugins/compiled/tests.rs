use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;
use crate::plugins::host::new_engine;

const DIGEST: &str = "abc";

struct Room {
    folder: tempfile::TempDir,
    engine: Engine,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap(), engine: new_engine().unwrap() };
        assert_eq!(room.compiled().state(DIGEST), CompiledState::Missing);
        room.compile();
        assert_eq!(room.compiled().state(DIGEST), CompiledState::Ready);
        room
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn compiled(&self) -> Compiled {
        let cache = CompiledCache {
            folder: self.path("aot/v1"),
            key: self.path("state/aot.key"),
            compiler: None,
        };
        let (compiled, notice) = Compiled::open(Some(&cache), &self.engine);
        assert_eq!(notice, None);
        compiled
    }

    fn compile(&self) {
        let bytes = wat::parse_str("(component)").unwrap();
        self.compiled().component(&self.engine, &bytes, DIGEST).unwrap();
    }

    fn entry(&self) -> PathBuf {
        fs::read_dir(self.path("aot/v1"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir() || path.is_symlink())
            .unwrap()
    }

    /// Makes a file writable that an entry has read-only.
    fn writable(&self, name: &str) -> PathBuf {
        let path = self.entry().join(name);
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        path
    }
}

#[test]
fn without_a_cache_the_compiler_has_its_bounds_too() {
    let room = tempfile::tempdir().unwrap();
    let blocked = room.path().join("file");
    fs::write(&blocked, "").unwrap();
    let engine = new_engine().unwrap();
    let compiled = |script: &str| {
        let cache = CompiledCache {
            folder: blocked.join("aot"),
            key: blocked.join("key"),
            compiler: Some(CompilerProgram {
                program: PathBuf::from("sh"),
                arguments: vec!["-c".to_owned(), script.to_owned()],
            }),
        };
        let (compiled, notice) = Compiled::open(Some(&cache), &engine);
        assert!(notice.is_some());
        compiled
    };
    let bytes = wat::parse_str("(component)").unwrap();
    let code = room.path().join("code");
    fs::write(&code, engine.precompile_component(&bytes).unwrap()).unwrap();
    let good = compiled(&format!("cat > /dev/null <&0; cat {}", code.display()));
    assert!(good.component(&engine, &bytes, DIGEST).is_ok());
    let killed = compiled("cat > /dev/null; kill -9 $$").component(&engine, &bytes, DIGEST);
    assert!(matches!(killed, Err(Refusal::TooMuch(_))));
}

#[test]
fn in_this_process_a_component_of_too_many_parts_is_not_compiled() {
    let engine = new_engine().unwrap();
    let (compiled, _) = Compiled::open(None, &engine);
    let of = |parts: usize| {
        wat::parse_str(format!("(component {})", "(component)".repeat(parts))).unwrap()
    };
    assert!(compiled.component(&engine, &of(10), DIGEST).is_ok());
    let refused = compiled.component(&engine, &of(MOST_PARTS + 1), DIGEST);
    assert!(matches!(refused, Err(Refusal::TooMuch(_))));
}

/// What may be done to an entry, and what is said of it.
fn distrusted_after(change: impl FnOnce(&Room)) -> String {
    let room = Room::new();
    change(&room);
    let CompiledState::Distrusted(reason) = room.compiled().state(DIGEST) else {
        panic!("it is trusted");
    };
    let loaded = room.compiled().cache.unwrap().load(&room.engine, DIGEST);
    assert!(loaded.is_none(), "it is loaded");
    assert_eq!(room.compiled().state(DIGEST), CompiledState::Missing, "it is removed");
    room.compile();
    assert_eq!(room.compiled().state(DIGEST), CompiledState::Ready);
    reason
}

fn flip_last_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn code_that_was_changed_is_never_loaded() {
    let reason = distrusted_after(|room| flip_last_byte(&room.writable("code")));
    assert_eq!(reason, "its `code` is not what was sealed by this user's key");
    distrusted_after(|room| fs::write(room.writable("code"), "").unwrap());
    let reason = distrusted_after(|room| fs::remove_file(room.entry().join("code")).unwrap());
    assert_eq!(reason, "its `code`: it is not there");
}

#[test]
fn a_seal_of_another_key_opens_nothing() {
    distrusted_after(|room| flip_last_byte(&room.writable("mac")));
    let reason = distrusted_after(|room| fs::write(room.writable("mac"), "short").unwrap());
    assert_eq!(reason, "its `mac` is too short");
    // The folder as another machine left it.
    let reason = distrusted_after(|room| {
        let other = Room::new();
        fs::remove_dir_all(room.entry()).unwrap();
        fs::rename(other.entry(), room.path("aot/v1").join(other.entry().file_name().unwrap()))
            .unwrap();
    });
    assert_eq!(reason, "its `code` is not what was sealed by this user's key");
}

#[test]
fn the_code_of_another_component_is_not_this_ones() {
    let room = Room::new();
    let entry = room.entry();
    let name = entry.file_name().unwrap().to_str().unwrap().replacen(DIGEST, "other", 1);
    fs::rename(&entry, entry.with_file_name(name)).unwrap();
    assert!(matches!(room.compiled().state("other"), CompiledState::Distrusted(_)));
}

#[test]
fn permissions_and_links_are_looked_at() {
    for name in ["code", "mac"] {
        let reason = distrusted_after(|room| {
            let path = room.entry().join(name);
            fs::set_permissions(path, Permissions::from_mode(0o462)).unwrap();
        });
        assert_eq!(reason, format!("its `{name}`: other users can write to it"));
        let reason = distrusted_after(|room| {
            let path = room.entry().join(name);
            fs::rename(&path, room.path("elsewhere")).unwrap();
            symlink(room.path("elsewhere"), path).unwrap();
        });
        assert_eq!(reason, format!("its `{name}`: it is a symbolic link"));
        let reason = distrusted_after(|room| {
            fs::hard_link(room.entry().join(name), room.path("elsewhere")).unwrap();
        });
        assert_eq!(reason, format!("its `{name}`: it has another name too"));
    }
    let reason = distrusted_after(|room| {
        let entry = room.entry();
        fs::rename(&entry, room.path("elsewhere")).unwrap();
        symlink(room.path("elsewhere"), entry).unwrap();
    });
    assert_eq!(reason, "it is a symbolic link or a file");
    distrusted_after(|room| {
        fs::set_permissions(room.entry(), Permissions::from_mode(0o777)).unwrap();
    });
}

#[test]
fn a_cache_or_a_key_that_others_can_write_to_is_not_used() {
    for (path, mode, part) in [
        ("aot/v1", 0o770, "other users can write to it"),
        ("aot", 0o777, "other users can write to it"),
        ("state", 0o770, "other users can write to it"),
        ("state/aot.key", 0o620, "other users can write to it"),
    ] {
        let room = Room::new();
        fs::set_permissions(room.path(path), Permissions::from_mode(mode)).unwrap();
        let cache = CompiledCache {
            folder: room.path("aot/v1"),
            key: room.path("state/aot.key"),
            compiler: None,
        };
        let (compiled, notice) = Compiled::open(Some(&cache), &room.engine);
        assert!(notice.is_some_and(|notice| notice.contains(part)), "{path}");
        assert_eq!(compiled.state(DIGEST), CompiledState::NoCache);
        let bytes = wat::parse_str("(component)").unwrap();
        assert!(compiled.component(&room.engine, &bytes, DIGEST).is_ok(), "it runs all the same");
    }
}

#[test]
fn what_nobody_used_for_a_month_goes() {
    let room = Room::new();
    room.compiled().prune();
    assert_eq!(room.compiled().state(DIGEST), CompiledState::Ready);
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(31 * 24);
    fs::File::open(room.entry()).unwrap().set_modified(long_ago).unwrap();
    room.compiled().prune();
    assert_eq!(room.compiled().state(DIGEST), CompiledState::Missing);
}

#[test]
fn what_is_used_stays() {
    let room = Room::new();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(31 * 24);
    fs::File::open(room.entry()).unwrap().set_modified(long_ago).unwrap();
    room.compile();
    room.compiled().prune();
    assert_eq!(room.compiled().state(DIGEST), CompiledState::Ready);
}
