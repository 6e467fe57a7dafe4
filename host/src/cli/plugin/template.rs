//! Templates: real files with values and with parts for some hooks only.
//!
//! `{{key}}` stands for a value. A line `//< event-filter timer` begins a part that is
//! there for a plugin with one of these hooks, `//< not timer` one for a plugin without;
//! a line `//>` ends it. In Python the two are `#<` and `#>`.

use crate::plugins::Hook;

/// What a template becomes for a plugin with these hooks.
pub(super) fn render(template: &str, hooks: &[Hook], values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    // Whether the parts that a line is in are there, the outermost first.
    let mut parts: Vec<bool> = Vec::new();
    for line in template.lines() {
        let mark = line.trim_start().trim_start_matches(['/', '#']);
        let is_mark = mark.len() < line.trim_start().len();
        if is_mark && let Some(condition) = mark.strip_prefix("< ") {
            parts.push(holds(condition, hooks));
        } else if is_mark && mark == ">" {
            parts.pop();
        } else if parts.iter().all(|part| *part) {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (key, value) in values {
        text = text.replace(&format!("{{{{{key}}}}}"), value);
    }
    text
}

fn holds(condition: &str, hooks: &[Hook]) -> bool {
    let has =
        |words: &str| words.split(' ').any(|word| hooks.iter().any(|hook| hook.as_str() == word));
    match condition.strip_prefix("not ") {
        Some(words) => !has(words),
        None => has(condition),
    }
}

/// `team-notes` as `TeamNotes`.
pub(super) fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    name.split('-').map(capital).collect()
}

/// `use path::{names};`, as rustfmt would have it.
pub(super) fn rust_import(path: &str, names: &[&str]) -> String {
    if let [name] = names {
        return format!("use {path}::{name};");
    }
    let line = format!("use {path}::{{{}}};", names.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    let mut lines = format!("use {path}::{{\n   ");
    let mut width = 3;
    for name in names {
        if width + name.len() + 2 > WIDTH {
            lines.push_str("\n   ");
            width = 3;
        }
        lines.extend([" ", name, ","]);
        width += name.len() + 2;
    }
    lines + "\n};"
}

/// `from module import names`, as Python's formatters would have it.
pub(super) fn python_import(module: &str, names: &[&str]) -> String {
    let line = format!("from {module} import {}", names.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    format!("from {module} import (\n    {},\n)", names.join(",\n    "))
}

const WIDTH: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
always {{name}}
    //< event-filter timer
    one
    //< timer
    inner
    //>
    //>
//< not timer
/// no {{name}}
//>
";

    #[test]
    fn parts_are_there_for_their_hooks() {
        let render = |hooks: &[Hook]| render(TEMPLATE, hooks, &[("name", "x")]);
        assert_eq!(render(&[]), "always x\n/// no x\n");
        assert_eq!(render(&[Hook::EventFilter]), "always x\n    one\n/// no x\n");
        assert_eq!(render(&[Hook::Timer]), "always x\n    one\n    inner\n");
    }

    #[test]
    fn imports_are_broken_at_the_width() {
        assert_eq!(rust_import("a", &["B"]), "use a::B;");
        assert_eq!(rust_import("a", &["B", "c"]), "use a::{B, c};");
        let names = ["A".repeat(40), "B".repeat(40), "C".repeat(40)];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let import = rust_import("a", &names);
        assert_eq!(
            import,
            format!("use a::{{\n    {}, {},\n    {},\n}};", names[0], names[1], names[2])
        );
        assert!(python_import("a", &names).starts_with("from a import (\n    AAA"));
        assert_eq!(python_import("a", &["B", "c"]), "from a import B, c");
    }

    #[test]
    fn a_name_becomes_a_type() {
        assert_eq!(camel_case("team-notes"), "TeamNotes");
        assert_eq!(camel_case("a--b2-"), "AB2");
    }
}
