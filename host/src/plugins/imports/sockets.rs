//! WASI's own sockets: there for components that were built with them, and refused. Each
//! attempt is counted and in the plugin's log; `net` and `http` are the ways out.

use std::net::SocketAddr;
use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{self, ErrorCode, IpAddress, Network};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult};
use wasmtime_wasi::sockets::SocketAddrUse;

use crate::plugins::egress::Egress;
use crate::plugins::log::{LogLevel, PluginLog};
use crate::plugins::store::StoreState;

/// Puts our look-up of names in place of WASI's, which tells nobody what it refuses.
pub(in crate::plugins) fn add_refusals_to_linker(
    linker: &mut Linker<StoreState>,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<_, RefusedNames>(linker, StoreState::refused_names)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Lets sockets be made, and refuses each use of one.
pub(in crate::plugins) fn refuse_sockets(
    wasi: &mut WasiCtxBuilder,
    egress: &Arc<Egress>,
    log: &Arc<PluginLog>,
) {
    let (egress, log) = (Arc::clone(egress), Arc::clone(log));
    wasi.allow_tcp(true).allow_udp(true).socket_addr_check(
        move |address: SocketAddr, how: SocketAddrUse| {
            let what = match how {
                SocketAddrUse::TcpBind | SocketAddrUse::TcpConnect => "TCP",
                _ => "UDP",
            };
            egress.count_refusal();
            log.write(
                LogLevel::Warn,
                &format!(
                    "no {what} socket for {address}: plugins have no sockets of their own; a stream to a granted peer is what `net` is for"
                ),
                &[],
            );
            Box::pin(std::future::ready(false))
        },
    );
}

struct RefusedNames;

impl HasData for RefusedNames {
    type Data<'a> = RefusedNamesView<'a>;
}

pub(in crate::plugins) struct RefusedNamesView<'a> {
    table: &'a mut ResourceTable,
    egress: Arc<Egress>,
    log: Arc<PluginLog>,
}

impl StoreState {
    fn refused_names(&mut self) -> RefusedNamesView<'_> {
        let (egress, log) = (Arc::clone(&self.egress), Arc::clone(&self.log));
        RefusedNamesView { table: self.table(), egress, log }
    }
}

impl Host for RefusedNamesView<'_> {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        self.egress.count_refusal();
        self.log.write(
            LogLevel::Warn,
            &format!(
                "the name `{}` is not looked up: plugins resolve no names; `net` and `http` do it for granted peers",
                name.escape_default()
            ),
            &[],
        );
        Err(ErrorCode::AccessDenied.into())
    }
}

impl network::Host for RefusedNamesView<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        _: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(None)
    }
}

impl network::HostNetwork for RefusedNamesView<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl HostResolveAddressStream for RefusedNamesView<'_> {
    fn resolve_next_address(
        &mut self,
        _: Resource<ResolveAddressStream>,
    ) -> SocketResult<Option<IpAddress>> {
        Err(ErrorCode::AccessDenied.into())
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        wasmtime_wasi::p2::subscribe(self.table, stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}
