//! What a component imports and exports, and the sections it is made of, read without
//! compiling it.

use std::ops::Range;

use wasmparser::{Parser, Payload};

use super::Hook;

const PACKAGE: &str = "playhouse:plugin/";
/// What componentize-py links into each component.
const PYTHON: &[u8] = b"componentize_py_runtime";
/// Magic number, version and layer.
const HEAD: usize = 8;
/// The kind of section whose content is anybody's.
const CUSTOM: u8 = 0;

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Surface {
    /// The names of imports: `wasi:io/streams@0.2.6`.
    pub(super) imports: Vec<String>,
    /// The names of exports.
    pub(super) exports: Vec<String>,
    /// It brings Python along, which imports much whether the plugin uses it or not.
    pub(super) is_python: bool,
}

impl Surface {
    /// Reads it as far as the component can be read; the engine has better words for one
    /// that is broken.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut surface = Self {
            is_python: bytes.windows(PYTHON.len()).any(|window| window == PYTHON),
            ..Self::default()
        };
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload {
                Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => depth += 1,
                Ok(Payload::End(_)) => depth = depth.saturating_sub(1),
                Ok(Payload::ComponentImportSection(section)) if depth == 0 => {
                    let names = section.into_iter().flatten();
                    surface.imports.extend(names.map(|import| import.name.name.to_owned()));
                }
                Ok(Payload::ComponentExportSection(section)) if depth == 0 => {
                    let names = section.into_iter().flatten();
                    surface.exports.extend(names.map(|export| export.name.name.to_owned()));
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        surface
    }

    /// The hooks it exports by their names alone.
    pub(super) fn hooks(&self) -> Vec<Hook> {
        let exports = |hook: &Hook| {
            self.exports.iter().any(|name| is_interface(name, &format!("{PACKAGE}{hook}")))
        };
        Hook::ALL.into_iter().filter(exports).collect()
    }

    /// The version of our interface that it was built for.
    pub(super) fn interface(&self) -> Option<&str> {
        let names = self.exports.iter().chain(&self.imports);
        names
            .filter_map(|name| name.strip_prefix(PACKAGE)?.split_once('@'))
            .map(|(_, version)| version)
            .next()
    }

    /// Whether it imports an interface: `wasi:sockets/` is all of that package.
    pub(super) fn imports(&self, interface: &str) -> bool {
        self.imports.iter().any(|name| is_interface(name, interface))
    }
}

/// Whether `name` is an interface in any version, or in a package that ends with `/`.
pub(super) fn is_interface(name: &str, interface: &str) -> bool {
    name.strip_prefix(interface)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('@') || interface.ends_with('/'))
}

/// The component with the outermost custom sections of these names in place of those it
/// has. None if it is not made of sections.
pub(super) fn with_sections(bytes: &[u8], fresh: &[(&str, Vec<u8>)]) -> Option<Vec<u8>> {
    let mut written = bytes.get(..HEAD)?.to_vec();
    for section in sections(bytes)? {
        let is_replaced = section
            .custom_name(bytes)
            .is_some_and(|name| fresh.iter().any(|(fresh, _)| fresh.as_bytes() == name));
        if !is_replaced {
            written.extend_from_slice(&bytes[section.whole]);
        }
    }
    for (name, content) in fresh {
        let mut payload = Vec::new();
        put_sized(&mut payload, name.as_bytes());
        payload.extend_from_slice(content);
        written.push(CUSTOM);
        put_sized(&mut written, &payload);
    }
    Some(written)
}

/// The content of an outermost custom section.
pub(super) fn section<'bytes>(bytes: &'bytes [u8], name: &str) -> Option<&'bytes [u8]> {
    let found = sections(bytes)?
        .into_iter()
        .find(|section| section.custom_name(bytes) == Some(name.as_bytes()))?;
    let mut at = found.payload.start;
    let length = sized(bytes, &mut at)?;
    bytes.get(at + length..found.payload.end)
}

/// `component-name` with another name of the component, and the names of everything else
/// as they were.
pub(super) fn renamed(names: Option<&[u8]>, name: &str) -> Vec<u8> {
    const COMPONENT: u8 = 0;
    let mut text = Vec::new();
    put_sized(&mut text, name.as_bytes());
    let mut written = vec![COMPONENT];
    put_sized(&mut written, &text);
    let names = names.unwrap_or_default();
    let mut at = 0;
    while let Some(&kind) = names.get(at) {
        let start = at;
        at += 1;
        let Some(length) = sized(names, &mut at) else { break };
        at += length;
        match names.get(start..at) {
            Some(kept) if kind != COMPONENT => written.extend_from_slice(kept),
            Some(_) => {}
            None => break,
        }
    }
    written
}

struct Section {
    kind: u8,
    whole: Range<usize>,
    payload: Range<usize>,
}

impl Section {
    fn custom_name<'bytes>(&self, bytes: &'bytes [u8]) -> Option<&'bytes [u8]> {
        let mut at = self.payload.start;
        let length = (self.kind == CUSTOM).then(|| sized(bytes, &mut at))??;
        bytes.get(at..at + length)
    }
}

fn sections(bytes: &[u8]) -> Option<Vec<Section>> {
    let mut sections = Vec::new();
    let mut at = HEAD;
    while at < bytes.len() {
        let start = at;
        let kind = bytes[at];
        at += 1;
        let length = sized(bytes, &mut at)?;
        let payload = at..at.checked_add(length).filter(|end| *end <= bytes.len())?;
        at = payload.end;
        sections.push(Section { kind, whole: start..at, payload });
    }
    Some(sections)
}

/// A size as WebAssembly writes it (LEB128), and moves behind it.
fn sized(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut size = 0_u32;
    for shift in (0..32).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        size |= u32::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return usize::try_from(size).ok();
        }
    }
    None
}

/// Bytes with their size before them.
fn put_sized(written: &mut Vec<u8>, bytes: &[u8]) {
    let mut size = bytes.len();
    loop {
        let low = (size & 0x7f).to_le_bytes()[0];
        size >>= 7;
        if size == 0 {
            written.push(low);
            break;
        }
        written.push(low | 0x80);
    }
    written.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_and_exports_are_the_outermost_ones() {
        let bytes = wat::parse_str(
            r#"(component
                (import "wasi:sockets/tcp@0.2.6" (instance))
                (component (import "inner:thing/x@1.0.0" (instance)))
                (instance $i)
                (export "playhouse:plugin/event-filter@0.1.0" (instance $i)))"#,
        )
        .unwrap();
        let surface = Surface::of(&bytes);
        assert_eq!(surface.imports, ["wasi:sockets/tcp@0.2.6"]);
        assert_eq!(surface.hooks(), [Hook::EventFilter]);
        assert_eq!(surface.interface(), Some("0.1.0"));
        assert!(surface.imports("wasi:sockets/") && surface.imports("wasi:sockets/tcp"));
        assert!(!surface.imports("wasi:sockets/tc") && !surface.is_python);
    }

    #[test]
    fn sections_are_replaced_and_all_else_stays() {
        let bytes = wat::parse_str(
            r#"(component (@custom "a" "old") (core module (@custom "a" "inner")) (@custom "b" "kept"))"#,
        )
        .unwrap();
        let long = vec![b'x'; 300];
        let written = with_sections(&bytes, &[("a", long.clone())]).unwrap();
        assert_eq!(section(&written, "a"), Some(&long[..]));
        assert_eq!(section(&written, "b"), Some(&b"kept"[..]));
        assert!(written.windows(5).any(|window| window == b"inner"));
        assert!(!written.windows(3).any(|window| window == b"old"));
        assert_eq!(with_sections(&written, &[("a", long)]).unwrap(), written);
        assert_eq!(with_sections(&bytes[..bytes.len() - 1], &[]), None);
    }

    #[test]
    fn a_component_is_renamed_and_its_parts_keep_their_names() {
        let bytes = wat::parse_str("(component $old (core module $part))").unwrap();
        let names = section(&bytes, "component-name").unwrap();
        let fresh = renamed(Some(names), "new");
        let has = |text: &[u8]| fresh.windows(text.len()).any(|window| window == text);
        assert!(has(b"new") && has(b"part") && !has(b"old"));
        assert_eq!(renamed(None, "new"), b"\0\x04\x03new");
    }
}
