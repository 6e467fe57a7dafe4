//! Where requests go: a URL, or a path on a Unix socket.

use std::fmt::Write as _;

use playhouse_plugin::InitError;

/// A URL that the host can send to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target(String);

impl Target {
    /// `url` as the operator wrote it. Without `://` it is a socket's path, as it is for
    /// Ansible Runner's plugin, and `path` is what is asked for on it.
    pub(crate) fn new(url: &str, path: Option<&str>) -> Result<Self, InitError> {
        if url.is_empty() {
            return Err(InitError::config("/url", "it is empty; write a URL or a socket's path"));
        }
        if url.starts_with("http://") || url.starts_with("https://") {
            if path.is_some() {
                return Err(InitError::config(
                    "/path",
                    "only a socket has a path of its own; write it into the URL",
                ));
            }
            return Ok(Self(url.to_owned()));
        }
        if let Some((scheme, _)) = url.split_once("://") {
            return Err(InitError::config(
                "/url",
                format!(
                    "`{scheme}` is no scheme for requests; write http, https or a socket's path"
                ),
            ));
        }
        let path = path.unwrap_or("/");
        if !path.starts_with('/') {
            return Err(InitError::config("/path", "a request path begins with `/`"));
        }
        let mut socket = String::new();
        for byte in url.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                socket.push(char::from(byte));
            } else {
                let _ = write!(socket, "%{byte:02X}");
            }
        }
        Ok(Self(format!("http+unix://{socket}{path}")))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, path: Option<&str>) -> Result<String, String> {
        Target::new(url, path).map(|target| target.0).map_err(|error| match error {
            InitError::Config { setting, message } => format!("{setting}: {message}"),
            InitError::Failed(message) => message,
        })
    }

    #[test]
    fn a_url_is_a_url_and_a_path_is_a_socket() {
        assert_eq!(target("https://h/x", None), Ok("https://h/x".into()));
        assert_eq!(target("/run/x.sock", Some("/e")), Ok("http+unix://%2Frun%2Fx.sock/e".into()));
        assert_eq!(target("/run/x.sock", None), Ok("http+unix://%2Frun%2Fx.sock/".into()));
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        for (url, path, words) in [
            ("", None, "/url: it is empty"),
            ("ftp://h", None, "/url: `ftp` is no scheme"),
            ("http://h", Some("/x"), "/path: only a socket"),
            ("/s", Some("x"), "/path: a request path begins"),
        ] {
            let error = target(url, path).unwrap_err();
            assert!(error.starts_with(words), "{error}");
        }
    }
}
