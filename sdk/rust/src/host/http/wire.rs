//! A request in the terms of wasi:http, and its errors in those of [`crate::http`].

use wasip2::http::outgoing_handler::OutgoingRequest;
use wasip2::http::types::{ErrorCode, Fields, Method, Scheme};

use crate::http::{Error, Request};

pub(super) fn prepare(request: &Request) -> Result<OutgoingRequest, Error> {
    let Request { method, url, .. } = request;
    let (secure, authority, path) =
        parts(url).ok_or_else(|| Error::Invalid(format!("`{url}` is no http or https URL")))?;
    let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let headers = Fields::from_list(&headers)
        .map_err(|_| Error::Invalid(format!("a header of `{method} {url}` is malformed or forbidden")))?;
    let made = OutgoingRequest::new(headers);
    let scheme = if secure { Scheme::Https } else { Scheme::Http };
    let set = made
        .set_method(&method_of(method))
        .and_then(|()| made.set_scheme(Some(&scheme)))
        .and_then(|()| made.set_authority(Some(authority)))
        .and_then(|()| made.set_path_with_query(Some(&path)));
    set.map_err(|()| Error::Invalid(format!("`{method} {url}` is malformed")))?;
    Ok(made)
}

/// Whether it is https, the authority, and path with query. A fragment is cut off.
fn parts(url: &str) -> Option<(bool, &str, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let secure = scheme.eq_ignore_ascii_case("https");
    let rest = rest.split('#').next()?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // A path begins with a slash, also before a query.
    let slash = if path.starts_with('/') { "" } else { "/" };
    let known = secure || scheme.eq_ignore_ascii_case("http");
    (known && !authority.is_empty()).then(|| (secure, authority, format!("{slash}{path}")))
}

fn method_of(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

pub(super) fn failed(code: ErrorCode) -> Error {
    let name = name(&code);
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            Error::Denied(format!("{name}: no grant covers this host, port, method and path"))
        }
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTerminated
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionReadTimeout
        | ErrorCode::ConnectionWriteTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::HttpResponseTimeout => Error::Unavailable(name),
        ErrorCode::InternalError(Some(why)) => Error::Other(format!("{name}: {why}")),
        _ => Error::Other(name),
    }
}

/// The code's name, as wasi:http has it: `ErrorCode::ConnectionRefused` is `connection-refused`.
fn name(code: &ErrorCode) -> String {
    let shown = format!("{code:?}");
    let camel = shown.rsplit_once("ErrorCode::").map_or(shown.as_str(), |(_, name)| name);
    let mut name = String::new();
    for letter in camel.chars().take_while(|letter| letter.is_ascii_alphanumeric()) {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
