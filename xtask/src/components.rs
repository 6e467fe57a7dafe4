//! `cargo xtask plugins`: one Cargo build for all components, then one file each, named
//! after its folder, where everything else looks for it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::screen;
use crate::step::{self, step};
use crate::toolchain::{self, COMPONENT_TARGET};
use crate::workspace::{ComponentPackage, Workspace};

/// Where components of each kind come from and go to, below root and target.
const KINDS: [(&str, &str); 2] = [("plugins", "plugins"), ("tests/guests", "guests")];

/// Builds every plugin and every guest.
pub(crate) fn build(workspace: &Workspace) -> Result<(), Failure> {
    toolchain::ensure_component_target()?;
    let mut kinds = Vec::new();
    for (source, destination) in KINDS {
        kinds.push((workspace.component_packages(source)?, workspace.target.join(destination)));
    }
    let count: usize = kinds.iter().map(|(packages, _)| packages.len()).sum();
    if count == 0 {
        return Err(Failure::new("there is no component to build: `plugins/` has no packages"));
    }
    step(&format!("building {count} components"), || {
        let mut build = workspace.cargo();
        build.args(["build", "--profile", "component"]);
        build.args(["--target", COMPONENT_TARGET]);
        for package in kinds.iter().flat_map(|(packages, _)| packages) {
            build.args(["--package", &package.package]);
        }
        step::run(&mut build, "build the components")?;
        for (packages, folder) in &kinds {
            collect(&workspace.target, packages, folder).map_err(|(path, error)| {
                Failure::new(format!("cannot collect the component `{}`: {error}", path.display()))
            })?;
        }
        Ok(())
    })?;
    for (packages, folder) in &kinds {
        let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
        screen::talk(format!("    {}: {}", folder.display(), names.join(", ")));
    }
    Ok(())
}

/// The folder with the plugins, after [`build`].
pub(crate) fn plugin_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("plugins")
}

/// The folder with the guests, after [`build`].
pub(crate) fn guest_folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guests")
}

/// Copies what Cargo built and removes components whose source is gone. Each file is
/// replaced at once, since a run may have the old one mapped.
fn collect(
    target: &Path,
    packages: &[ComponentPackage],
    folder: &Path,
) -> Result<(), (PathBuf, std::io::Error)> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| (path, error)
    };
    fs::create_dir_all(folder).map_err(at(folder))?;
    let built = target.join(COMPONENT_TARGET).join("component");
    for package in packages {
        let source = built.join(&package.file);
        let fresh = folder.join(format!("{}.new", package.name));
        fs::copy(&source, &fresh).map_err(at(&source))?;
        let destination = folder.join(format!("{}.wasm", package.name));
        fs::rename(&fresh, &destination).map_err(at(&destination))?;
    }
    for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default();
        if !packages.iter().any(|package| stem == package.name.as_str()) {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}
