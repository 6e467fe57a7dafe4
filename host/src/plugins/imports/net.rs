//! `net`: byte streams to granted peers.

use std::time::Duration;

use wasmtime::component::Resource;

use crate::plugins::bindings::playhouse::plugin::net;
use crate::plugins::bindings::playhouse::plugin::types::{IoError, IoErrorKind};
use crate::plugins::egress::{Connection, StreamOptions};
use crate::plugins::store::StoreState;

impl net::Host for StoreState {}

impl StoreState {
    /// What the plugin asks for, as far as its call has time left.
    fn limited(&self, millis: u32) -> Duration {
        self.time_for_exchange().min(Duration::from_millis(millis.into()))
    }
}

impl net::HostConnection for StoreState {
    async fn connect(
        &mut self,
        address: String,
        options: net::Options,
    ) -> wasmtime::Result<Result<Resource<Connection>, IoError>> {
        let options = StreamOptions {
            timeout: self.limited(options.timeout),
            alpn: options.alpn,
            identity: options.identity,
        };
        match self.egress.connect(&address, options).await {
            Ok(connection) => Ok(Ok(self.table().push(connection)?)),
            Err(error) => Ok(Err(self.told(error))),
        }
    }

    async fn read(
        &mut self,
        connection: Resource<Connection>,
        max: u32,
        timeout: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, IoError>> {
        let limit = self.limited(timeout);
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let read = self.table().get_mut(&connection)?.read(max, limit).await;
        // That nothing has come yet is no news for the log.
        Ok(read.map_err(|error| match IoErrorKind::from(error.kind) {
            IoErrorKind::TimedOut => {
                IoError { kind: IoErrorKind::TimedOut, message: error.message }
            }
            _ => self.told(error),
        }))
    }

    async fn write(
        &mut self,
        connection: Resource<Connection>,
        bytes: Vec<u8>,
        timeout: u32,
    ) -> wasmtime::Result<Result<(), IoError>> {
        let limit = self.limited(timeout);
        let written = self.table().get_mut(&connection)?.write(&bytes, limit).await;
        Ok(written.map_err(|error| self.told(error)))
    }

    async fn finish(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<Result<(), IoError>> {
        let finished = self.table().get_mut(&connection)?.finish().await;
        Ok(finished.map_err(|error| self.told(error)))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table().delete(connection)?;
        Ok(())
    }
}
