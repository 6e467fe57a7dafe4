//! `env/ssh_key`: private keys for the run's agent, in any form `ssh-add` reads, and the
//! certificates that go with them.

use std::fmt;

/// Private keys and OpenSSH certificates, each as text with its line ends.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SshKeys {
    /// From `-----BEGIN` to `-----END`, in the file's order.
    pub keys: Vec<String>,
    /// One line each, as in a `-cert.pub` file.
    pub certificates: Vec<String>,
}

/// What marks the type of a certificate (PROTOCOL.certkeys of OpenSSH).
const CERTIFICATE: &str = "-cert-v01@openssh.com ";

impl SshKeys {
    /// Finds the keys and certificates in a text. The error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut found = Self::default();
        let mut key: Option<String> = None;
        for line in text.lines() {
            let line = line.trim_end();
            if line.starts_with("-----BEGIN ") {
                if key.is_some() {
                    break;
                }
                key = Some(String::new());
            }
            if let Some(text) = &mut key {
                text.push_str(line);
                text.push('\n');
            } else if line.contains(CERTIFICATE) {
                found.certificates.push(format!("{line}\n"));
            }
            if line.starts_with("-----END ") {
                found.keys.extend(key.take());
            }
        }
        if key.is_some() {
            return Err("a key in it has no `-----END` line".to_owned());
        }
        if found.keys.is_empty() {
            return Err(
                "holds no private key; write one from its `-----BEGIN` to its `-----END` line"
                    .to_owned(),
            );
        }
        Ok(found)
    }
}

/// Keys are never shown.
impl fmt::Debug for SshKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SshKeys")
            .field("keys", &self.keys.len())
            .field("certificates", &self.certificates.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN A KEY-----\nbytes\n-----END A KEY-----\n";

    #[test]
    fn keys_and_certificates_are_told_apart() {
        let text = format!(
            "a comment\n{}\nssh-ed25519-cert-v01@openssh.com AAAA me\n{KEY}",
            KEY.replace('\n', "\r\n")
        );
        let found = SshKeys::parse(&text).unwrap();
        assert_eq!(found.keys, [KEY, KEY]);
        assert_eq!(found.certificates, ["ssh-ed25519-cert-v01@openssh.com AAAA me\n"]);
        assert!(!format!("{found:?}").contains("bytes"));
    }

    #[test]
    fn half_a_key_and_none_are_errors() {
        let half = &KEY[..30];
        for (text, reason) in [
            ("", "no private key"),
            ("ssh-ed25519 AAAA me\n", "no private key"),
            (half, "no `-----END`"),
            (&format!("{half}\n{KEY}"), "no `-----END`"),
        ] {
            let error = SshKeys::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
