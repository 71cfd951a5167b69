//! Where a request goes, as the gate let it through.

use std::sync::Arc;

use http::{HeaderValue, Uri, header};
use tandem_package::HttpRule;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::Error;

use super::redact::Redactor;
use crate::account::Account;

/// Where a request goes, and by which rule.
pub(super) struct Target {
    pub(super) tenant: Arc<str>,
    pub(super) plugin: Arc<str>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) rule: HttpRule,
    pub(super) account: Arc<dyn Account>,
    pub(super) redactor: Option<Redactor>,
    pub(super) permit: OwnedSemaphorePermit,
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
    pub(super) fn address<B>(&self, request: &mut http::Request<B>, http2: bool) -> Result<(), Error> {
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
