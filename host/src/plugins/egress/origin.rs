//! Where a request goes, and the patterns that grants are made of.
//!
//! Both sides are normalised the same way, by the parser that the HTTP client uses:
//! lower case, punycode, one trailing dot off, `127.1` and `0x7f000001` written out. So
//! what is compared is what will be connected to.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use thiserror::Error;
use url::{Host, Url};

/// Where one request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::plugins) enum Destination {
    Origin(Origin),
    Socket(PathBuf),
}

/// A scheme, a host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::plugins) struct Origin {
    pub(super) scheme: Scheme,
    pub(super) host: OriginHost,
    pub(super) port: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::plugins) enum Scheme {
    Http,
    Https,
    Tcp,
    Tls,
}

/// The kinds of grant that have origins: HTTP exchanges, and byte streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plugins) enum Family {
    Http,
    Net,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::plugins) enum OriginHost {
    Name(String),
    Address(IpAddr),
}

/// A grant's pattern: `https://hooks.example`, `http://*.example:*`, `tls://broker:8883`,
/// `unix:/run/x.sock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugins) enum OriginPattern {
    Origin { scheme: Scheme, host: HostPattern, port: Option<u16> },
    Socket(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugins) enum HostPattern {
    /// `*`
    Any,
    /// `*.example`: one label or more before the name, and not the name itself.
    Below(String),
    Is(OriginHost),
}

/// A pattern that cannot be read, and from which character on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column}: {reason}")]
pub(in crate::plugins) struct OriginPatternError {
    column: usize,
    reason: String,
}

impl Family {
    /// As grants are called: `http`, `net`.
    pub(in crate::plugins) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Net => "net",
        }
    }

    fn scheme(self, text: &str) -> Option<Scheme> {
        match (self, text.to_ascii_lowercase().as_str()) {
            (Self::Http, "http") => Some(Scheme::Http),
            (Self::Http, "https") => Some(Scheme::Https),
            (Self::Net, "tcp") => Some(Scheme::Tcp),
            (Self::Net, "tls") => Some(Scheme::Tls),
            _ => None,
        }
    }

    /// How a pattern begins.
    fn beginnings(self) -> &'static str {
        match self {
            Self::Http => "begin with `http://`, `https://` or `unix:/`",
            Self::Net => "begin with `tcp://`, `tls://` or `unix:/`",
        }
    }
}

impl Scheme {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Http => Some(80),
            Self::Https => Some(443),
            Self::Tcp | Self::Tls => None,
        }
    }
}

/// Schemes of settings that name a stream in their protocol's own words: the stream's
/// scheme and the port where none is said.
const STREAM_SETTINGS: [(&str, Scheme, Option<u16>); 5] = [
    ("tcp", Scheme::Tcp, None),
    ("tls", Scheme::Tls, None),
    ("mqtt", Scheme::Tcp, Some(1883)),
    ("mqtts", Scheme::Tls, Some(8883)),
    ("ssl", Scheme::Tls, Some(8883)),
];

impl Destination {
    /// Of `https://host:port/path` or `http+unix://%2Frun%2Fx.sock/path`. The error says
    /// what of the URL cannot be used.
    pub(in crate::plugins) fn of_url(url: &Url) -> Result<Self, String> {
        if url.scheme() == "http+unix" {
            let path = percent_decoded(url.host_str().unwrap_or_default())
                .ok_or("the host of an `http+unix` URL is not a percent-encoded path")?;
            return if path.starts_with('/') {
                Ok(Self::Socket(PathBuf::from(path)))
            } else {
                Err("the host of an `http+unix` URL is an absolute path, its `/` written `%2F`"
                    .into())
            };
        }
        let scheme = Family::Http
            .scheme(url.scheme())
            .ok_or_else(|| format!("`{}` is neither http, https nor http+unix", url.scheme()))?;
        let host = origin_host(url.host().ok_or("it has no host")?);
        let port = url.port_or_known_default().ok_or("it has no port")?;
        Ok(Self::Origin(Origin { scheme, host, port }))
    }

    /// Of `tcp://host:port`, `tls://host:port` or `unix:/path`.
    pub(in crate::plugins) fn of_address(text: &str) -> Result<Self, String> {
        match OriginPattern::parse(text, Family::Net).map_err(|error| error.to_string())? {
            OriginPattern::Socket(path) => Ok(Self::Socket(path)),
            OriginPattern::Origin { scheme, host: HostPattern::Is(host), port: Some(port) } => {
                Ok(Self::Origin(Origin { scheme, host, port }))
            }
            OriginPattern::Origin { .. } => Err("`*` is no place to go to".to_owned()),
        }
    }

    /// Of a host and a port that are settings of their own.
    pub(in crate::plugins) fn of_host(host: &str, port: u16, is_tls: bool) -> Result<Self, String> {
        let host = origin_host(Host::parse(host).map_err(|error| error.to_string())?);
        let scheme = if is_tls { Scheme::Tls } else { Scheme::Tcp };
        Ok(Self::Origin(Origin { scheme, host, port }))
    }

    /// Of a setting: a URL, or the absolute path of a Unix socket.
    pub(in crate::plugins) fn of_setting(value: &str, family: Family) -> Result<Self, String> {
        if let Some(path) = value.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            return Ok(Self::Socket(PathBuf::from(path)));
        }
        match (value.split_once("://"), family) {
            (Some(_), Family::Http) => {
                Self::of_url(&Url::parse(value).map_err(|error| error.to_string())?)
            }
            (Some((scheme, rest)), Family::Net) => {
                let scheme = scheme.to_ascii_lowercase();
                let (_, scheme, default_port) = STREAM_SETTINGS
                    .into_iter()
                    .find(|(known, ..)| *known == scheme)
                    .ok_or_else(|| format!("`{scheme}` is no scheme of a stream"))?;
                // The parser knows hosts and ports of schemes that it knows.
                let url = Url::parse(&format!("ws://{rest}")).map_err(|error| error.to_string())?;
                let host = origin_host(url.host().ok_or("it has no host")?);
                let is_80 = rest
                    .split(['/', '?', '#'])
                    .next()
                    .is_some_and(|authority| authority.ends_with(":80"));
                let said = url.port().or(is_80.then_some(80));
                let port = said.or(default_port).ok_or("it has no port")?;
                Ok(Self::Origin(Origin { scheme, host, port }))
            }
            (None, _) if value.starts_with('/') => Ok(Self::Socket(PathBuf::from(value))),
            (None, _) => Err("it is empty or relative".to_owned()),
        }
    }
}

fn origin_host<S: AsRef<str>>(host: Host<S>) -> OriginHost {
    match host {
        Host::Domain(name) => OriginHost::Name(without_trailing_dot(name.as_ref()).to_owned()),
        Host::Ipv4(address) => OriginHost::Address(address.into()),
        Host::Ipv6(address) => OriginHost::Address(address.into()),
    }
}

impl From<&Destination> for OriginPattern {
    fn from(destination: &Destination) -> Self {
        match destination {
            Destination::Socket(path) => Self::Socket(path.clone()),
            Destination::Origin(Origin { scheme, host, port }) => Self::Origin {
                scheme: *scheme,
                host: HostPattern::Is(host.clone()),
                port: Some(*port),
            },
        }
    }
}

impl OriginPattern {
    /// Reads a grant of one kind.
    pub(in crate::plugins) fn parse(
        text: &str,
        family: Family,
    ) -> Result<Self, OriginPatternError> {
        parse_pattern(text, family).map_err(|(byte, reason)| OriginPatternError {
            column: text[..byte].chars().count() + 1,
            reason,
        })
    }

    /// Whether some destination is matched by both.
    pub(in crate::plugins) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Socket(one), Self::Socket(other)) => one == other,
            (
                Self::Origin { scheme, host, port },
                Self::Origin { scheme: other_scheme, host: other_host, port: other_port },
            ) => {
                scheme == other_scheme
                    && (port.is_none() || other_port.is_none() || port == other_port)
                    && host.overlaps(other_host)
            }
            _ => false,
        }
    }

    /// Whether it is for HTTP over TLS.
    pub(in crate::plugins) fn is_https(&self) -> bool {
        matches!(self, Self::Origin { scheme: Scheme::Https, .. })
    }

    /// Whether it is one origin and no more.
    pub(in crate::plugins) fn is_one(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Origin { host, port, .. } => matches!(host, HostPattern::Is(_)) && port.is_some(),
        }
    }

    pub(in crate::plugins) fn matches(&self, destination: &Destination) -> bool {
        match (self, destination) {
            (Self::Socket(granted), Destination::Socket(path)) => granted == path,
            (Self::Origin { scheme, host, port }, Destination::Origin(origin)) => {
                *scheme == origin.scheme
                    && port.is_none_or(|port| port == origin.port)
                    && host.matches(&origin.host)
            }
            _ => false,
        }
    }
}

impl HostPattern {
    fn overlaps(&self, other: &Self) -> bool {
        let is_below = |name: &str, parent: &str| {
            name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Is(host), pattern) | (pattern, Self::Is(host)) => pattern.matches(host),
            (Self::Below(one), Self::Below(other)) => is_below(one, other) || is_below(other, one),
        }
    }

    fn matches(&self, host: &OriginHost) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Is(granted), host) => granted == host,
            (Self::Below(parent), OriginHost::Name(name)) => name
                .strip_suffix(parent.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|labels| !labels.is_empty()),
            (Self::Below(_), OriginHost::Address(_)) => false,
        }
    }
}

/// The error has the byte where it begins.
fn parse_pattern(text: &str, family: Family) -> Result<OriginPattern, (usize, String)> {
    if let Some(path) = text.strip_prefix("unix:") {
        if !path.starts_with('/') {
            return Err((5, "a socket is an absolute path: `unix:/run/x.sock`".into()));
        }
        return Ok(OriginPattern::Socket(PathBuf::from(path)));
    }
    let (scheme, rest) = text
        .split_once("://")
        .and_then(|(scheme, rest)| Some((family.scheme(scheme)?, rest)))
        .ok_or((0, family.beginnings().to_owned()))?;
    let start = text.len() - rest.len();
    let end = rest.find(['/', '?', '#', '@', '\\']).or_else(|| rest.find(char::is_whitespace));
    if let Some(at) = end {
        let reason = "a grant is an origin: a host and a port, and no path, user or query";
        return Err((start + at, reason.into()));
    }
    let host_end = match rest.rfind(':') {
        Some(at) if !rest[at..].contains(']') => at,
        _ => rest.len(),
    };
    let port = match rest.get(host_end + 1..) {
        None => match scheme.default_port() {
            Some(port) => Some(port),
            None => return Err((text.len(), "a stream needs a port: `tcp://host:1883`".into())),
        },
        Some("*") => None,
        Some(digits) => match digits.parse::<u16>() {
            Ok(port) if port > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(port),
            _ => {
                return Err((
                    start + host_end + 1,
                    "a port is a number up to 65535, or `*`".into(),
                ));
            }
        },
    };
    let host =
        parse_host_pattern(&rest[..host_end]).map_err(|(at, reason)| (start + at, reason))?;
    Ok(OriginPattern::Origin { scheme, host, port })
}

fn parse_host_pattern(text: &str) -> Result<HostPattern, (usize, String)> {
    if text == "*" {
        return Ok(HostPattern::Any);
    }
    let (skipped, name) = match text.strip_prefix("*.") {
        Some(name) => (2, name),
        None => (0, text),
    };
    if let Some(at) = name.find('*') {
        let reason = "`*` stands alone or for all labels before a name: `*.example`";
        return Err((skipped + at, reason.into()));
    }
    let host = Host::parse(without_trailing_dot(name))
        .map(origin_host)
        .map_err(|error| (skipped, format!("that is no host: {error}")))?;
    match (skipped, host) {
        (0, host) => Ok(HostPattern::Is(host)),
        (_, OriginHost::Name(name)) => Ok(HostPattern::Below(name)),
        (_, OriginHost::Address(_)) => Err((0, "an address has nothing below it".into())),
    }
}

fn without_trailing_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let [high, low, after @ ..] = after else { return None };
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        OriginPattern::from(self).fmt(formatter)
    }
}

impl fmt::Display for OriginPattern {
    /// As `--plugin-allow` takes it; the port is left out where the scheme says it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(formatter, "unix:{}", path.display()),
            Self::Origin { scheme, host, port } => {
                write!(formatter, "{}://", scheme.as_str())?;
                match host {
                    HostPattern::Any => formatter.write_str("*"),
                    HostPattern::Below(name) => write!(formatter, "*.{name}"),
                    HostPattern::Is(OriginHost::Name(name)) => formatter.write_str(name),
                    HostPattern::Is(OriginHost::Address(IpAddr::V4(address))) => {
                        write!(formatter, "{address}")
                    }
                    HostPattern::Is(OriginHost::Address(IpAddr::V6(address))) => {
                        write!(formatter, "[{address}]")
                    }
                }?;
                match port {
                    None => formatter.write_str(":*"),
                    Some(port) if Some(*port) == scheme.default_port() => Ok(()),
                    Some(port) => write!(formatter, ":{port}"),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(url: &str) -> Destination {
        Destination::of_url(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn patterns_match_what_they_say_and_nothing_else() {
        for (pattern, url, expected) in [
            ("https://h", "https://h/x", true),
            ("https://h", "https://h:443/", true),
            ("https://h", "https://h:8443/", false),
            ("https://h", "http://h/", false),
            ("https://h:*", "https://h:8443/", true),
            ("https://H.Example.", "https://h.example./", true),
            ("https://bücher.example", "https://xn--bcher-kva.example/", true),
            ("https://*.example", "https://a.b.example/", true),
            ("https://*.example", "https://example/", false),
            ("https://*.example", "https://badexample/", false),
            ("https://*", "https://10.0.0.1/", true),
            ("http://127.0.0.1", "http://127.1/", true),
            ("http://127.0.0.1", "http://0x7f000001/", true),
            ("http://127.0.0.1", "http://2130706433/", true),
            ("http://0177.0.0.1", "http://127.0.0.1/", true),
            ("http://[::1]:80", "http://[0:0:0:0:0:0:0:1]/", true),
            ("http://localhost", "http://127.0.0.1/", false),
            ("http://good.example", "http://good.example@evil.example/", false),
            ("unix:/run/x.sock", "http+unix://%2Frun%2Fx.sock/path", true),
            ("unix:/run/x.sock", "http+unix://%2Frun%2F..%2Frun%2Fx.sock/", false),
        ] {
            let granted = OriginPattern::parse(pattern, Family::Http).expect(pattern);
            assert_eq!(granted.matches(&destination(url)), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_read_says_where() {
        for (pattern, column) in [
            ("h", 1),
            ("ftp://h", 1),
            ("tcp://h:1", 1),
            ("https://h/x", 10),
            ("https://u@h", 10),
            ("https://h?q", 10),
            ("https://h x", 10),
            ("https://h:", 11),
            ("https://h:0", 11),
            ("https://h:99999", 11),
            ("https://h:+1", 11),
            ("https://é:x", 11),
            ("https://a.*.b", 11),
            ("https://*.10.0.0.1", 9),
            ("https://[fe80::1%25eth0]", 9),
            ("https://1.2.3.4.5", 9),
            ("https://", 9),
            ("unix:x", 6),
        ] {
            let error = OriginPattern::parse(pattern, Family::Http).expect_err(pattern);
            assert_eq!(error.column, column, "{error}");
        }
    }

    #[test]
    fn what_is_shown_can_be_given_as_a_grant() {
        for (url, shown) in [
            ("https://h:8443/x?y", "https://h:8443"),
            ("http://h:80/", "http://h"),
            ("http://[::1]/", "http://[::1]"),
            ("http+unix://%2Fx%2Fy.sock/", "unix:/x/y.sock"),
        ] {
            let destination = destination(url);
            assert_eq!(destination.to_string(), shown);
            let granted = OriginPattern::parse(shown, Family::Http).unwrap();
            assert!(granted.matches(&destination));
        }
    }

    #[test]
    fn a_setting_is_a_url_or_a_socket() {
        let shown =
            |value| Destination::of_setting(value, Family::Http).map(|found| found.to_string());
        assert_eq!(shown("https://h/x"), Ok("https://h".to_owned()));
        assert_eq!(shown("/x.sock"), Ok("unix:/x.sock".to_owned()));
        assert!(shown("ftp://h").is_err() && shown("").is_err());
    }

    #[test]
    fn a_setting_may_name_a_stream_in_its_protocols_words() {
        for (setting, expected) in [
            ("tcp://H:5555", Some("tcp://h:5555")),
            ("tcp://h:80", Some("tcp://h:80")),
            ("tcp://h", None),
            ("mqtt://u:p@h/x", Some("tcp://h:1883")),
            ("mqtts://h", Some("tls://h:8883")),
            ("mqtts://127.1:1", Some("tls://127.0.0.1:1")),
            ("tls://[::1]:6", Some("tls://[::1]:6")),
            ("unix:/run/x", Some("unix:/run/x")),
            ("http://h:1", None),
            ("h:1", None),
        ] {
            let shown = Destination::of_setting(setting, Family::Net).map(|at| at.to_string());
            assert_eq!(shown.ok().as_deref(), expected, "{setting}");
        }
    }

    #[test]
    fn a_stream_goes_to_one_place() {
        let granted = OriginPattern::parse("tcp://*.example:*", Family::Net).unwrap();
        assert!(granted.matches(&Destination::of_address("tcp://a.example:1").unwrap()));
        assert!(!granted.matches(&Destination::of_address("tls://a.example:1").unwrap()));
        for bad in ["tcp://h", "tcp://*:1", "tcp://h:*", "http://h:1", "h:1", "tcp://h:1/x"] {
            assert!(Destination::of_address(bad).is_err(), "{bad}");
        }
    }
}
