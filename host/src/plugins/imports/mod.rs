//! What the host does for a plugin: `log`, `http`, and in files of their own `net`,
//! `secret` and what WASI has for sockets, links and requests. A refusal is an answer and never a trap.

mod links;
mod net;
mod requests;
mod secret;
mod sockets;

use std::time::Duration;

use wasmtime::component::Linker;

use super::bindings::playhouse::plugin::http::{Request, Response};
use super::bindings::playhouse::plugin::log::Level;
use super::bindings::playhouse::plugin::types::{IoError, IoErrorKind};
use super::bindings::playhouse::plugin::{delivery, http, log, types};
use super::egress::{EgressError, EgressErrorKind, Held, HttpRequest};
use super::log::LogLevel;
use super::store::StoreState;

/// Puts what is ours in place of some of what WASI links.
pub(super) fn add_ours_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    sockets::add_refusals_to_linker(linker)?;
    links::add_links_to_linker(linker)?;
    requests::add_requests_to_linker(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

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
        Ok(match self.egress.send(request, &mut Held::uncounted()).await {
            Ok(response) => Ok(Response {
                status: response.status,
                headers: response
                    .headers
                    .into_iter()
                    .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
                    .collect(),
                body: response.body,
            }),
            Err(error) => Err(self.told(error)),
        })
    }
}

impl StoreState {
    /// An error for the plugin, which its log has too.
    fn told(&self, error: EgressError) -> IoError {
        self.log.write(LogLevel::Warn, &error.message, &[]);
        IoError { kind: error.kind.into(), message: error.message }
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
