//! What Ansible is to do in a run: a playbook, one module, or one role.

use serde_json::{Map, Value};

/// What a run runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// A playbook, by its name relative to the project directory.
    Playbook(String),
    /// One module, as `ansible -m` runs it.
    Module {
        /// For `-m`.
        name: String,
        /// For `-a`.
        arguments: Option<String>,
        /// The pattern of hosts; Ansible asks for one if it is not given.
        hosts: Option<String>,
    },
    /// One role, in a play made for it.
    Role {
        /// The role's name.
        name: String,
        /// Its variables.
        vars: Map<String, Value>,
        /// The pattern of hosts; all unless said.
        hosts: Option<String>,
        /// Whether the play begins with the facts of its hosts.
        gather_facts: bool,
    },
}

impl Default for Job {
    fn default() -> Self {
        Self::Playbook(String::new())
    }
}

impl Job {
    /// What plugins know this kind of job by.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Playbook(_) => "playbook",
            Self::Module { .. } => "module",
            Self::Role { .. } => "role",
        }
    }

    /// The playbook, if it is one.
    pub fn playbook(&self) -> Option<&str> {
        match self {
            Self::Playbook(name) => Some(name),
            Self::Module { .. } | Self::Role { .. } => None,
        }
    }
}

/// Reads `--role-vars`: `name=value` words, each value a Python literal (`1`, `'x'`,
/// `[1, 2]`, `True`) or else a text. The error is the word that has no `=`.
pub fn role_vars(text: &str) -> Result<Map<String, Value>, String> {
    text.split_whitespace()
        .map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| word.to_owned())?;
            Ok((name.to_owned(), python_literal(value)))
        })
        .collect()
}

/// Python's literals are written like YAML's flow style, but for its names of constants.
fn python_literal(text: &str) -> Value {
    match text {
        "True" => return Value::Bool(true),
        "False" => return Value::Bool(false),
        "None" => return Value::Null,
        _ => {}
    }
    let begins_literal = |char: char| "'\"[{-+.0123456789".contains(char);
    let literal = text.starts_with(begins_literal).then(|| super::parse_yaml(text).ok());
    literal.flatten().unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn role_vars_are_literals_or_texts() {
        let vars = role_vars("a=1 b='x' c=[1,2] d=True e=None f=x=y g= h=1.5 i=yes j=1.2.3");
        assert_eq!(
            Value::Object(vars.unwrap()),
            json!({
                "a": 1, "b": "x", "c": [1, 2], "d": true, "e": null, "f": "x=y", "g": "",
                "h": 1.5, "i": "yes", "j": "1.2.3"
            })
        );
        assert_eq!(role_vars("a=1 b").unwrap_err(), "b");
    }
}
