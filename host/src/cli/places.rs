//! Where this user's plugins and what belongs to them lie (XDG Base Directory
//! Specification), and who compiles them.

use std::env;
use std::path::PathBuf;

use super::this_program;
use crate::plugins::{
    CompiledCache, CompilerProgram, InstallError, InstalledPlugins, PluginLibrary,
};

/// The plugins that a run can be asked for.
pub(super) fn library() -> PluginLibrary {
    PluginLibrary::new(plugin_folders(), Some(compiled_cache()))
        .with_installed(data_folder().map(InstalledPlugins::new))
        .with_bundled(bundled_plugins())
}

/// Where plugins are installed; the error says that there is no such place.
pub(super) fn installed_plugins() -> Result<InstalledPlugins, InstallError> {
    data_folder().map(InstalledPlugins::new).ok_or(InstallError::NoHome)
}

fn data_folder() -> Option<PathBuf> {
    Some(base("XDG_DATA_HOME", ".local/share")?.join("playhouse/plugins"))
}

/// Where plugins are looked up by name before all others: `PLAYHOUSE_PLUGIN_PATH`.
fn plugin_folders() -> Vec<PathBuf> {
    env::var_os("PLAYHOUSE_PLUGIN_PATH")
        .map(|paths| env::split_paths(&paths).collect())
        .unwrap_or_default()
}

/// Where they are looked up last: `plugins/` beside the program, wherever a link to it
/// lies.
fn bundled_plugins() -> Option<PathBuf> {
    let program = env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    Some(program.parent()?.join("plugins"))
}

/// Where compiled plugins are kept, and the key that vouches for them, which does not lie
/// in the cache: a cache may be restored from elsewhere. Compiling is this program's work.
pub(super) fn compiled_cache() -> CompiledCache {
    // Without a home nothing can be kept, and this says so where it is opened.
    let base = |variable, in_home| base(variable, in_home).unwrap_or_else(|| "/dev/null".into());
    CompiledCache {
        folder: base("XDG_CACHE_HOME", ".cache").join("playhouse/aot/v1"),
        key: base("XDG_STATE_HOME", ".local/state").join("playhouse/aot.key"),
        compiler: Some(CompilerProgram {
            program: this_program(),
            arguments: vec!["plugin".to_owned(), "compile".to_owned()],
        }),
    }
}

/// A folder of the user's; relative ones do not count.
fn base(variable: &str, in_home: &str) -> Option<PathBuf> {
    match env::var_os(variable).map(PathBuf::from) {
        Some(path) if path.is_absolute() => Some(path),
        _ => Some(env::home_dir()?.join(in_home)),
    }
}
