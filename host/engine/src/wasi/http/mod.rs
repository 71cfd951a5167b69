//! Outgoing HTTP under the allow-list.
//!
//! **Promises.** A request goes out only when a granted rule allows its method, host, port and path at that moment. The
//! host resolves the name, refuses every address that is not public unless the rule names its network, and connects to
//! the very address that it checked. No redirect is followed by the host: a guest that follows one makes a new request,
//! which is checked anew. A secret takes its placeholder's place only towards its own hosts, and only over TLS or towards a
//! network that a rule names; answers come without it.
//!
//! Connections are kept for the next request to the same address by the same plugin for the same tenant ([`Pool`]), for which
//! all of this is checked anew.
//!
//! **Bounds.** Connecting, the first byte, what comes before an answer's head, the pause between bytes, the answer's size,
//! requests at a time, and the tenant's bytes on the sockets, both ways ([`Account::egress`]).

mod body;
mod connect;
mod placeholders;
mod pool;
mod recorded;
mod redact;
mod wire;

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use http::{HeaderValue, Uri, header};
use http_body_util::BodyExt;
use tandem_package::HttpRule;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub(crate) use connect::connector;
pub(crate) use pool::Pool;
pub use recorded::{Recorded, Unanswered};

use self::{
    body::{Answer, Bounded, Patient, Watched},
    placeholders::Placeholders,
    pool::{Connection, Key},
    redact::{Redacted, Redactor},
};
use crate::{
    account::{Account, Use},
    call::CallContext,
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
    tenant: Arc<str>,
    plugin: Arc<str>,
    host: String,
    port: u16,
    tls: bool,
    rule: HttpRule,
    account: Arc<dyn Account>,
    redactor: Option<Redactor>,
    place: OwnedSemaphorePermit,
}

impl HttpGate {
    pub(crate) fn new(plugin: Arc<Shared>) -> Self {
        Self { plugin, call: None, placeholders: Placeholders::default(), places: None }
    }

    pub(crate) fn arm(&mut self, cx: &CallContext) {
        self.call = Some(Call { tenant: cx.caller.tenant.clone(), account: cx.account.clone() });
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
        let (host, port) = authority(uri, tls)?;
        let capability = self.plugin.capabilities.of(tenant);
        let method = request.method().as_str();
        let rule = capability.http.iter().find(|rule| rule.allows(method, &host, port, uri.path())).cloned();
        let Some(rule) = rule else {
            account.denied(Use::Http, &format!("{method} {host}:{port}{}", uri.path()));
            tracing::info!(target: "tandem::plugin", plugin = &*self.plugin.name, host, port, "outgoing HTTP was denied");
            return Err(Error::HttpRequestDenied);
        };
        account.used(Use::Http);
        // Bytes are counted on the socket; what was used before must be there.
        account.egress(0).map_err(|total| Error::InternalError(Some(total.to_string())))?;
        let confidential = tls || !rule.allow_cidrs.is_empty();
        self.placeholders.substitute(request, &capability.secrets, &host, confidential).map_err(|secret| {
            account.denied(Use::Secrets, &format!("{secret} to {host}:{port}"));
            Error::HttpRequestDenied
        })?;
        // A guest that may read its secrets has nothing to learn from an answer.
        let hidden = capability.secrets.values().filter(|_| !capability.reveal_secrets);
        let redactor = Redactor::new(hidden.map(|secret| secret.value.expose()));
        if redactor.is_some() {
            // What is compressed cannot be looked through.
            request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let places = self.places.get_or_insert_with(|| Arc::new(Semaphore::new(MAX_AT_ONCE))).clone();
        let place = places.try_acquire_owned().map_err(|_| Error::ConnectionLimitReached)?;
        let (tenant, plugin) = (tenant.clone(), self.plugin.name.clone());
        Ok(Target { tenant, plugin, host, port, tls, rule, account: account.clone(), redactor, place })
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
                let target = target?;
                let (response, sent) = recorded::answer(recorded, tenant, request).await?;
                Ok((redacted(response, target.redactor), sent))
            });
        }
        let (tls, pool) = (self.plugin.services.tls(), self.plugin.services.connections.clone());
        Box::new(async move { send(target?, &tls.ok_or(Error::TlsProtocolError)?, &pool, request, options).await })
    }
}

/// Who a request goes to, in one form: a name in lower case and a port. Refuses user information, which would stand in the
/// `Host` header, and ports that are no plain number.
fn authority(uri: &Uri, tls: bool) -> Result<(String, u16), Error> {
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let plain = |port: &http::uri::Port<&str>| port.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let port = match uri.port() {
        None => {
            if tls {
                443
            } else {
                80
            }
        }
        Some(port) if plain(&port) => port.as_u16(),
        Some(_) => return Err(Error::HttpRequestUriInvalid),
    };
    let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
    if host.is_empty() || authority.as_str().contains('@') {
        return Err(Error::HttpRequestUriInvalid);
    }
    Ok((host, port))
}

impl Target {
    /// The authority as it is sent: without a port that goes without saying.
    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    /// Gives a request the form of a protocol: HTTP/1.1 asks for a path and names the host in a header (RFC 9112, section 3.2),
    /// HTTP/2 has both in the URI (RFC 9113, section 8.3.1).
    fn address<B>(&self, request: &mut http::Request<B>, http2: bool) -> Result<(), Error> {
        let invalid = |_| Error::HttpRequestUriInvalid;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let authority = self.authority();
        let uri = if http2 {
            let scheme = if self.tls { "https" } else { "http" };
            Uri::builder()
                .scheme(scheme)
                .authority(authority)
                .path_and_query(path)
                .build()
                .map_err(|_| Error::HttpRequestUriInvalid)?
        } else {
            let uri = path.parse().map_err(invalid)?;
            let host = HeaderValue::try_from(authority).map_err(|_| Error::HttpRequestUriInvalid)?;
            request.headers_mut().insert(header::HOST, host);
            uri
        };
        if http2 {
            request.headers_mut().remove(header::HOST);
        }
        *request.uri_mut() = uri;
        Ok(())
    }
}

/// A connection in use, and what comes free with it.
struct Lease {
    key: Key,
    connection: Connection,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Lease {
    /// The answer was read to its end.
    fn give_back(self) {
        self.pool.put(self.key, self.connection);
    }
}

async fn send(
    target: Target,
    tls: &TlsConnector,
    pool: &Arc<Pool>,
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Sent {
    let bound = |asked: Option<Duration>, ours: Duration| asked.map_or(ours, |d| d.min(ours));
    let connect = bound(options.as_ref().and_then(|o| o.connect_timeout), CONNECT_TIMEOUT);
    let first_byte = bound(options.as_ref().and_then(|o| o.first_byte_timeout), FIRST_BYTE_TIMEOUT);
    let between = bound(options.as_ref().and_then(|o| o.between_bytes_timeout), BETWEEN_BYTES_TIMEOUT);

    let resolved = timeout(connect, connect::resolve(&target)).await;
    let address = resolved.map_err(|_| Error::ConnectionTimeout)??;
    let (tenant, plugin, host) = (target.tenant.clone(), target.plugin.clone(), target.host.clone());
    let key = Key { tenant, plugin, host, tls: target.tls, address };
    let (went, mut going) = watch::channel(());
    let mut request = request.map(|body| Watched::new(Bounded::new(body, u64::MAX, between), went).boxed_unsync());
    let (response, connection) = loop {
        let waiting = pool.take(&key).await;
        let fresh = waiting.is_none();
        let mut connection = match waiting {
            Some(connection) => connection,
            None => {
                let opened = timeout(connect, connect::open(&target, address, tls)).await;
                opened.map_err(|_| Error::ConnectionTimeout)??
            }
        };
        connection.wire.begin(target.account.clone());
        target.address(&mut request, connection.is_http2())?;
        let sent = patient(connection.send(request), &mut going, first_byte).await?;
        match sent {
            Ok(response) => break (response, connection),
            Err(mut failed) => match failed.take_message() {
                // The server closed a connection that waited, before the request went out.
                Some(unsent) if !fresh => request = unsent,
                _ => return Err(connection.wire.explain(Error::from(failed.into_error()))),
            },
        }
    };
    let wire = connection.wire.clone();
    wire.head();
    let redactor = target.redactor;
    let lease = Lease { key, connection, pool: pool.clone(), _place: target.place };
    let response = response.map(|body| {
        let body = Bounded::new(body.map_err(Error::Hyper), MAX_RESPONSE, between);
        Answer::new(body, wire, lease).boxed_unsync()
    });
    Ok((redacted(response, redactor), Box::new(async { Ok(()) })))
}

/// Waits for an answer's head: so long after the request, and after each part of a body that goes out before it.
async fn patient<T>(
    answer: impl Future<Output = T>,
    going: &mut watch::Receiver<()>,
    patience: Duration,
) -> Result<T, Error> {
    let mut answer = pin!(answer);
    loop {
        tokio::select! {
            biased;
            answer = &mut answer => return Ok(answer),
            Ok(()) = going.changed() => {}
            () = sleep(patience) => return Err(Error::HttpResponseTimeout),
        }
    }
}

/// What the guest may see of an answer.
fn redacted(response: http::Response<WasiBody>, redactor: Option<Redactor>) -> http::Response<WasiBody> {
    let Some(redactor) = redactor else { return response };
    let (mut head, body) = response.into_parts();
    redactor.headers(&mut head.headers);
    http::Response::from_parts(head, Redacted::new(body, redactor).boxed_unsync())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(60);

    #[tokio::test]
    async fn a_body_that_goes_on_is_waited_for_and_one_that_stands_still_is_not() {
        let (went, mut going) = watch::channel(());
        let sending = async {
            for _ in 0..10 {
                sleep(PATIENCE * 2 / 3).await;
                went.send_replace(());
            }
            sleep(PATIENCE * 2 / 3).await;
            "answer"
        };
        assert_eq!(patient(sending, &mut going, PATIENCE).await.ok(), Some("answer"));
        let silent = patient(std::future::pending::<()>(), &mut going, PATIENCE).await;
        assert!(matches!(silent, Err(Error::HttpResponseTimeout)), "the body stands still");
        drop(went);
        let silent = patient(std::future::pending::<()>(), &mut going, PATIENCE).await;
        assert!(matches!(silent, Err(Error::HttpResponseTimeout)), "the body is over");
    }
}
