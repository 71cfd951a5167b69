//! Requests that another server on the way could read otherwise are refused: one of the two would be deceived about where a
//! request ends, or whom it is for (RFC 9112 sections 3.2, 6.1 and 11.2).

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, Version, header, uri::Authority};

use super::concern::Concern;
use crate::{incoming::ConnectionInfo, problem::Problem};

/// What is wrong with a request's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a line of the head ends without a carriage return")]
    LineEnd,
    #[error("there is more than one `Host` header")]
    Hosts,
    #[error("the `Host` header is not `NAME` or `NAME:PORT`")]
    Host,
    #[error("the request's target names another host than the `Host` header")]
    Target,
    #[error("`Transfer-Encoding` must be `chunked`, once, and without `Content-Length`")]
    Encoding,
}

/// Refuses malformed requests, and closes their connection.
#[derive(Clone)]
pub(crate) struct Strict;

impl Concern for Strict {
    type Context = ();

    fn before(&self, request: &mut Request) -> Result<(), Box<Response>> {
        let lax = request.extensions().get::<ConnectionInfo>().is_some_and(|connection| connection.lax.is_set());
        let fine = match lax {
            true => Err(Malformed::LineEnd),
            false => head(request.version(), request.uri(), request.headers()),
        };
        fine.map_err(|malformed| {
            tracing::debug!(%malformed, "refused a request");
            Box::new(malformed.into_response())
        })
    }
}

impl IntoResponse for Malformed {
    fn into_response(self) -> Response {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "malformed_request", self.to_string());
        let mut response = problem.into_response();
        // Nobody knows where the next request begins.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

fn head(version: Version, uri: &Uri, headers: &HeaderMap) -> Result<(), Malformed> {
    encoding(version, headers)?;
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().map(|host| authority(host).ok_or(Malformed::Host)).transpose()?;
    if hosts.next().is_some() {
        return Err(Malformed::Hosts);
    }
    match (uri.authority(), host) {
        (Some(target), Some(host)) if !same(target, &host) => Err(Malformed::Target),
        (Some(target), _) if !is_plain(target) => Err(Malformed::Target),
        _ => Ok(()),
    }
}

fn encoding(version: Version, headers: &HeaderMap) -> Result<(), Malformed> {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(first) = encodings.next() else { return Ok(()) };
    let fine = first.as_bytes().eq_ignore_ascii_case(b"chunked")
        && encodings.next().is_none()
        && !headers.contains_key(header::CONTENT_LENGTH)
        && version != Version::HTTP_10;
    fine.then_some(()).ok_or(Malformed::Encoding)
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    host.to_str().ok()?.parse().ok().filter(is_plain)
}

/// Whether there is nothing but a name, and a port that is one.
fn is_plain(authority: &Authority) -> bool {
    let text = authority.as_str();
    let port = text.strip_prefix(authority.host()).unwrap_or("@");
    match port.strip_prefix(':') {
        None => port.is_empty(),
        Some("") => true,
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    }
}

fn same(target: &Authority, host: &Authority) -> bool {
    target.host().eq_ignore_ascii_case(host.host()) && target.port_u16().unwrap_or(80) == host.port_u16().unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, headers: &[(&str, &str)]) -> Result<(), Malformed> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        head(Version::HTTP_11, &target.parse().unwrap(), &map)
    }

    #[test]
    fn a_request_names_one_host_and_a_port_that_is_one() {
        for host in ["localhost", "localhost:8000", "localhost.", "127.0.0.1:80", "[::1]:8000", "[::1]", "a.example:"] {
            assert_eq!(check("/", &[("host", host)]), Ok(()), "{host}");
        }
        for host in ["127.0.0.1:evil", "localhost:+80", "localhost:99999", "a@127.0.0.1", "a b", "a/b", "[::1]x", ""] {
            assert_eq!(check("/", &[("host", host)]), Err(Malformed::Host), "{host}");
        }
        assert_eq!(check("/", &[("host", "a"), ("host", "a")]), Err(Malformed::Hosts));
    }

    #[test]
    fn the_target_is_of_the_same_host() {
        assert_eq!(check("http://localhost:8000/mcp", &[("host", "LOCALHOST:8000")]), Ok(()));
        assert_eq!(check("http://localhost/mcp", &[("host", "localhost:80")]), Ok(()));
        for target in ["http://evil.example/", "http://localhost:81/", "http://x@localhost/"] {
            assert_eq!(check(target, &[("host", "localhost")]), Err(Malformed::Target), "{target}");
        }
    }

    #[test]
    fn a_body_has_one_length() {
        let host = ("host", "a");
        assert_eq!(check("/", &[host, ("transfer-encoding", "Chunked")]), Ok(()));
        for headers in [
            &[host, ("transfer-encoding", "xchunked"), ("transfer-encoding", "chunked")][..],
            &[host, ("transfer-encoding", "gzip, chunked")],
            &[host, ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[host, ("transfer-encoding", "chunked"), ("content-length", "3")],
            &[host, ("transfer-encoding", "identity")],
        ] {
            assert_eq!(check("/", headers), Err(Malformed::Encoding), "{headers:?}");
        }
    }
}
