//! A plugin that tries to reach the network by itself: the host gives it no socket and looks up no name.

use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct Dialer;

#[tools]
impl Dialer {
    /// Connects to an address over TCP.
    #[tool(open_world)]
    fn connect(address: &str) -> Result<()> {
        TcpStream::connect(address).map(drop).context("connect")
    }

    /// Listens on an address.
    #[tool(open_world)]
    fn listen(address: &str) -> Result<()> {
        TcpListener::bind(address).map(drop).context("listen")
    }

    /// Sends a datagram to an address.
    #[tool(open_world)]
    fn send(address: &str) -> Result<()> {
        let socket = UdpSocket::bind("0.0.0.0:0").context("bind")?;
        socket.send_to(b"x", address).map(drop).context("send")
    }

    /// Looks up a name, as `example.com:80`.
    #[tool(open_world)]
    fn look_up(name: &str) -> Result<Vec<String>> {
        Ok(name.to_socket_addrs().context("look up")?.map(|address| address.to_string()).collect())
    }
}

tandem_sdk::export!(Dialer);
