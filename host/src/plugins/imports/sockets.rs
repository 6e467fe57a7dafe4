//! WASI's own sockets: there for components that were built with them, and refused before
//! anything is opened. Each attempt is counted and in the plugin's log; `net` and `http` are the ways out.

use std::sync::Arc;

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, IpAddress, IpAddressFamily, Network,
};
use wasmtime_wasi::p2::bindings::sockets::{tcp_create_socket, udp_create_socket};
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket};

use crate::plugins::egress::Egress;
use crate::plugins::log::{LogLevel, PluginLog};
use crate::plugins::store::StoreState;

/// Puts ours in place of what makes WASI's sockets and looks names up: a socket that is
/// made is a descriptor of the host's, and WASI tells nobody what it refuses.
pub(super) fn add_refusals_to_linker(linker: &mut Linker<StoreState>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<_, Refused>(linker, StoreState::refused_wasi)?;
    tcp_create_socket::add_to_linker::<_, Refused>(linker, StoreState::refused_wasi)?;
    udp_create_socket::add_to_linker::<_, Refused>(linker, StoreState::refused_wasi)?;
    Ok(())
}

struct Refused;

impl HasData for Refused {
    type Data<'a> = RefusedView<'a>;
}

pub(in crate::plugins) struct RefusedView<'a> {
    table: &'a mut ResourceTable,
    egress: Arc<Egress>,
    log: Arc<PluginLog>,
}

impl StoreState {
    fn refused_wasi(&mut self) -> RefusedView<'_> {
        let (egress, log) = (Arc::clone(&self.egress), Arc::clone(&self.log));
        RefusedView { table: self.table(), egress, log }
    }
}

impl RefusedView<'_> {
    fn refuse_socket(&self, what: &str) -> SocketError {
        self.egress.count_refusal();
        self.log.write(
            LogLevel::Warn,
            &format!(
                "no {what} socket: plugins have no sockets of their own; a stream to a granted peer is what `net` is for"
            ),
            &[],
        );
        ErrorCode::AccessDenied.into()
    }
}

impl tcp_create_socket::Host for RefusedView<'_> {
    fn create_tcp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        Err(self.refuse_socket("TCP"))
    }
}

impl udp_create_socket::Host for RefusedView<'_> {
    async fn create_udp_socket(&mut self, _: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        Err(self.refuse_socket("UDP"))
    }
}

impl Host for RefusedView<'_> {
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

impl network::Host for RefusedView<'_> {
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

impl network::HostNetwork for RefusedView<'_> {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        self.table.delete(network)?;
        Ok(())
    }
}

impl HostResolveAddressStream for RefusedView<'_> {
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
