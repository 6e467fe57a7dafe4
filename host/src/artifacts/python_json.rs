//! JSON as Python's `json.dumps` spaces it, which is how Ansible Runner writes files.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// `{"a": 1, "b": [2, 3]}`, characters outside ASCII as they are.
pub fn to_python_json(value: &serde_json::Value) -> String {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, PythonFormatter);
    value.serialize(&mut serializer).expect("a JSON value has text keys, and a Vec takes all");
    String::from_utf8(json).expect("JSON text is UTF-8")
}

struct PythonFormatter;

impl Formatter for PythonFormatter {
    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_pythons() {
        let value = serde_json::json!({"a": [1, 2], "é": {"b": null}});
        assert_eq!(to_python_json(&value), r#"{"a": [1, 2], "é": {"b": null}}"#);
    }
}
