//! Outgoing HTTP under the allow-list.
//!
//! **Promises.** A request goes out only when a granted rule allows its method, host, port and path. The host
//! resolves the name, refuses every address that is not public unless the rule names its network, and
//! connects to the very address that it checked. No redirect is followed by the host: a guest that follows
//! one makes a new request, which is checked anew.
//!
//! **Bounds.** Connecting, the first byte, the pause between bytes, and the answer's size.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tandem_manifest::HttpRule;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::{capability::Capability, plugin::Shared};

/// Wasmtime's own defaults are ten minutes each: long enough to hold an instance for nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer's bound: the guest reads it into a memory that is bounded too.
const MAX_RESPONSE: usize = 64 << 20;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Io), Error>;

/// The one gate of outgoing HTTP.
pub(crate) struct HttpGate {
    plugin: Arc<Shared>,
    capability: Arc<Capability>,
}

impl HttpGate {
    pub(crate) fn new(plugin: Arc<Shared>, capability: Arc<Capability>) -> Self {
        Self { plugin, capability }
    }

    fn admit(&self, request: &http::Request<WasiBody>) -> Result<Target, Error> {
        let uri = request.uri();
        let tls = match uri.scheme_str() {
            Some("https") | None => true,
            Some("http") => false,
            Some(_) => return Err(Error::HttpProtocolError),
        };
        // `authority` may carry user information; only the parsed host counts.
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?.trim_matches(['[', ']']).to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let rule = self
            .capability
            .http
            .iter()
            .find(|rule| rule.allows(request.method().as_str(), &host, port, uri.path()))
            .cloned();
        match rule {
            Some(rule) => Ok(Target { host, port, tls, rule }),
            None => {
                tracing::info!(target: "tandem::plugin", plugin = &*self.plugin.name, host, port, "outgoing HTTP was denied");
                Err(Error::HttpRequestDenied)
            }
        }
    }
}

struct Target {
    host: String,
    port: u16,
    tls: bool,
    rule: HttpRule,
}

impl WasiHttpHooks for HttpGate {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let target = self.admit(&request);
        Box::new(async move { send(target?, request, options).await })
    }
}

async fn send(target: Target, mut request: http::Request<WasiBody>, options: Option<RequestOptions>) -> Sent {
    let bound = |asked: Option<Duration>, ours: Duration| asked.map_or(ours, |d| d.min(ours));
    let connect = bound(options.as_ref().and_then(|o| o.connect_timeout), CONNECT_TIMEOUT);
    let first_byte = bound(options.as_ref().and_then(|o| o.first_byte_timeout), FIRST_BYTE_TIMEOUT);

    let stream = timeout(connect, open(&target)).await.map_err(|_| Error::ConnectionTimeout)??;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
    // The connection lives as long as its answer's body, and goes with the guest.
    let driver = AbortOnDrop(tokio::spawn(async move { connection.await.map_err(Error::from) }));

    let path = request.uri().path_and_query().map_or("/", |p| p.as_str()).parse();
    *request.uri_mut() = path.map_err(|_| Error::HttpRequestUriInvalid)?;
    let response =
        timeout(first_byte, sender.send_request(request)).await.map_err(|_| Error::HttpResponseTimeout)??;
    let response = response.map(|body| {
        Limited::new(body, MAX_RESPONSE)
            .map_err(|error| match error.downcast::<hyper::Error>() {
                Ok(error) => Error::Hyper(*error),
                Err(_) => Error::HttpResponseBodySize(Some(MAX_RESPONSE as u64)),
            })
            .boxed_unsync()
    });
    Ok((response, Box::new(driver)))
}

struct AbortOnDrop(tokio::task::JoinHandle<Result<(), Error>>);

impl Future for AbortOnDrop {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| joined.unwrap_or(Err(Error::ConnectionTerminated)))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

async fn open(target: &Target) -> Result<TokioIo<Box<dyn Stream>>, Error> {
    let address = resolve(target).await?;
    let stream = TcpStream::connect(address).await.map_err(Error::Connect)?;
    stream.set_nodelay(true).map_err(Error::Connect)?;
    if !target.tls {
        return Ok(TokioIo::new(Box::new(stream)));
    }
    let name = ServerName::try_from(target.host.clone()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let stream = tls()?.connect(name, stream).await.map_err(Error::Tls)?;
    Ok(TokioIo::new(Box::new(stream)))
}

/// The first address of the name, once every address of it was found to be allowed: a name that mixes public
/// and private addresses is an attack.
async fn resolve(target: &Target) -> Result<SocketAddr, Error> {
    let dns_error = |_| Error::DnsError { rcode: Some("the name cannot be resolved".to_owned()), info_code: None };
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((target.host.as_str(), target.port)).await.map_err(dns_error)?.collect();
    for address in &addresses {
        if !is_public(address.ip()) && !target.rule.allows_private(address.ip()) {
            tracing::warn!(target: "tandem::plugin", host = target.host, address = %address.ip(), "an address that is not public was denied");
            return Err(Error::DestinationIpProhibited);
        }
    }
    addresses.into_iter().next().ok_or(Error::DestinationNotFound)
}

fn tls() -> Result<TlsConnector, Error> {
    static CONFIG: OnceLock<Option<Arc<rustls::ClientConfig>>> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .ok()?;
        Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    });
    config.clone().map(TlsConnector::from).ok_or(Error::TlsProtocolError)
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
