use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::plugins::compiled::{CompiledCache, CompilerProgram};
use crate::plugins::component::{check_hooks, default_name};
use crate::plugins::{Hook, Metadata};

fn load(bytes: &[u8]) -> Result<Plugin, String> {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("mine.wasm");
    fs::write(&component, bytes).unwrap();
    load_file(component).map_err(|error| error.replace(&*folder.path().to_string_lossy(), ""))
}

fn load_file(component: PathBuf) -> Result<Plugin, String> {
    let spec = PluginSpec::new(component, PathBuf::from("/srv"));
    PluginHost::new(None).unwrap().load(spec).map_err(|error| error.to_string())
}

fn refusal(bytes: &[u8]) -> String {
    load(bytes).err().expect("it is refused")
}

fn refusal_of(wat: &str) -> String {
    refusal(&wat::parse_str(wat).unwrap())
}

/// A component that exports one interface with one function, without arguments.
fn exporting(interface: &str, function: &str, result: &str) -> String {
    format!(
        r#"(component
            (core module $m (func (export "f") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (func $f (result {result}) (canon lift (core func $i "f")))
            (instance $hook (export "{function}" (func $f)))
            (export "{interface}" (instance $hook)))"#
    )
}

#[test]
fn what_is_no_component_is_told_apart() {
    for (bytes, part) in [
        (&b""[..], "it is empty"),
        (b"\0as", "it ends within its head"),
        (b"\0asm\x0d\0", "it ends within its head"),
        (b"\0asm\x02\0\0\0", "version of WebAssembly's that is unknown"),
        (b"\0asm\x01\0\0\0", "it is a core module; build it for the target `wasm32-wasip2`"),
        (b"#!/bin/sh\n", "it does not begin like one"),
    ] {
        let error = refusal(bytes);
        assert!(error.contains("`/mine.wasm`") && error.contains(part), "{error}");
    }
}

#[test]
fn a_truncated_component_is_refused() {
    let whole = wat::parse_str(exporting("playhouse:plugin/timer@0.1.0", "tick", "u32")).unwrap();
    for end in [9, 20, whole.len() - 1] {
        let error = refusal(&whole[..end]);
        assert!(error.starts_with("`/mine.wasm` is not a WebAssembly component: "), "{error}");
    }
}

#[test]
fn what_the_compiler_dies_of_is_no_other_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("mine.wasm");
    fs::write(&component, wat::parse_str("(component)").unwrap()).unwrap();
    let cache = CompiledCache {
        folder: folder.path().join("aot"),
        key: folder.path().join("aot.key"),
        compiler: Some(CompilerProgram {
            program: PathBuf::from("sh"),
            arguments: vec!["-c".to_owned(), "cat > /dev/null; kill -9 $$".to_owned()],
        }),
    };
    let spec = PluginSpec::new(component, PathBuf::from("/srv"));
    let error = PluginHost::new(Some(&cache)).unwrap().load(spec).err().unwrap().to_string();
    assert!(error.contains("/mine.wasm` cannot be compiled: "), "{error}");
    assert!(error.contains("GiB of memory"), "{error}");
}

#[test]
fn compiled_code_is_never_loaded() {
    let host = PluginHost::new(None).unwrap();
    let compiled = host.engine.precompile_component(&wat::parse_str("(component)").unwrap());
    let error = refusal(&compiled.unwrap());
    assert!(error.contains("compiled ahead of time"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load_file(PathBuf::from("/nowhere/x.wasm")).err().unwrap();
    assert_eq!(error, "cannot read the plugin `/nowhere/x.wasm`");
}

#[test]
fn a_component_of_someone_elses_is_no_plugin() {
    for wat in ["(component)", &exporting("acme:other/thing@1.0.0", "run", "u32")] {
        let error = refusal_of(wat);
        assert!(error.contains("exports none of the hooks of `playhouse:plugin`"), "{error}");
    }
}

#[test]
fn another_version_of_the_interface_is_no_missing_hook() {
    let error = refusal_of(&exporting("playhouse:plugin/event-filter@0.9.0", "keep", "u32"));
    assert!(
        error.contains("was built for `playhouse:plugin/event-filter@0.9.0` and this is `playhouse:plugin@0.1.0`"),
        "{error}"
    );
    let importing = r#"(component (import "playhouse:plugin/log@0.2.0" (instance)))"#;
    assert!(refusal_of(importing).contains("was built for `playhouse:plugin/log@0.2.0`"));
}

#[test]
fn a_hook_of_another_type_is_a_mismatch() {
    let error = refusal_of(&exporting("playhouse:plugin/event-filter@0.1.0", "keep", "u32"));
    assert!(error.contains("does not fit `playhouse:plugin/event-filter@0.1.0`"), "{error}");
    assert!(error.contains("`keep` has another type"), "{error}");
    let error = refusal_of(&exporting("playhouse:plugin/event-filter@0.1.0", "drop", "u32"));
    assert!(error.contains("it has no function `keep`"), "{error}");
}

#[test]
fn metadata_and_exports_name_the_same_hooks() {
    let named: Metadata = serde_json::from_str(r#"{"hooks": {"event-filter": {}}}"#).unwrap();
    let check = |hooks: &[Hook]| {
        check_hooks(Path::new("x.wasm"), &named, hooks.iter().copied().collect())
            .map_err(|error| error.to_string())
    };
    assert_eq!(check(&[Hook::EventFilter]), Ok(()));
    assert!(check(&[]).unwrap_err().contains("names the hook `event-filter`"));
    let both = check(&[Hook::EventFilter, Hook::Timer]).unwrap_err();
    assert!(both.contains("exports the hook `timer`, which it does not name"), "{both}");
}

#[test]
fn the_name_is_the_metadatas_or_the_files() {
    let named: Metadata = serde_json::from_str(r#"{"name": "annotate"}"#).unwrap();
    let name =
        |path: &str, metadata| default_name(Path::new(path), metadata).map(|name| name.to_string());
    assert_eq!(name("/x/mine.wasm", Some(&named)).unwrap(), "annotate");
    assert_eq!(name("/x/mine.wasm", None).unwrap(), "mine");
    let error = name("/x/My_Plugin.wasm", None).unwrap_err();
    assert!(error.to_string().contains("give it one with `name:`"), "{error}");
}
