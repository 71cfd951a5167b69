//! The HTTP client: TLS or loopback, bounded redirects, patience with busy servers.

use std::{path::PathBuf, time::Duration};

use reqwest::{RequestBuilder, Response, StatusCode, header::RETRY_AFTER, redirect};
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::{error::RegistryError, source::PlainHttp, text::shown};

/// Redirects in a row. Registries send to their storage, which needs one or two.
const MAX_REDIRECTS: usize = 5;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(15);
/// How long a server may say nothing.
const IDLE: Duration = Duration::from_secs(30);
/// The whole of one request: the largest file in an hour is 19 KB/s.
const WHOLE: Duration = Duration::from_secs(3_600);
/// How often a busy server is asked again.
const MAX_PATIENCE: u32 = 4;
/// The longest that a server may make us wait at once; who wants more gets the user's decision.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The first wait where the server names none; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The part of an error's body that is read.
const MAX_SAID: usize = 16 << 10;

/// How to reach servers, and where downloads are kept while they are not whole.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// Who may be asked without TLS.
    pub plain_http: PlainHttp,
    /// Certificates that count beside the public ones.
    pub authorities: Vec<CertificateDer<'static>>,
    /// The directory for parts of files; made when it is needed.
    pub downloads: PathBuf,
}

/// Fetches and publishes. Cheap to keep, not meant to be shared by tasks.
#[derive(Debug)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    /// Follows no redirect: what goes to a token service goes to nobody else.
    pub(crate) strict: reqwest::Client,
    pub(crate) options: ClientOptions,
}

impl Client {
    /// # Errors
    /// The system's certificates cannot be had, or one of the options' is none.
    pub fn new(options: ClientOptions) -> Result<Self, RegistryError> {
        // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = |error: reqwest::Error| RegistryError::Client(error.to_string());
        let authorities = options.authorities.iter().map(|der| reqwest::Certificate::from_der(der));
        let authorities = authorities.collect::<Result<Vec<_>, _>>().map_err(client)?;
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(CONNECT)
                .read_timeout(IDLE)
                .timeout(WHOLE)
                .user_agent(concat!("tandem/", env!("CARGO_PKG_VERSION")))
                .tls_certs_merge(authorities.clone())
        };
        let http = builder().redirect(guarded(options.plain_http.clone())).build().map_err(client)?;
        let strict = builder().redirect(redirect::Policy::none()).build().map_err(client)?;
        Ok(Self { http, strict, options })
    }

    /// Sends a request, again while the server is busy and names a time that can be waited for.
    pub(crate) async fn patiently(&self, place: &str, request: RequestBuilder) -> Result<Response, RegistryError> {
        let mut tries = 0;
        loop {
            let again =
                request.try_clone().ok_or_else(|| RegistryError::Client("its request has no end".to_owned()))?;
            let response = again.send().await.map_err(|error| unreachable(place, error))?;
            let Some(wait) = busy(&response, tries) else { return Ok(response) };
            if tries >= MAX_PATIENCE || wait > MAX_WAIT {
                return Err(RegistryError::Busy { place: place.to_owned(), seconds: wait.as_secs().max(1) });
            }
            tries += 1;
            tracing::info!(
                place,
                wait_s = wait.as_secs(),
                status = response.status().as_u16(),
                "server busy; retrying"
            );
            tokio::time::sleep(wait).await;
        }
    }

    pub(crate) fn check(&self, url: &Url) -> Result<(), RegistryError> {
        Ok(self.options.plain_http.check(url)?)
    }
}

/// How long to wait, where the server says that it has no time.
fn busy(response: &Response, tries: u32) -> Option<Duration> {
    if !matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        return None;
    }
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| {
        let date = || httpdate::parse_http_date(text).ok()?.duration_since(std::time::SystemTime::now()).ok();
        text.parse().map(Duration::from_secs).ok().or_else(date)
    });
    Some(asked.unwrap_or(FIRST_WAIT * 2_u32.saturating_pow(tries)))
}

fn guarded(plain: PlainHttp) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("it redirects without end")
        } else if !plain.permits(attempt.url()) || (from_tls && attempt.url().scheme() != "https") {
            let host = attempt.url().host_str().unwrap_or_default().to_owned();
            attempt.error(format!("refused a redirect to {host} without TLS"))
        } else {
            attempt.follow()
        }
    })
}

pub(crate) fn unreachable(place: &str, error: reqwest::Error) -> RegistryError {
    // URLs may be signed; the place is named anyway.
    RegistryError::unreachable(place, &error.without_url())
}

/// A body of bounded size.
pub(crate) async fn body(place: &str, mut response: Response, limit: usize) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(place, error))? {
        if bytes.len() + chunk.len() > limit {
            let size = (bytes.len() + chunk.len()) as u64;
            return Err(RegistryError::TooLarge { place: place.to_owned(), size, limit: limit as u64 });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The error that a refusal is. Registries say why in JSON (OCI distribution spec 1.1, error codes).
pub(crate) async fn refusal(place: &str, response: Response) -> RegistryError {
    let status = response.status().as_u16();
    if status == 404 {
        return RegistryError::NotFound(place.to_owned());
    }
    let said = body(place, response, MAX_SAID).await.unwrap_or_default();
    let said: Option<serde_json::Value> = serde_json::from_slice(&said).ok();
    let message = said.as_ref().and_then(|said| said.pointer("/errors/0/message")).and_then(|message| message.as_str());
    let message = message.filter(|message| !message.is_empty());
    let message = message.map(|message| format!(": {}", shown(message))).unwrap_or_default();
    RegistryError::Status { place: place.to_owned(), status, message }
}
