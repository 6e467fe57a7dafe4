//! Variables of the environment whose values anybody may read. What is not on this list is
//! not shown: a list of names that look secret could not be finished.

use std::collections::HashSet;
use std::sync::LazyLock;

/// One name a line, sorted. Those of Ansible are what the documentation of ansible-core
/// 2.16 to 2.22 names for its settings and plugins, without passwords, keys, salts, arguments for
/// other programs and connections of caches, in which a password may stand.
static PUBLIC: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("public_variables.txt").lines().collect());

/// Whether the value of a variable may be shown, passwords in URLs aside.
pub fn is_public_variable(name: &str) -> bool {
    PUBLIC.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_listed_is_not_public() {
        for name in ["PATH", "LC_ALL", "ANSIBLE_ROLES_PATH", "ANSIBLE_VAULT_PASSWORD_FILE"] {
            assert!(is_public_variable(name), "{name}");
        }
        for name in ["ANSIBLE_BECOME_PASS", "DATABASE_URL", "GIVEN", "", "path"] {
            assert!(!is_public_variable(name), "{name}");
        }
    }
}
