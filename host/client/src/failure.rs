//! From errors of the protocol and the transport to a cause that a person can act on.

use std::error::Error;

use reqwest::StatusCode;
use rmcp::{
    service::{ClientInitializeError, ServiceError},
    transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError, StreamableHttpError},
};

use crate::{
    endpoint::{Target, likely_endpoint},
    error::ClientError,
    limits::STATUS_TIMEOUT,
};

/// Why a session did not begin.
pub(crate) async fn of_start(error: ClientInitializeError, target: &Target) -> ClientError {
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            ClientError::Protocol(format!("{} refuses: {}", target.url, error.message))
        }
        ClientInitializeError::TransportError { error, .. } => of_transport(error.error.as_ref(), target).await,
        _ => of_status(target).await,
    }
}

/// Why a request has no answer.
pub(crate) async fn of_request(error: ServiceError, target: &Target) -> ClientError {
    match error {
        ServiceError::McpError(error) => ClientError::Protocol(error.message.to_string()),
        ServiceError::TransportSend(error) => of_transport(error.error.as_ref(), target).await,
        ServiceError::TransportClosed => {
            ClientError::Connection { url: target.url.clone(), cause: "the host closed the connection".to_owned() }
        }
        other => ClientError::Connection { url: target.url.clone(), cause: other.to_string() },
    }
}

async fn of_transport(error: &(dyn Error + 'static), target: &Target) -> ClientError {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<AuthRequiredError>() {
            return unauthorized(target);
        }
        if error.is::<InsufficientScopeError>() {
            return ClientError::Forbidden(target.url.clone());
        }
        if let Some(StreamableHttpError::Client(error)) = error.downcast_ref::<StreamableHttpError<reqwest::Error>>() {
            return of_http(error, target);
        }
        cause = error.source();
    }
    of_status(target).await
}

fn of_http(error: &reqwest::Error, target: &Target) -> ClientError {
    let url = target.url.clone();
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    if error.is_connect() {
        return ClientError::Unreachable { url, cause: last.to_string() };
    }
    if error.is_timeout() {
        return ClientError::Timeout(url);
    }
    ClientError::Connection { url, cause: last.to_string() }
}

/// Asks once more, for the status of the answer alone.
async fn of_status(target: &Target) -> ClientError {
    let url = target.url.clone();
    let ask = async {
        let client = reqwest::Client::builder().timeout(STATUS_TIMEOUT).build()?;
        let mut request = client.post(&url).json(&serde_json::json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}));
        request = request.header("accept", "application/json, text/event-stream");
        if let Some(token) = &target.token {
            request = request.bearer_auth(token);
        }
        request.send().await.map(|response| response.status())
    };
    match ask.await {
        Ok(StatusCode::UNAUTHORIZED) => unauthorized(target),
        Ok(StatusCode::FORBIDDEN) => ClientError::Forbidden(url),
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => ClientError::Busy(url),
        Ok(status @ (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)) => {
            ClientError::NoEndpoint { likely: likely_endpoint(&url), status: status.as_u16(), url }
        }
        Ok(status) => ClientError::NotMcp { url, status: status.as_u16() },
        Err(error) => of_http(&error, target),
    }
}

fn unauthorized(target: &Target) -> ClientError {
    let url = target.url.clone();
    match target.token {
        None => ClientError::MissingCredential(url),
        Some(_) => ClientError::RejectedCredential(url),
    }
}
