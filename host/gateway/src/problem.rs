//! Errors of the REST side: RFC 9457 problem documents, with what a program needs to react beside what people read.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tandem_router::{CallError, Violation};

use crate::{auth::AuthError, guard::Refusal};

/// How long a client should wait when nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a machine wants to know of a [`CallError`]. Problem documents carry it flat, MCP results under
/// `_meta["tandem/error"]`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ErrorDetails {
    pub(crate) code: &'static str,
    pub(crate) retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) violations: Vec<Violation>,
    /// The nearest names to one that is unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) near: Vec<String>,
}

impl ErrorDetails {
    pub(crate) fn of(error: &CallError) -> Self {
        let mut facts = Self { code: error.code(), retryable: error.retryable(), ..Self::default() };
        match error {
            CallError::NotFound { near, .. } | CallError::Removed { near, .. } => facts.near.clone_from(near),
            CallError::Compiling { near, .. } => {
                facts.near.clone_from(near);
                facts.retry_after_ms = Some(whole_ms(RETRY_AFTER));
            }
            CallError::InvalidArguments { violations, .. } => {
                facts.violations.clone_from(violations);
            }
            CallError::Limited { limit, value, retry_after, .. } => {
                facts.limit = Some(limit.as_str());
                facts.value = Some(value.clone());
                facts.retry_after_ms = retry_after.map(whole_ms);
            }
            CallError::Timeout { after } => {
                facts.limit = Some("deadline");
                facts.value = Some(format!("{} ms", after.as_millis()));
            }
            CallError::Unavailable { retry_after: Some(after), .. } => {
                facts.retry_after_ms = Some(whole_ms(*after));
            }
            _ => {}
        }
        facts
    }
}

fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A problem document.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Problem {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(flatten)]
    facts: ErrorDetails,
    #[serde(skip)]
    challenge: Option<HeaderValue>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self::with(status, ErrorDetails { code, ..ErrorDetails::default() }, detail.into())
    }

    fn with(status: StatusCode, facts: ErrorDetails, detail: String) -> Self {
        Self {
            r#type: format!("urn:tandem:problem:{}", facts.code),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            request_id: None,
            facts,
            challenge: None,
        }
    }

    /// The same, but worth trying again after `after`.
    pub(crate) fn retry(mut self, after: Duration) -> Self {
        self.facts.retryable = true;
        self.facts.retry_after_ms = Some(whole_ms(after));
        self
    }

    pub(crate) fn limit(mut self, limit: &'static str, value: impl Into<String>) -> Self {
        self.facts.limit = Some(limit);
        self.facts.value = Some(value.into());
        self
    }

    pub(crate) fn request(mut self, id: &str) -> Self {
        self.request_id = Some(id.to_owned());
        self
    }
}

/// A guest's own limit is a failure of what we stand in front of, a caller's limit is the caller's to wait for.
fn status_of(error: &CallError) -> StatusCode {
    match error {
        CallError::NotFound { .. } | CallError::Removed { .. } | CallError::NoNetwork { .. } => StatusCode::NOT_FOUND,
        CallError::InvalidArguments { .. } | CallError::MissingCapability(_) => StatusCode::BAD_REQUEST,
        CallError::Denied(_) => StatusCode::FORBIDDEN,
        CallError::Limited { retryable: true, .. } => StatusCode::TOO_MANY_REQUESTS,
        CallError::Limited { .. } | CallError::Trapped { .. } | CallError::BadOutput { .. } => StatusCode::BAD_GATEWAY,
        CallError::Timeout { .. } => StatusCode::GATEWAY_TIMEOUT,
        CallError::Cancelled
        | CallError::Unavailable { .. }
        | CallError::Compiling { .. }
        | CallError::Unrecorded { .. } => StatusCode::SERVICE_UNAVAILABLE,
        CallError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<&CallError> for Problem {
    fn from(error: &CallError) -> Self {
        let detail = match error {
            CallError::Internal(reason) => {
                tracing::error!(reason, "call failed: internal error");
                "the host failed; its log has the reason under this request's id".to_owned()
            }
            other => other.to_string(),
        };
        Self::with(status_of(error), ErrorDetails::of(error), detail)
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let detail = error.to_string();
        let (status, code, challenge) = match error {
            AuthError::Unauthenticated { challenge, .. } => (StatusCode::UNAUTHORIZED, "unauthenticated", challenge),
            AuthError::Forbidden { code, challenge, .. } => (StatusCode::FORBIDDEN, code, challenge),
            AuthError::Unavailable { retry_after, .. } => {
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).retry(retry_after);
            }
        };
        Self { challenge, ..Self::new(status, code, detail) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::Host => "host_not_allowed",
            Refusal::Origin => "origin_not_allowed",
        };
        Self::new(StatusCode::FORBIDDEN, code, refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // The fields are strings and numbers; serialising them cannot fail.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let wait = self.facts.retry_after_ms.map_or(RETRY_AFTER, Duration::from_millis);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use tandem_engine::Limit;

    use super::*;

    fn document(error: &CallError) -> serde_json::Value {
        serde_json::to_value(Problem::from(error)).unwrap()
    }

    #[test]
    fn every_call_error_has_its_status_and_code() {
        let limited = |retryable| CallError::Limited {
            limit: Limit::Memory,
            value: "64 MiB".to_owned(),
            retryable,
            retry_after: None,
        };
        let cases = [
            (CallError::NotFound { kind: "tool", name: "x".to_owned(), near: vec![] }, 404, "not_found"),
            (CallError::InvalidArguments { tool: "x".to_owned(), violations: vec![] }, 400, "invalid_arguments"),
            (CallError::Denied("no".to_owned()), 403, "denied"),
            (limited(true), 429, "limited"),
            (limited(false), 502, "limited"),
            (CallError::Timeout { after: Duration::from_secs(3) }, 504, "timeout"),
            (CallError::Trapped { category: "c".to_owned(), reason: "r".to_owned() }, 502, "trapped"),
            (CallError::BadOutput { category: "c".to_owned(), reason: "r".to_owned() }, 502, "bad_output"),
            (CallError::Cancelled, 503, "cancelled"),
            (CallError::Unavailable { reason: "r".to_owned(), retry_after: None }, 503, "unavailable"),
            (CallError::MissingCapability("sampling".to_owned()), 400, "missing_capability"),
            (CallError::Internal("secret path".to_owned()), 500, "internal"),
        ];
        for (error, status, code) in cases {
            let document = document(&error);
            assert_eq!(document["status"], status, "{error}");
            assert_eq!(document["code"], code, "{error}");
            assert_eq!(document["type"], format!("urn:tandem:problem:{code}"));
        }
    }

    #[test]
    fn an_internal_error_says_nothing_of_the_inside() {
        let text = document(&CallError::Internal("/etc/secret".to_owned())).to_string();
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_limit_is_named_with_its_value() {
        let error = CallError::Limited {
            limit: Limit::TenantRate,
            value: "50/s".to_owned(),
            retryable: true,
            retry_after: None,
        };
        let document = document(&error);
        assert_eq!((&document["limit"], &document["value"]), (&"tenant-rate".into(), &"50/s".into()));
        assert_eq!(document["retryable"], true);
    }

    #[test]
    fn waiting_times_are_rounded_up_to_whole_seconds() {
        let error = CallError::Unavailable {
            reason: "circuit open".to_owned(),
            retry_after: Some(Duration::from_millis(2_001)),
        };
        let response = Problem::from(&error).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let plain = Problem::from(&CallError::Denied("no".to_owned())).into_response();
        assert!(plain.headers().get(header::RETRY_AFTER).is_none());
    }

    #[test]
    fn a_challenge_becomes_a_header_and_not_a_field() {
        let challenge = HeaderValue::from_static("Bearer resource_metadata=\"x\"");
        let error = AuthError::Unauthenticated { detail: "no token".to_owned(), challenge: Some(challenge.clone()) };
        let problem = Problem::from(error);
        assert!(serde_json::to_value(&problem).unwrap().get("challenge").is_none());
        let response = problem.into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], challenge);
    }
}
