//! What the operator allows a plugin: `allow` in `env/plugins`, and `--plugin-allow`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::dir_grant::DirGrant;
use super::egress::{Family, OriginPattern};

/// Grants by kind. Nothing is allowed that is not here; here is not yet granted: the
/// plugin's metadata has to ask for it too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Allow {
    /// Origins: `https://hooks.example`, `http://*.example:8080`, `unix:/run/x.sock`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<String>,
    /// Addresses that are refused otherwise (loopback, link-local, …) and that a granted
    /// host may resolve to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// JSON Pointer patterns into the view that a pre-run hook may write.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// `/limit`: a pre-run hook may narrow it, and never widens it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub narrow: Vec<String>,
    /// JSON Pointer patterns into the view that a pre-run hook may read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub view: Vec<String>,
    /// Streams: `tcp://host:port`, `tls://*.example:8883`, `unix:/run/x.sock`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub net: Vec<String>,
    /// Variables of the environment whose values it may see; `*` stands for any text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Folders it may read: `/srv/reports`, or `/srv/reports:rw` to write there too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dir: Vec<String>,
}

impl Allow {
    /// Allows what `other` allows too.
    pub fn extend(&mut self, other: Self) {
        let Self { http, addresses, set, narrow, view, net, env, dir } = other;
        self.http.extend(http);
        self.addresses.extend(addresses);
        self.set.extend(set);
        self.narrow.extend(narrow);
        self.view.extend(view);
        self.net.extend(net);
        self.env.extend(env);
        self.dir.extend(dir);
    }

    /// Adds one grant, as `--plugin-allow x.<kind>=<pattern>` gives it. The error says
    /// what a grant of that kind looks like.
    pub fn add(&mut self, kind: &str, pattern: &str) -> Result<(), String> {
        let list = match kind {
            "http" | "net" => {
                let (family, list) = match kind {
                    "http" => (Family::Http, &mut self.http),
                    _ => (Family::Net, &mut self.net),
                };
                OriginPattern::parse(pattern, family)
                    .map_err(|error| format!("`{pattern}`, {error}"))?;
                list
            }
            "addresses" => {
                let address = pattern.parse().map_err(|_| {
                    format!("`{pattern}` is no IP address; write one like `127.0.1.1`")
                })?;
                self.addresses.push(address);
                return Ok(());
            }
            "set" => &mut self.set,
            "narrow" => &mut self.narrow,
            "view" => &mut self.view,
            "env" => &mut self.env,
            "dir" => {
                pattern.parse::<DirGrant>().map_err(|reason| format!("`{pattern}`: {reason}"))?;
                &mut self.dir
            }
            "secret" => {
                return Err(format!(
                    "a secret is granted by saying where it comes from: `--plugin-secret NAME.{pattern}=env:VARIABLE`, or `secrets` in env/plugins"
                ));
            }
            _ => {
                return Err(format!(
                    "there is no grant of the kind `{kind}`; the kinds are http, net, addresses, set, narrow, view, env and dir"
                ));
            }
        };
        if matches!(kind, "set" | "narrow" | "view") && !pattern.starts_with('/') {
            return Err(format!(
                "`{pattern}` is no JSON Pointer: those begin with `/`, like `/extravars/region`"
            ));
        }
        list.push(pattern.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_says_what_it_takes() {
        let mut allow = Allow::default();
        allow.add("http", "https://hooks.example:8443").unwrap();
        allow.add("addresses", "127.0.1.1").unwrap();
        allow.add("set", "/extravars/a").unwrap();
        assert_eq!(allow.http, ["https://hooks.example:8443"]);
        assert_eq!(allow.set, ["/extravars/a"]);
        for (kind, pattern, part) in [
            ("http", "https://h/path", "column 10"),
            ("addresses", "h", "no IP address"),
            ("set", "extravars.a", "begin with `/`"),
            ("net", "tcp://h", "a stream needs a port"),
            ("net", "https://h", "begin with `tcp://`"),
            ("dir", "reports", "absolute path"),
            ("secret", "token", "--plugin-secret NAME.token=env:VARIABLE"),
            ("files", "/", "no grant of the kind `files`"),
        ] {
            let error = allow.add(kind, pattern).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
