//! What keeps a client from a host, in words: what is wrong, and what mends it.

use std::{error::Error, time::Duration};

use anyhow::{anyhow, bail};
use reqwest::{StatusCode, Url};
use rmcp::{
    service::{ClientInitializeError, ServiceError},
    transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError, StreamableHttpError},
};

use crate::args::Target;

/// How long a host may take to say why it takes no client.
const PATIENCE: Duration = Duration::from_secs(5);

/// A URL of an MCP endpoint.
///
/// # Errors
/// It has no scheme or no path; the error says what was probably meant.
pub(crate) fn endpoint(text: &str) -> anyhow::Result<String> {
    endpoint_at(text, "/mcp")
}

pub(super) fn endpoint_at(text: &str, path: &str) -> anyhow::Result<String> {
    if !text.contains("://") {
        let path = if text.contains('/') { "" } else { path };
        bail!("`{text}` is no URL; write http://{text}{path}");
    }
    let url = Url::parse(text).map_err(|error| anyhow!("`{text}` is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("`{text}`: a host is reached over http:// or https://");
    }
    if url.path() == "/" {
        bail!("{text} is no MCP endpoint; write {}{path}", text.trim_end_matches('/'));
    }
    Ok(text.to_owned())
}

/// Why a session did not begin.
pub(super) async fn of_start(error: ClientInitializeError, target: &Target) -> anyhow::Error {
    match error {
        ClientInitializeError::JsonRpcError(error) => anyhow!("{} refuses: {}", target.url, error.message),
        ClientInitializeError::TransportError { error, .. } => of_transport(error.error.as_ref(), target).await,
        _ => of_status(target).await,
    }
}

/// Why a request has no answer.
pub(super) async fn of_request(error: ServiceError, target: &Target) -> anyhow::Error {
    match error {
        ServiceError::McpError(error) => anyhow!("{}", error.message),
        ServiceError::TransportSend(error) => of_transport(error.error.as_ref(), target).await,
        ServiceError::TransportClosed => anyhow!("the host at {} ended the connection", target.url),
        other => anyhow!("{other}"),
    }
}

async fn of_transport(error: &(dyn Error + 'static), target: &Target) -> anyhow::Error {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<AuthRequiredError>() {
            return unauthorized(target);
        }
        if error.is::<InsufficientScopeError>() {
            return forbidden(target);
        }
        if let Some(StreamableHttpError::Client(error)) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            return of_http(error, target);
        }
        cause = error.source();
    }
    of_status(target).await
}

fn of_http(error: &reqwest::Error, target: &Target) -> anyhow::Error {
    let url = &target.url;
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    if error.is_connect() {
        let remedy = "is the host running? start one with `tandem serve`, or name another with --url";
        return anyhow!("nothing answers at {url} ({last}); {remedy}");
    }
    if error.is_timeout() {
        return anyhow!("the host at {url} does not answer in time");
    }
    anyhow!("the host at {url} cannot be asked: {last}")
}

/// Asks once more, for the status of the answer alone.
async fn of_status(target: &Target) -> anyhow::Error {
    let url = &target.url;
    let ask = async {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let mut request = client.post(url).json(&serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
        request = request.header("accept", "application/json, text/event-stream");
        if let Some(token) = &target.token {
            request = request.bearer_auth(token);
        }
        request.send().await.map(|response| response.status())
    };
    match ask.await {
        Ok(StatusCode::UNAUTHORIZED) => unauthorized(target),
        Ok(StatusCode::FORBIDDEN) => forbidden(target),
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
            anyhow!("the host at {url} is busy or not ready; try again")
        }
        Ok(status @ (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)) => {
            anyhow!("{url} is no MCP endpoint (HTTP {}); write {}", status.as_u16(), likely(url))
        }
        Ok(status) => anyhow!("what answers at {url} does not speak MCP (HTTP {})", status.as_u16()),
        Err(error) => of_http(&error, target),
    }
}

/// The endpoint of the host that a URL leads to.
fn likely(url: &str) -> String {
    let origin = Url::parse(url).map(|url| url.origin().ascii_serialization());
    origin.map_or_else(|_| "http://HOST:PORT/mcp".to_owned(), |origin| format!("{origin}/mcp/full"))
}

fn unauthorized(target: &Target) -> anyhow::Error {
    let url = &target.url;
    match target.token {
        None => anyhow!("the host at {url} wants a key or token; give it with --token, or in TANDEM_TOKEN"),
        Some(_) => anyhow!(
            "the host at {url} does not take this key or token (--token, TANDEM_TOKEN); it may have expired, or be of another host"
        ),
    }
}

fn forbidden(target: &Target) -> anyhow::Error {
    anyhow!(
        "the host at {} does not let this caller do that; a key or token of another tenant or scope may",
        target.url
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_the_endpoint_is() {
        for right in ["http://127.0.0.1:8000/mcp", "https://a.test/mcp/full", "http://a/x"] {
            assert_eq!(endpoint(right).unwrap(), right);
        }
        for (wrong, meant) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
            ("localhost:8000/mcp", "http://localhost:8000/mcp"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000/mcp"),
            ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/mcp"),
            ("ftp://a/mcp", "http://"),
        ] {
            let error = endpoint(wrong).unwrap_err().to_string();
            assert!(error.contains(meant), "{error}");
        }
    }
}
