//! Sockets and name lookups. No manifest can ask for them, so nobody has them: HTTP goes through its own gate.
//!
//! **Refuses.** The making of a socket, so that a guest holds no file descriptor of the host, and every lookup, whose
//! name alone could carry data out. Each refusal is an error that the guest can handle, and is told to the call's
//! account.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::{
    p2::{
        DynPollable, SocketError, SocketResult, TcpSocket, UdpSocket,
        bindings::sockets::{
            ip_name_lookup::{self, ResolveAddressStream},
            network::{self, ErrorCode, IpAddress, IpAddressFamily, Network},
            tcp_create_socket, udp_create_socket,
        },
    },
    sockets::WasiSocketsView as _,
};

use crate::{
    account::Use,
    state::{CallState, HostView},
};

/// Puts our gate in the place of wasmtime-wasi's.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    tcp_create_socket::add_to_linker::<CallState, HostView>(linker, |state| state)?;
    udp_create_socket::add_to_linker::<CallState, HostView>(linker, |state| state)?;
    ip_name_lookup::add_to_linker::<CallState, HostView>(linker, |state| state)
}

impl CallState {
    /// The one gate.
    fn socket<T>(&self, what: &str) -> SocketResult<T> {
        self.denied(Use::Sockets, what);
        Err(ErrorCode::AccessDenied.into())
    }
}

impl tcp_create_socket::Host for CallState {
    fn create_tcp_socket(&mut self, _family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        self.socket("tcp")
    }
}

impl udp_create_socket::Host for CallState {
    async fn create_udp_socket(&mut self, _family: IpAddressFamily) -> SocketResult<Resource<UdpSocket>> {
        self.socket("udp")
    }
}

impl ip_name_lookup::Host for CallState {
    fn resolve_addresses(
        &mut self,
        _network: Resource<Network>,
        name: String,
    ) -> SocketResult<Resource<ResolveAddressStream>> {
        self.socket(&format!("lookup of {name}"))
    }
}

impl ip_name_lookup::HostResolveAddressStream for CallState {
    fn resolve_next_address(&mut self, stream: Resource<ResolveAddressStream>) -> SocketResult<Option<IpAddress>> {
        self.sockets().resolve_next_address(stream)
    }

    fn subscribe(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<Resource<DynPollable>> {
        self.sockets().subscribe(stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        ip_name_lookup::HostResolveAddressStream::drop(&mut self.sockets(), stream)
    }
}

impl network::HostNetwork for CallState {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.sockets(), network)
    }
}

impl network::Host for CallState {
    fn network_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        self.sockets().network_error_code(error)
    }

    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }
}
