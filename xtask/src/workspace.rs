//! Where things are: the repository, Cargo's target directory and the packages that
//! become components, all as `cargo metadata` tells it. It reads and must not write.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::step;

/// The repository and what Cargo says about it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root manifest.
    pub(crate) root: PathBuf,
    /// Cargo's target directory; everything we make lies below it.
    pub(crate) target: PathBuf,
    packages: Vec<Value>,
}

/// A package whose library becomes one component.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ComponentPackage {
    /// The package, as Cargo knows it.
    pub(crate) package: String,
    /// Its folder's name, which the component gets.
    pub(crate) name: String,
    /// The file Cargo makes: `http_sink.wasm`.
    pub(crate) file: String,
}

impl Workspace {
    /// Asks Cargo about the workspace this program was built from.
    pub(crate) fn read() -> Result<Self, Failure> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("Cargo.toml");
        let text = step::output_of(
            cargo()
                .args(["metadata", "--no-deps", "--format-version", "1"])
                .arg("--manifest-path")
                .arg(&manifest),
            "read the workspace",
        )?;
        Self::of_metadata(&text).ok_or_else(|| {
            Failure::new("cannot read the workspace: `cargo metadata` gave something unknown")
        })
    }

    /// The packages in the folders below `folder`, by name.
    pub(crate) fn component_packages(
        &self,
        folder: &str,
    ) -> Result<Vec<ComponentPackage>, Failure> {
        let folder = self.root.join(folder);
        let mut found = Vec::new();
        for package in &self.packages {
            let home = Path::new(text(package, "manifest_path")).parent();
            let Some(home) = home.filter(|home| home.parent() == Some(&folder)) else {
                continue;
            };
            let package_name = text(package, "name");
            let library = list(package, "targets")
                .iter()
                .find(|target| list(target, "crate_types").iter().any(|kind| kind == "cdylib"))
                .ok_or_else(|| {
                    Failure::new(format!(
                        "`{}` cannot become a component: its `Cargo.toml` needs `[lib]` with \
                         `crate-type = [\"cdylib\"]`",
                        home.display()
                    ))
                })?;
            found.push(ComponentPackage {
                package: package_name.to_owned(),
                name: home.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                file: format!("{}.wasm", text(library, "name").replace('-', "_")),
            });
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// Cargo, at work on this workspace wherever we were called. It does not inherit what
    /// Cargo says of this package: build scripts that watch those variables would run
    /// again each time `cargo` is called directly, and half of wasmtime with them.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        let of_this_package = std::env::vars_os().map(|(name, _)| name).filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        for name in of_this_package {
            command.env_remove(name);
        }
        command
    }

    /// Where `cargo build --release` puts Playhouse.
    pub(crate) fn playhouse(&self) -> PathBuf {
        self.target.join("release/playhouse")
    }

    fn of_metadata(metadata: &str) -> Option<Self> {
        let metadata: Value = serde_json::from_str(metadata).ok()?;
        Some(Self {
            root: metadata.get("workspace_root")?.as_str()?.into(),
            target: metadata.get("target_directory")?.as_str()?.into(),
            packages: metadata.get("packages")?.as_array()?.clone(),
        })
    }
}

/// The Cargo that runs us, or the one on PATH.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn text<'value>(value: &'value Value, key: &str) -> &'value str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'value>(value: &'value Value, key: &str) -> &'value [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(crate_type: &str) -> Workspace {
        let package = |home: &str, name: &str| {
            serde_json::json!({
                "name": name,
                "manifest_path": format!("/repo/{home}/Cargo.toml"),
                "targets": [
                    {"name": "main", "kind": ["bin"], "crate_types": ["bin"]},
                    {"name": name.replace('-', "_"), "kind": ["lib"], "crate_types": [crate_type]},
                ],
            })
        };
        let metadata = serde_json::json!({
            "workspace_root": "/repo",
            "target_directory": "/elsewhere",
            "packages": [
                package("plugins/only-failed", "only-failed"),
                package("plugins/http-sink", "plugin-http-sink"),
                package("tests/guests/trap", "guest-trap"),
                package("host", "playhouse"),
            ],
        });
        Workspace::of_metadata(&metadata.to_string()).expect("complete metadata")
    }

    #[test]
    fn a_component_is_named_after_its_folder() {
        let names = |folder| {
            let packages = workspace("cdylib").component_packages(folder).expect("cdylibs");
            packages.into_iter().map(|p| (p.package, p.name, p.file)).collect::<Vec<_>>()
        };
        let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            names("plugins"),
            [
                owned("plugin-http-sink", "http-sink", "plugin_http_sink.wasm"),
                owned("only-failed", "only-failed", "only_failed.wasm"),
            ]
        );
        assert_eq!(names("tests/guests"), [owned("guest-trap", "trap", "guest_trap.wasm")]);
    }

    #[test]
    fn a_folder_without_a_cdylib_is_named() {
        let failure = workspace("lib").component_packages("plugins").expect_err("no cdylib");
        assert!(failure.to_string().starts_with("`/repo/plugins/"), "{failure}");
    }
}
