//! Components of plugins in Python, the SDK's examples and the tests' own, built with
//! componentize-py from a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::failure::Failure;
use crate::python::AtLeast;
use crate::screen;
use crate::step::{self, step};
use crate::virtual_env::VirtualEnv;
use crate::workspace::Workspace;

const COMPONENTIZE: VirtualEnv = VirtualEnv {
    name: "componentize-py",
    content: "componentize-py",
    requirements: &["componentize-py==0.25.*"],
    python: AtLeast(3, 11),
};

/// The SDK's folder, and those whose folders are plugins.
const SDK: &str = "plugin-sdk/python";
const SOURCES: [&str; 2] = ["plugin-sdk/python/examples", "tests/python"];

/// The bin directory with componentize-py, after [`build`].
pub(crate) fn bin(workspace: &Workspace) -> PathBuf {
    workspace.target.join(COMPONENTIZE.name).join("bin")
}

/// The folder with the components, after [`build`].
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("python-plugins")
}

/// Builds those that have changed: each takes ten seconds.
pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    let bin = COMPONENTIZE.ensure(workspace)?;
    let folder = folder(workspace);
    let cannot_read = |path: &Path, error: &std::io::Error| {
        Failure::new(format!("cannot read `{}`: {error}", path.display()))
    };
    fs::create_dir_all(&folder).map_err(|error| cannot_read(&folder, &error))?;
    let sdk = workspace.root.join(SDK);
    let shared = [sdk.join("playhouse_plugin"), workspace.root.join("wit")];
    let mut names = Vec::new();
    let mut plugins = Vec::new();
    for source in SOURCES.map(|source| workspace.root.join(source)) {
        let entries = fs::read_dir(&source).map_err(|error| cannot_read(&source, &error))?;
        plugins.extend(entries.flatten());
    }
    for entry in plugins {
        let name = entry.file_name().to_string_lossy().into_owned();
        let component = folder.join(format!("{name}.wasm"));
        let built = fs::metadata(&component).and_then(|file| file.modified()).ok();
        let source = shared.iter().chain([&entry.path()]).filter_map(|path| newest(path)).max();
        if built < source {
            step(&format!("building the plugin {name} with componentize-py"), || {
                step::run(
                    Command::new(bin.join("python"))
                        .env("PYTHONPATH", &sdk)
                        .env("PYTHONDONTWRITEBYTECODE", "1")
                        .args(["-m", "playhouse_plugin", "build"])
                        .arg(entry.path())
                        .arg("-o")
                        .arg(&component),
                    &format!("build the plugin {name}"),
                )
            })?;
        }
        names.push(name);
    }
    screen::talk(format!("    {}: {}", folder.display(), names.join(", ")));
    Ok(())
}

/// When something in a folder was changed last.
fn newest(path: &Path) -> Option<SystemTime> {
    let Ok(entries) = fs::read_dir(path) else {
        return fs::metadata(path).and_then(|file| file.modified()).ok();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name() != "__pycache__")
        .filter_map(|entry| newest(&entry.path()))
        .max()
}
