//! The gate of outgoing HTTP: what a request must have to go out.

use std::{future::Future, sync::Arc};

use http::{HeaderValue, Uri, header};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use super::{
    body::Patient,
    fixtures,
    placeholders::Placeholders,
    redact::Redactor,
    send::{redacted, send},
    target::Target,
};
use crate::{
    account::{Account, Use},
    call::CallContext,
    context::PluginContext,
};

/// Requests of one instance at a time: each holds a socket of the host.
const MAX_AT_ONCE: usize = 16;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Io), Error>;

/// Nothing is left to do for a request once its answer's head is there: the connection has a task of its own.
fn finished() -> Io {
    Box::new(async { Ok(()) })
}

/// The one gate of outgoing HTTP.
pub(crate) struct HttpGate {
    plugin: Arc<PluginContext>,
    call: Option<Call>,
    placeholders: Placeholders,
    permits: Option<Arc<Semaphore>>,
}

/// On whose behalf requests go out.
struct Call {
    tenant: Arc<str>,
    account: Arc<dyn Account>,
}

impl HttpGate {
    pub(crate) fn new(plugin: Arc<PluginContext>) -> Self {
        Self { plugin, call: None, placeholders: Placeholders::default(), permits: None }
    }

    pub(crate) fn arm(&mut self, cx: &CallContext) {
        self.call = Some(Call { tenant: cx.caller.tenant.clone(), account: cx.account.clone() });
    }

    pub(crate) fn disarm(&mut self) {
        self.call = None;
        self.placeholders.clear();
    }

    /// A text that stands for a secret in the requests of this call.
    pub(crate) fn placeholder(&self, secret: &str) -> Result<String, getrandom::Error> {
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
            tracing::info!(target: "tandem::plugin", plugin = &*self.plugin.name, host, port, "outgoing http: denied");
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
        let permits = self.permits.get_or_insert_with(|| Arc::new(Semaphore::new(MAX_AT_ONCE))).clone();
        let permit = permits.try_acquire_owned().map_err(|_| Error::ConnectionLimitReached)?;
        let (tenant, plugin) = (tenant.clone(), self.plugin.name.clone());
        Ok(Target { tenant, plugin, host, port, tls, rule, account: account.clone(), redactor, permit })
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
        if let (Some(fixtures), Some(call)) = (self.plugin.services.fixtures(), &self.call) {
            let tenant = call.tenant.clone();
            return Box::new(async move {
                let target = target?;
                let response = fixtures::answer(fixtures, tenant, request).await?;
                Ok((redacted(response, target.redactor), finished()))
            });
        }
        let (tls, pool) = (self.plugin.services.tls(), self.plugin.services.connections.clone());
        Box::new(async move {
            let response = send(target?, &tls.ok_or(Error::TlsProtocolError)?, &pool, request, options).await?;
            Ok((response, finished()))
        })
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
