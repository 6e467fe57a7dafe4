//! Which values are not for the artifacts, and what stands in their place.

/// In place of a secret.
pub const REDACTED: &str = "********";

/// Parts of a name that say that its value is a secret.
const SECRET_PARTS: [&str; 9] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE_KEY",
    "ACCESS_KEY",
    "API_KEY",
];

/// Whether a variable's name says that its value is a secret. A name that ends in
/// `_FILE` or `_PATH` says where the secret is, which is none.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let names_a_place = ["_FILE", "_PATH", "_DIR"].iter().any(|end| name.ends_with(end));
    !names_a_place
        && (SECRET_PARTS.iter().any(|part| name.contains(part))
            || name.split('_').any(|word| matches!(word, "PASS" | "APIKEY")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell() {
        for name in ["AWS_SECRET_ACCESS_KEY", "db_password", "GITHUB_TOKEN", "MYSQL_PASS"] {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["PATH", "ANSIBLE_VAULT_PASSWORD_FILE", "SSH_AUTH_SOCK", "COMPASS", "HOME"] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
