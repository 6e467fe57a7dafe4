//! Ansible's environment: the runner's own, `env/envvars` over it, and what Ansible
//! Runner forces over both.

use std::ffi::{OsStr, OsString};

/// Environment variables in the order they were first set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
}

impl Environment {
    /// That of this process.
    pub fn inherited() -> Self {
        Self { variables: std::env::vars_os().collect() }
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// The value of a variable, where it is UTF-8 and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.to_str().filter(|value| !value.is_empty())
    }

    /// Sets a variable in its old place, or at the end.
    pub fn set(&mut self, name: impl Into<OsString>, value: impl Into<OsString>) {
        let (name, value) = (name.into(), value.into());
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name, value)),
        }
    }

    /// Takes a variable out.
    pub fn remove(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// All of them, for a child.
    pub fn into_variables(self) -> Vec<(OsString, OsString)> {
        self.variables
    }
}
