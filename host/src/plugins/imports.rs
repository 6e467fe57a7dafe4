//! What the host does for a plugin: `log`, `http`, and the places of `net` and `secret`,
//! which this version grants to nobody. A refusal is an answer and never a trap.

use std::time::Duration;

use wasmtime::component::{Resource, ResourceTableError};

use super::bindings::playhouse::plugin::http::{Request, Response};
use super::bindings::playhouse::plugin::log::Level;
use super::bindings::playhouse::plugin::secret::SecretError;
use super::bindings::playhouse::plugin::types::{IoError, IoErrorKind};
use super::bindings::playhouse::plugin::{delivery, http, log, net, secret, types};
use super::egress::{EgressErrorKind, HttpRequest};
use super::log::LogLevel;
use super::store::StoreState;

impl types::Host for StoreState {}

impl delivery::Host for StoreState {}

impl log::Host for StoreState {
    fn enabled(&mut self, _: Level) -> wasmtime::Result<bool> {
        Ok(self.log.has_room())
    }

    fn log(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.log.write(level.into(), &message, &fields);
        Ok(())
    }
}

impl http::Host for StoreState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, IoError>> {
        let left = self.time_for_exchange();
        let asked = request.timeout.map(|millis| Duration::from_millis(millis.into()));
        let request = HttpRequest {
            method: request.method,
            url: request.url,
            headers: request
                .headers
                .into_iter()
                .map(|(name, value)| (name, value.into_bytes()))
                .collect(),
            body: request.body,
            timeout: asked.map_or(left, |asked| asked.min(left)),
        };
        Ok(match self.egress.send(request).await {
            Ok(response) => Ok(Response {
                status: response.status,
                headers: response
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
                    .collect(),
                body: response.body,
            }),
            Err(error) => Err(self.told(error.kind.into(), error.message)),
        })
    }
}

/// No connection is ever made, so nothing is ever asked of one.
#[expect(unreachable_pub, reason = "the generated code re-exports it")]
pub enum NoConnection {}

impl net::Host for StoreState {}

impl net::HostConnection for StoreState {
    async fn connect(
        &mut self,
        address: String,
        _: net::Options,
    ) -> wasmtime::Result<Result<Resource<NoConnection>, IoError>> {
        self.egress.count_refusal();
        let message = format!(
            "no stream to `{}`: this version of Playhouse grants `net` to no plugin",
            address.escape_default()
        );
        Ok(Err(self.told(IoErrorKind::Denied, message)))
    }

    async fn read(
        &mut self,
        _: Resource<NoConnection>,
        _: u32,
        _: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, IoError>> {
        Err(ResourceTableError::NotPresent.into())
    }

    async fn write(
        &mut self,
        _: Resource<NoConnection>,
        _: Vec<u8>,
        _: u32,
    ) -> wasmtime::Result<Result<(), IoError>> {
        Err(ResourceTableError::NotPresent.into())
    }

    async fn finish(&mut self, _: Resource<NoConnection>) -> wasmtime::Result<Result<(), IoError>> {
        Err(ResourceTableError::NotPresent.into())
    }

    async fn drop(&mut self, _: Resource<NoConnection>) -> wasmtime::Result<()> {
        Err(ResourceTableError::NotPresent.into())
    }
}

impl secret::Host for StoreState {
    async fn get(&mut self, name: String) -> wasmtime::Result<Result<String, SecretError>> {
        self.egress.count_refusal();
        let message = format!(
            "no secret `{}`: this version of Playhouse grants `secret` to no plugin",
            name.escape_default()
        );
        self.log.write(LogLevel::Warn, &message, &[]);
        Ok(Err(SecretError::Denied(message)))
    }
}

impl StoreState {
    /// An error for the plugin, which its log has too.
    fn told(&self, kind: IoErrorKind, message: String) -> IoError {
        self.log.write(LogLevel::Warn, &message, &[]);
        IoError { kind, message }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Trace => Self::Trace,
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<EgressErrorKind> for IoErrorKind {
    fn from(kind: EgressErrorKind) -> Self {
        match kind {
            EgressErrorKind::Denied => Self::Denied,
            EgressErrorKind::Limit => Self::Limit,
            EgressErrorKind::Invalid => Self::Invalid,
            EgressErrorKind::Unresolved => Self::Unresolved,
            EgressErrorKind::Unreachable => Self::Unreachable,
            EgressErrorKind::TimedOut => Self::TimedOut,
            EgressErrorKind::Closed => Self::Closed,
            EgressErrorKind::Tls => Self::Tls,
            EgressErrorKind::Other => Self::Other,
        }
    }
}
