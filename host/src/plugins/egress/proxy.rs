//! The proxies of the operator's environment, by the variables that curl reads.
//!
//! A proxy resolves names itself, so that only its own address is checked here, and whether
//! the plugin may go to the host is asked before. Addresses and `localhost` never go
//! through one: what is granted of them is about this machine.

use url::Url;

use super::address::is_localhost;
use super::error::{EgressError, EgressErrorKind};
use super::origin::{Destination, Family, Origin, OriginHost, OriginPattern, Scheme};
use crate::prepare::Environment;

/// What the environment says of proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::plugins) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    /// Hosts that are reached directly, with all below them; `*` is every host.
    direct: Vec<String>,
}

impl Proxies {
    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower case or in capitals.
    pub(in crate::plugins) fn of(environment: &Environment) -> Self {
        let variable = |name: &str| {
            let capitals = name.to_ascii_uppercase();
            environment.text(name).or_else(|| environment.text(&capitals)).map(str::to_owned)
        };
        let all = variable("all_proxy");
        let direct = variable("no_proxy").unwrap_or_default();
        Self {
            http: variable("http_proxy").or_else(|| all.clone()),
            https: variable("https_proxy").or(all),
            direct: direct
                .split([',', ' '])
                .map(|host| host.trim().trim_start_matches('.').to_ascii_lowercase())
                .filter(|host| !host.is_empty())
                .collect(),
        }
    }

    /// The proxy on the way to an origin; none where it is reached directly. The error
    /// says which variable cannot be used.
    pub(super) fn on_the_way_to(&self, origin: &Origin) -> Result<Option<Url>, EgressError> {
        let OriginHost::Name(name) = &origin.host else { return Ok(None) };
        let proxy = match origin.scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
            Scheme::Tcp | Scheme::Tls => &None,
        };
        let Some(proxy) = proxy else { return Ok(None) };
        if is_localhost(name) || self.direct.iter().any(|host| is_at_or_below(name, host)) {
            return Ok(None);
        }
        let with_scheme =
            if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") };
        match Url::parse(&with_scheme) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Some(url)),
            _ => {
                let message = format!(
                    "the proxy for `{}` in the environment is no http or https URL",
                    origin.scheme.as_str()
                );
                Err(EgressError::new(EgressErrorKind::Invalid, message))
            }
        }
    }
}

/// What a proxy's own address is checked by: the operator has named it.
pub(super) fn granted_proxy(proxy: &Url) -> Option<OriginPattern> {
    Destination::of_setting(proxy.as_str(), Family::Http)
        .ok()
        .map(|destination| OriginPattern::from(&destination))
}

fn is_at_or_below(name: &str, host: &str) -> bool {
    host == "*"
        || name.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let mut environment = Environment::default();
        for (name, value) in variables {
            environment.set(*name, *value);
        }
        Proxies::of(&environment)
    }

    fn way(proxies: &Proxies, url: &str) -> Option<String> {
        let Ok(Destination::Origin(origin)) = Destination::of_url(&Url::parse(url).unwrap()) else {
            panic!("{url}")
        };
        proxies.on_the_way_to(&origin).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_some_hosts_have_none() {
        let proxies = proxies(&[
            ("HTTPS_PROXY", "proxy:3128"),
            ("http_proxy", "http://other:1"),
            ("NO_PROXY", "internal.example, .lab"),
        ]);
        for (url, expected) in [
            ("https://h.example/x", Some("http://proxy:3128/")),
            ("http://h.example/x", Some("http://other:1/")),
            ("https://internal.example/", None),
            ("https://a.internal.example/", None),
            ("https://notinternal.example/", Some("http://proxy:3128/")),
            ("https://box.lab/", None),
            ("https://127.0.0.1/", None),
            ("https://localhost/", None),
        ] {
            assert_eq!(way(&proxies, url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn all_is_for_both_and_a_star_for_nobody() {
        let all = proxies(&[("ALL_PROXY", "http://proxy:1")]);
        assert_eq!(way(&all, "https://h/").as_deref(), Some("http://proxy:1/"));
        assert_eq!(way(&all, "http://h/").as_deref(), Some("http://proxy:1/"));
        let none = proxies(&[("ALL_PROXY", "http://proxy:1"), ("no_proxy", "*")]);
        assert_eq!(way(&none, "https://h/"), None);
        assert_eq!(way(&Proxies::default(), "https://h/"), None);
    }

    #[test]
    fn a_proxy_that_is_none_is_named() {
        let bad = proxies(&[("http_proxy", "socks5://proxy:1")]);
        let Ok(Destination::Origin(origin)) =
            Destination::of_url(&Url::parse("http://h/").unwrap())
        else {
            panic!("an origin")
        };
        let error = bad.on_the_way_to(&origin).unwrap_err();
        assert!(error.message.contains("the proxy for `http`"), "{error}");
    }
}
