//! From a target that the gate let through to an open connection: the name is resolved here, every address is checked,
//! and the very address that was checked is connected to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::Error;

use super::{
    pool::{Connection, Sender},
    target::Target,
    wire::{Counted, WINDOW, Wire},
};

/// The protocols that are offered, the better one first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// Bytes of an answer's headers over HTTP/2, as over HTTP/1.1 (hyper's default there allows 400 KiB).
const MAX_HEADERS: u32 = 64 << 10;

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

/// Opens a connection to an address that was checked.
pub(super) async fn open(target: &Target, address: SocketAddr, tls: &TlsConnector) -> Result<Connection, Error> {
    let descriptor = target.account.descriptors(1).map_err(|total| Error::InternalError(Some(total.to_string())))?;
    let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
    stream.set_nodelay(true).map_err(Error::Connect)?;
    let wire = Wire::new(target.account.clone());
    let stream = Counted::new(stream, wire.clone());
    let (stream, http2): (Box<dyn Stream>, _) = if target.tls {
        let name = ServerName::try_from(target.host.clone()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let stream = tls.connect(name, stream).await.map_err(|error| wire.explain(Error::Tls(error)))?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        (Box::new(stream), http2)
    } else {
        (Box::new(stream), false)
    };
    let io = TokioIo::new(stream);
    let (sender, driver) = if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(MAX_HEADERS);
        builder.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
        let (sender, connection) = builder.handshake(io).await?;
        // Whoever waits for an answer is told why there is none.
        (Sender::Two(sender), tokio::spawn(async move { drop(connection.await) }))
    } else {
        let (sender, connection) = http1::handshake(io).await?;
        (Sender::One(sender), tokio::spawn(async move { drop(connection.await) }))
    };
    Ok(Connection { sender, wire, _driver: AbortOnDropHandle::new(driver), _descriptor: descriptor })
}

/// The first address of the name, once every address of it was found to be allowed: a name that mixes public
/// and private addresses is an attack.
pub(super) async fn resolve(target: &Target) -> Result<SocketAddr, Error> {
    let dns_error = |_| Error::DnsError { rcode: Some("the name cannot be resolved".to_owned()), info_code: None };
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(dns_error)?.collect();
    for address in &addresses {
        if !is_public(address.ip()) && !target.rule.allows_private(address.ip()) {
            target.account.denied(crate::account::Use::Http, &format!("{} at {}", target.host, address.ip()));
            tracing::warn!(target: "tandem::plugin", host = target.host, address = %address.ip(), "outgoing http: non-public address denied");
            return Err(Error::DestinationIpProhibited);
        }
    }
    addresses.into_iter().next().ok_or(Error::DestinationNotFound)
}

/// Trusts the public authorities (of Mozilla's list), and `more`.
pub(crate) fn connector(more: &[CertificateDer<'static>]) -> Option<TlsConnector> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for certificate in more {
        roots.add(certificate.clone()).ok()?;
    }
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .ok()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    Some(TlsConnector::from(Arc::new(config)))
}

/// Whether an address is reachable on the public internet: none of the special-purpose blocks of RFC 6890 and
/// its updates, and none that carries another address inside.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(a: Ipv4Addr) -> bool {
    let [b0, b1, b2, _] = a.octets();
    !(a.is_unspecified()
        || a.is_loopback()
        || a.is_private()
        || a.is_link_local()
        || a.is_broadcast()
        || a.is_documentation()
        || a.is_multicast()
        || b0 == 0
        || b0 >= 240
        || (b0 == 100 && (64..128).contains(&b1))
        || (b0 == 192 && b1 == 0 && b2 == 0)
        || (b0 == 198 && (b1 == 18 || b1 == 19)))
}

fn is_public_v6(a: Ipv6Addr) -> bool {
    if let Some(v4) = a.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [s0, s1, ..] = a.segments();
    // Only 2000::/3 is global unicast; within it, 6to4, Teredo, ORCHID and documentation are special, and
    // NAT64 (64:ff9b::/96) lies outside.
    (s0 & 0xe000) == 0x2000 && s0 != 0x2002 && !(s0 == 0x2001 && (s1 < 0x200 || s1 == 0xdb8)) && (s0 & 0xfff0) != 0x3ff0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "ff02::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
