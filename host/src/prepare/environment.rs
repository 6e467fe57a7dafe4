//! Ansible's environment: the runner's own, `env/envvars` over it, and what Ansible
//! Runner forces over both.

use std::ffi::{OsStr, OsString};

use indexmap::IndexMap;

use super::names::OWN_VARIABLES;

/// Environment variables in the order they were first set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: IndexMap<OsString, OsString>,
}

impl Environment {
    /// That of this process.
    pub fn inherited() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// The value of a variable.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// The value of a variable, where it is UTF-8 and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// Sets a variable in its old place, or at the end.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        self.variables.insert(name.into(), value.into());
    }

    /// Takes a variable out.
    pub fn remove(&mut self, name: &str) {
        self.variables.shift_remove(OsStr::new(name));
    }

    /// What of it is for Ansible: all but Playhouse's own, `PLAYHOUSE_*`.
    #[must_use]
    pub fn for_ansible(&self) -> Self {
        let others = self.variables.iter().filter(|(name, _)| !is_own(name));
        Self { variables: others.map(|(name, value)| (name.clone(), value.clone())).collect() }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// All of them, for a child.
    pub fn into_variables(self) -> Vec<(OsString, OsString)> {
        self.variables.into_iter().collect()
    }
}

fn is_own(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(OWN_VARIABLES.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_keeps_its_place_and_none_of_ours_is_for_ansible() {
        let mut environment = Environment::default();
        for (name, value) in [("A", "1"), ("PLAYHOUSE_NONCE", "x"), ("B", "2"), ("A", "3")] {
            environment.set(name, value);
        }
        assert_eq!(environment.text("PLAYHOUSE_NONCE"), Some("x"));
        let variables = environment.for_ansible().into_variables();
        assert_eq!(variables, [("A".into(), "3".into()), ("B".into(), "2".into())]);
    }
}
