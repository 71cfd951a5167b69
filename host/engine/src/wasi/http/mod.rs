//! Outgoing HTTP under the allow-list.
//!
//! **Promises.** A request goes out only when a granted rule allows its method, host, port and path at that moment. The
//! host resolves the name, refuses every address that is not public unless the rule names its network, and connects to
//! the very address that it checked. No redirect is followed by the host: a guest that follows one makes a new request,
//! which is checked anew. A secret takes its placeholder's place only over TLS, or towards a network that a rule names.
//!
//! **Bounds.** Connecting, the first byte, the pause between bytes, the answer's size, requests at a time, and the
//! tenant's bytes over the network ([`Account::egress`]).

mod body;
mod connect;
mod placeholders;
mod recorded;

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderMap, Uri, header};
use http_body_util::BodyExt;
use hyper_util::rt::TokioExecutor;
use tandem_manifest::HttpRule;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub(crate) use connect::connector;
pub use recorded::{Recorded, Unanswered};

use self::{
    body::{Metered, Patient},
    connect::Connection,
    placeholders::Placeholders,
};
use crate::{
    account::{Account, Descriptors, Use},
    call::CallEnv,
    plugin::Shared,
};

/// Wasmtime's own defaults are ten minutes each: long enough to hold an instance for nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);
const BETWEEN_BYTES_TIMEOUT: Duration = Duration::from_secs(30);
/// An answer's bound: the guest reads it into a memory that is bounded too.
const MAX_RESPONSE: u64 = 64 << 20;
/// Requests of one instance at a time: each holds a socket of the host.
const MAX_AT_ONCE: usize = 16;
/// Bytes of an answer's headers over HTTP/2, as over HTTP/1.1 (hyper's default there allows 400 KiB).
const MAX_HEADERS: u32 = 64 << 10;
/// What a request's head is charged with, whatever it holds.
const HEAD_BYTES: u64 = 1 << 10;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Io), Error>;

/// The one gate of outgoing HTTP.
pub(crate) struct HttpGate {
    plugin: Arc<Shared>,
    call: Option<Call>,
    placeholders: Placeholders,
    places: Option<Arc<Semaphore>>,
}

/// On whose behalf requests go out.
struct Call {
    tenant: Arc<str>,
    account: Arc<dyn Account>,
}

/// Where a request goes, and by which rule.
struct Target {
    host: String,
    port: u16,
    tls: bool,
    rule: HttpRule,
    account: Arc<dyn Account>,
    _place: OwnedSemaphorePermit,
    _descriptor: Descriptors,
}

impl HttpGate {
    pub(crate) fn new(plugin: Arc<Shared>) -> Self {
        Self { plugin, call: None, placeholders: Placeholders::default(), places: None }
    }

    pub(crate) fn arm(&mut self, env: &CallEnv) {
        self.call = Some(Call { tenant: env.caller.tenant.clone(), account: env.account.clone() });
    }

    pub(crate) fn disarm(&mut self) {
        self.call = None;
        self.placeholders.clear();
    }

    /// A text that stands for a secret in the requests of this call.
    pub(crate) fn placeholder(&self, secret: &str) -> Result<String, String> {
        self.placeholders.of(secret)
    }

    fn admit(&mut self, request: &mut http::Request<WasiBody>) -> Result<Target, Error> {
        let Call { tenant, account } = self.call.as_ref().ok_or(Error::HttpRequestDenied)?;
        let uri = request.uri();
        let tls = match uri.scheme_str() {
            Some("https") | None => true,
            Some("http") => false,
            Some(_) => return Err(Error::HttpProtocolError),
        };
        // `authority` may carry user information; only the parsed host counts.
        let host = uri.host().ok_or(Error::HttpRequestUriInvalid)?.trim_matches(['[', ']']).to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let capability = self.plugin.capabilities.of(tenant);
        let method = request.method().as_str();
        let rule = capability.http.iter().find(|rule| rule.allows(method, &host, port, uri.path())).cloned();
        let Some(rule) = rule else {
            account.denied(Use::Http, &format!("{method} {host}:{port}{}", uri.path()));
            tracing::info!(target: "tandem::plugin", plugin = &*self.plugin.name, host, port, "outgoing HTTP was denied");
            return Err(Error::HttpRequestDenied);
        };
        account.used(Use::Http);
        account.egress(HEAD_BYTES).map_err(|total| Error::InternalError(Some(total.to_string())))?;
        let confidential = tls || !rule.allow_cidrs.is_empty();
        self.placeholders.substitute(request, &capability.secrets, confidential).map_err(|secret| {
            account.denied(Use::Secrets, &format!("{secret} to {host}:{port}"));
            Error::HttpRequestDenied
        })?;
        let places = self.places.get_or_insert_with(|| Arc::new(Semaphore::new(MAX_AT_ONCE))).clone();
        let place = places.try_acquire_owned().map_err(|_| Error::ConnectionLimitReached)?;
        let descriptor = account.descriptors(1).map_err(|total| Error::InternalError(Some(total.to_string())))?;
        Ok(Target { host, port, tls, rule, account: account.clone(), _place: place, _descriptor: descriptor })
    }
}

impl WasiHttpHooks for HttpGate {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let mut request = request.map(|body| Patient::new(body).boxed_unsync());
        let target = self.admit(&mut request);
        if let (Some(recorded), Some(call)) = (self.plugin.services.recorded(), &self.call) {
            let tenant = call.tenant.clone();
            return Box::new(async move {
                let _target = target?;
                recorded::answer(recorded, tenant, request).await
            });
        }
        let tls = self.plugin.services.tls();
        Box::new(async move { send(target?, &tls.ok_or(Error::TlsProtocolError)?, request, options).await })
    }
}

async fn send(
    target: Target,
    tls: &TlsConnector,
    mut request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Sent {
    let bound = |asked: Option<Duration>, ours: Duration| asked.map_or(ours, |d| d.min(ours));
    let connect = bound(options.as_ref().and_then(|o| o.connect_timeout), CONNECT_TIMEOUT);
    let first_byte = bound(options.as_ref().and_then(|o| o.first_byte_timeout), FIRST_BYTE_TIMEOUT);
    let between = bound(options.as_ref().and_then(|o| o.between_bytes_timeout), BETWEEN_BYTES_TIMEOUT);

    let Connection { io, http2 } =
        timeout(connect, connect::open(&target, tls)).await.map_err(|_| Error::ConnectionTimeout)??;
    let account = target.account.clone();
    for_protocol(request.headers_mut(), http2);
    if !http2 {
        *request.uri_mut() = origin_form(request.uri())?;
    }
    let request = request.map(|body| Metered::new(body, account.clone(), u64::MAX, between).boxed_unsync());
    // The connection lives as long as its answer's body, and goes with the guest.
    let (response, driver) = if http2 {
        let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(MAX_HEADERS);
        let (mut sender, connection) = builder.handshake(io).await?;
        let driver = tokio::spawn(async move { connection.await.map_err(Error::from) });
        (answer(first_byte, sender.send_request(request)).await?, AbortOnDrop { task: driver, _target: target })
    } else {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        let driver = tokio::spawn(async move { connection.await.map_err(Error::from) });
        (answer(first_byte, sender.send_request(request)).await?, AbortOnDrop { task: driver, _target: target })
    };
    let response =
        response.map(|body| Metered::new(body.map_err(Error::Hyper), account, MAX_RESPONSE, between).boxed_unsync());
    Ok((response, Box::new(driver)))
}

async fn answer<T>(
    limit: Duration,
    sending: impl Future<Output = hyper::Result<http::Response<T>>>,
) -> Result<http::Response<T>, Error> {
    Ok(timeout(limit, sending).await.map_err(|_| Error::HttpResponseTimeout)??)
}

/// HTTP/2 names the host in the URI (RFC 9113, section 8.3.1).
fn for_protocol(headers: &mut HeaderMap, http2: bool) {
    if http2 {
        headers.remove(header::HOST);
    }
}

/// HTTP/1.1 asks for a path (RFC 9112, section 3.2.1).
fn origin_form(uri: &Uri) -> Result<Uri, Error> {
    uri.path_and_query().map_or("/", |path| path.as_str()).parse().map_err(|_| Error::HttpRequestUriInvalid)
}

struct AbortOnDrop {
    task: tokio::task::JoinHandle<Result<(), Error>>,
    /// Holds the request's place.
    _target: Target,
}

impl Future for AbortOnDrop {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        Pin::new(&mut self.task).poll(cx).map(|joined| joined.unwrap_or(Err(Error::ConnectionTerminated)))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.task.abort();
    }
}
