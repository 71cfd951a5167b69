//! http through wasi:http 0.2. What nobody calls is left out of the component, with its imports.

use wasip2::http::outgoing_handler::{OutgoingRequest, handle};
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, Scheme};
use wasip2::io::streams::StreamError;

use crate::http::{Error, Request, Response};

/// Bytes that wasi:io takes in one write.
const WRITE: usize = 4096;
/// Bytes that are asked for in one read.
const READ: usize = 64 << 10;

pub(crate) fn send(request: &Request) -> Result<Response, Error> {
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(|()| Error::Invalid("the request takes no body".to_owned()))?;
    let coming = handle(outgoing, None).map_err(failed)?;
    write(body, &request.body);
    coming.subscribe().block();
    let answer = match coming.get() {
        Some(Ok(Ok(answer))) => answer,
        Some(Ok(Err(code))) => return Err(failed(code)),
        Some(Err(())) | None => return Err(Error::Unavailable("there is no answer".to_owned())),
    };
    let entries = answer.headers().entries().into_iter();
    let headers = entries.map(|(name, value)| (name.to_lowercase(), String::from_utf8_lossy(&value).into_owned()));
    Ok(Response { status: answer.status(), headers: headers.collect(), body: read(&answer, request.max_bytes)? })
}

fn prepare(request: &Request) -> Result<OutgoingRequest, Error> {
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

/// Writes the body. One that is not taken whole is no failure by itself: the answer, or its error, says why.
fn write(body: OutgoingBody, content: &[u8]) {
    if !content.is_empty() {
        let Ok(stream) = body.write() else { return };
        for part in content.chunks(WRITE) {
            if stream.blocking_write_and_flush(part).is_err() {
                return;
            }
        }
    }
    drop(OutgoingBody::finish(body, None));
}

fn read(answer: &IncomingResponse, max_bytes: usize) -> Result<Vec<u8>, Error> {
    let no_body = |()| Error::Other("the answer has no body".to_owned());
    let body = answer.consume().map_err(no_body)?;
    let stream = body.stream().map_err(no_body)?;
    let mut content = Vec::new();
    loop {
        match stream.blocking_read(READ as u64) {
            Ok(part) if content.len() + part.len() > max_bytes => return Err(Error::TooLarge(max_bytes)),
            Ok(part) => content.extend(part),
            Err(StreamError::Closed) => return Ok(content),
            Err(StreamError::LastOperationFailed(_)) => {
                return Err(Error::Unavailable("the answer broke off".to_owned()));
            }
        }
    }
}

fn failed(code: ErrorCode) -> Error {
    let name = name(&code);
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            Error::Denied(format!("{name}: the host is not granted"))
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
