//! What the operator asked for: settings become a [`Config`] or an error that names one.

use mqtt_protocol_core::mqtt::Version;
use mqtt_protocol_core::mqtt::packet::Qos;
use playhouse_plugin::{InitError, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::topic::Topic;

const EVENTS: &str = "playhouse/{ident}/events/{event}";
const STATUSES: &str = "playhouse/{ident}/status";

/// The settings. Numbers and booleans may be texts, as variables of the environment are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `mqtt://host:port`, `mqtts://host:port`, or the path of a Unix socket.
    url: Option<String>,
    /// The broker's host, in place of `url`.
    hostname: Option<String>,
    /// The broker's port beside `hostname`; 1883.
    port: Option<Value>,
    /// Beside `hostname`: anything but false means TLS.
    tls: Option<Value>,
    /// The client certificate, by its name in the entry's `identities`.
    identity: Option<String>,
    /// Where events go.
    topic: Option<String>,
    /// Where statuses go.
    status_topic: Option<String>,
    /// 0, 1 or 2; 1 with `url`, 0 with `hostname`.
    qos: Option<Value>,
    /// Whether the broker keeps the last message of each topic.
    retain: Option<Value>,
    /// What the broker knows this client by.
    client_id: Option<String>,
    /// Seconds; 60, and 0 for none.
    keepalive: Option<Value>,
    /// What the broker publishes where this client is lost.
    will: Option<WillSettings>,
    /// To log in.
    username: Option<String>,
    /// To log in; better a secret of this name.
    password: Option<String>,
    /// Both in one, as Ansible Runner's plugin has them.
    auth: Option<Auth>,
    /// 3.1.1 or 5.
    protocol: Option<Value>,
    /// `tcp`.
    transport: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WillSettings {
    topic: String,
    #[serde(default)]
    payload: String,
    qos: Option<Value>,
    retain: Option<Value>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Auth {
    username: String,
    password: Option<String>,
}

/// Everything decided.
pub(crate) struct Config {
    /// As `net` takes it.
    pub(crate) address: String,
    pub(crate) identity: Option<String>,
    pub(crate) version: Version,
    pub(crate) topic: Topic,
    pub(crate) status_topic: Topic,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
    pub(crate) client_id: String,
    /// Seconds; 0 for none.
    pub(crate) keepalive: u16,
    pub(crate) will: Option<Will>,
    pub(crate) username: Option<String>,
    /// None with a user name: the secret `password`, if there is one.
    pub(crate) password: Option<String>,
}

pub(crate) struct Will {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) qos: Qos,
    pub(crate) retain: bool,
}

impl Config {
    pub(crate) fn new(settings: Settings, setup: &Setup) -> Result<Self, InitError> {
        let address = address(&settings)?;
        if settings.transport.as_deref().is_some_and(|transport| transport != "tcp") {
            return Err(InitError::config("/transport", "only `tcp` is there"));
        }
        let version = match settings.protocol.as_ref().map(text).as_deref() {
            None | Some("3.1.1" | "4") => Version::V3_1_1,
            Some("5" | "5.0") => Version::V5_0,
            Some(_) => return Err(InitError::config("/protocol", "write 3.1.1 or 5")),
        };
        let topic_at = |template: &str, setting: &str| {
            Topic::new(template, setup).map_err(|reason| InitError::config(setting, reason))
        };
        let status_template = settings.status_topic.as_deref();
        let status_topic =
            status_template.or(settings.topic.as_deref()).unwrap_or(STATUSES).to_owned();
        let status_setting = if status_template.is_some() { "/status_topic" } else { "/topic" };
        let keepalive = number(settings.keepalive.as_ref(), "/keepalive", u16::MAX.into())?;
        // What Ansible Runner's plugin has where nothing is said.
        let usual_qos = u64::from(settings.url.is_some());
        let will = match settings.will {
            None => None,
            Some(will) => Some(Will {
                topic: topic_at(&will.topic, "/will/topic")?.fill(&crate::Names::default()),
                payload: will.payload,
                qos: qos(will.qos.as_ref(), "/will/qos", 0)?,
                retain: flag(will.retain.as_ref(), "/will/retain")?,
            }),
        };
        let (username, password) = match settings.auth {
            Some(auth) if settings.username.is_none() => (Some(auth.username), auth.password),
            _ => (settings.username, settings.password),
        };
        Ok(Self {
            address,
            identity: settings.identity,
            version,
            topic: topic_at(settings.topic.as_deref().unwrap_or(EVENTS), "/topic")?,
            status_topic: topic_at(&status_topic, status_setting)?,
            qos: qos(settings.qos.as_ref(), "/qos", usual_qos)?,
            retain: flag(settings.retain.as_ref(), "/retain")?,
            client_id: settings.client_id.unwrap_or_else(|| client_id(setup)),
            keepalive: keepalive.map_or(60, |seconds| u16::try_from(seconds).unwrap_or(u16::MAX)),
            will,
            username,
            password,
        })
    }
}

/// `url`, or what `hostname`, `port` and `tls` say in its place.
fn address(settings: &Settings) -> Result<String, InitError> {
    let Some(url) = &settings.url else {
        let host =
            settings.hostname.as_deref().filter(|host| !host.is_empty()).ok_or_else(|| {
                InitError::config("/url", "it is missing; write mqtt://HOST or mqtts://HOST")
            })?;
        let is_tls = match &settings.tls {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Object(members)) if !members.is_empty() => {
                return Err(InitError::config(
                    "/tls",
                    "files are the host's to read: write `tls_ca` and `identities` into the plugin's entry in env/plugins, and `tls: true` here",
                ));
            }
            Some(_) => true,
        };
        let port = number(settings.port.as_ref(), "/port", u16::MAX.into())?.unwrap_or(1883);
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        return Ok(format!("{}://{host}:{port}", if is_tls { "tls" } else { "tcp" }));
    };
    if let Some(path) = url.strip_prefix("unix:").or(Some(url)).filter(|url| url.starts_with('/')) {
        return Ok(format!("unix:{path}"));
    }
    let wrong = |message: &str| InitError::config("/url", message);
    let (scheme, rest) = url
        .split_once("://")
        .ok_or_else(|| wrong("write mqtt://HOST, mqtts://HOST or the path of a Unix socket"))?;
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "mqtt" | "tcp" => ("tcp", 1883),
        "mqtts" | "tls" => ("tls", 8883),
        _ => return Err(wrong("its scheme is mqtt or mqtts")),
    };
    let host = rest.strip_suffix('/').unwrap_or(rest);
    if host.contains('@') {
        return Err(wrong("the user goes into `username`, the password into a secret"));
    }
    if host.is_empty() || host.contains(['/', '?', '#']) {
        return Err(wrong("it has a host and a port, and nothing after them"));
    }
    let has_port = host.rsplit(']').next().is_some_and(|end| end.contains(':'));
    Ok(if has_port {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{default_port}")
    })
}

/// As a text, without the quotes that JSON has.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: Option<&Value>, setting: &str, max: u64) -> Result<Option<u64>, InitError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    match text(value).parse() {
        Ok(number) if number <= max => Ok(Some(number)),
        _ => Err(InitError::config(setting, format!("it is no number from 0 to {max}"))),
    }
}

fn qos(value: Option<&Value>, setting: &str, usual: u64) -> Result<Qos, InitError> {
    Ok(match number(value, setting, 2)?.unwrap_or(usual) {
        0 => Qos::AtMostOnce,
        1 => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    })
}

fn flag(value: Option<&Value>, setting: &str) -> Result<bool, InitError> {
    match value.map(text).as_deref() {
        None | Some("false" | "False" | "0" | "null") => Ok(false),
        Some("true" | "True" | "1") => Ok(true),
        Some(_) => Err(InitError::config(setting, "write true or false")),
    }
}

/// One a run and plugin, so that a broker lets a new connection take the place of a lost
/// one. 23 letters and digits are what every broker accepts.
fn client_id(setup: &Setup) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in setup.run.id.bytes().chain([0]).chain(setup.name.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("playhouse{:014x}", hash >> 8)
}
