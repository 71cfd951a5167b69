//! http through wasi:http 0.2. What nobody calls is left out of the component, with its imports.

use std::io;
use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler::{FutureIncomingResponse, OutgoingRequest, handle};
use wasip2::http::types::{ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, Scheme};
use wasip2::io::poll::{self, Pollable};
use wasip2::io::streams::{InputStream, StreamError};

use crate::http::{Error, Request, Response};

/// Bytes that wasi:io takes in one write.
const WRITE: usize = 4096;
/// Bytes that are asked for in one read.
const READ: usize = 64 << 10;
/// Requests that wait for their answers at a time: the host lets one call have 16 connections.
const AT_ONCE: usize = 8;

/// Sends requests, up to [`AT_ONCE`] of them at a time, and answers in their order.
pub(crate) fn send_all(requests: &[&Request]) -> Vec<Result<Response, Error>> {
    let mut flights: Vec<Flight> = requests.iter().map(|request| Flight::new(request)).collect();
    loop {
        let mut waiting = flights.iter_mut().filter(|flight| !matches!(flight.stage, Stage::Done(_))).take(AT_ONCE);
        waiting.by_ref().for_each(Flight::start);
        let under_way: Vec<&mut Flight> = flights.iter_mut().filter(|flight| flight.is_under_way()).collect();
        if under_way.is_empty() {
            if flights.iter().all(|flight| matches!(flight.stage, Stage::Done(_))) {
                break;
            }
            // Those that were begun failed at once; the next ones follow.
            continue;
        }
        let wakers: Vec<Pollable> = under_way.iter().filter_map(|flight| flight.stage.subscribe()).collect();
        let until = under_way.iter().filter_map(|flight| flight.until).min();
        let ready = wait(&wakers, until);
        // They are children of what the flights hold, and go before it.
        drop(wakers);
        let now = monotonic_clock::now();
        for (at, flight) in under_way.into_iter().enumerate() {
            if ready.contains(&at) {
                flight.advance();
            } else if flight.until.is_some_and(|until| until <= now) {
                flight.stage = Stage::Done(Err(flight.request.late()));
            }
        }
    }
    let done = flights.into_iter().map(|flight| match flight.stage {
        Stage::Done(result) => result,
        _ => Err(Error::Unavailable("there is no answer".to_owned())),
    });
    done.collect()
}

/// Sends a request, and answers when the head of the answer is there.
pub(crate) fn open(request: &Request) -> Result<Incoming, Error> {
    let mut flight = Flight::new(request);
    flight.start();
    loop {
        match flight.stage {
            Stage::Done(Err(error)) => return Err(error),
            Stage::Reading(incoming) => return Ok(incoming),
            _ => {}
        }
        let ready = wait(flight.stage.subscribe().as_slice(), flight.until);
        if ready.is_empty() {
            return Err(request.late());
        }
        flight.advance();
    }
}

/// Waits for one of several, until a time; answers which.
fn wait(wakers: &[Pollable], until: Option<u64>) -> Vec<usize> {
    let timer = until.map(monotonic_clock::subscribe_instant);
    let all: Vec<&Pollable> = wakers.iter().chain(&timer).collect();
    poll::poll(&all).into_iter().map(|at| at as usize).filter(|at| *at < wakers.len()).collect()
}

/// A request on its way.
struct Flight<'r> {
    request: &'r Request,
    /// When it is given up, by the monotonic clock.
    until: Option<u64>,
    stage: Stage,
}

enum Stage {
    New,
    Sent(FutureIncomingResponse),
    Reading(Incoming),
    Done(Result<Response, Error>),
}

impl Stage {
    fn subscribe(&self) -> Option<Pollable> {
        match self {
            Self::Sent(coming) => Some(coming.subscribe()),
            Self::Reading(incoming) => Some(incoming.stream.subscribe()),
            Self::New | Self::Done(_) => None,
        }
    }
}

impl<'r> Flight<'r> {
    fn new(request: &'r Request) -> Self {
        Self { request, until: None, stage: Stage::New }
    }

    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Sent(_) | Stage::Reading(_))
    }

    fn start(&mut self) {
        if matches!(self.stage, Stage::New) {
            self.until =
                self.request.timeout.map(|timeout| monotonic_clock::now().saturating_add(nanoseconds(timeout)));
            self.stage = begin(self.request).map_or_else(|error| Stage::Done(Err(error)), Stage::Sent);
        }
    }

    /// Goes on where something came.
    fn advance(&mut self) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::New) {
            Stage::Sent(coming) => match coming.get() {
                None => Stage::Sent(coming),
                Some(Ok(Ok(answer))) => {
                    Incoming::of(answer, self.until).map_or_else(|error| Stage::Done(Err(error)), Stage::Reading)
                }
                Some(Ok(Err(code))) => Stage::Done(Err(failed(code))),
                Some(Err(())) => Stage::Done(Err(Error::Unavailable("there is no answer".to_owned()))),
            },
            Stage::Reading(incoming) => incoming.gather(self.request.max_bytes),
            other => other,
        };
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn begin(request: &Request) -> Result<FutureIncomingResponse, Error> {
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(|()| Error::Invalid("the request takes no body".to_owned()))?;
    let coming = handle(outgoing, None).map_err(failed)?;
    write(body, &request.body);
    Ok(coming)
}

/// An answer whose head is there. Its parts are dropped in this order: each is a child of the next one.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    gathered: Vec<u8>,
    until: Option<u64>,
    stream: InputStream,
    _body: IncomingBody,
    _answer: IncomingResponse,
}

impl Incoming {
    fn of(answer: IncomingResponse, until: Option<u64>) -> Result<Self, Error> {
        let no_body = |()| Error::Other("the answer has no body".to_owned());
        let entries = answer.headers().entries().into_iter();
        let headers = entries.map(|(name, value)| (name.to_lowercase(), String::from_utf8_lossy(&value).into_owned()));
        let (status, headers) = (answer.status(), headers.collect());
        let body = answer.consume().map_err(no_body)?;
        let stream = body.stream().map_err(no_body)?;
        Ok(Self { status, headers, gathered: Vec::new(), until, stream, _body: body, _answer: answer })
    }

    /// Takes what is there of the body.
    fn gather(mut self, max_bytes: usize) -> Stage {
        match self.stream.read(READ as u64) {
            Ok(part) if self.gathered.len() + part.len() > max_bytes => Stage::Done(Err(Error::TooLarge(max_bytes))),
            Ok(part) => {
                self.gathered.extend(part);
                Stage::Reading(self)
            }
            Err(StreamError::Closed) => {
                Stage::Done(Ok(Response { status: self.status, headers: self.headers, body: self.gathered }))
            }
            Err(StreamError::LastOperationFailed(_)) => {
                Stage::Done(Err(Error::Unavailable("the answer broke off".to_owned())))
            }
        }
    }
}

impl io::Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.stream.read(buffer.len().min(READ) as u64) {
                Ok(part) if part.is_empty() => {
                    if wait(&[self.stream.subscribe()], self.until).is_empty() {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "the request's time is over"));
                    }
                }
                Ok(part) => {
                    let (filled, _) = buffer.split_at_mut(part.len().min(buffer.len()));
                    filled.copy_from_slice(&part);
                    return Ok(filled.len());
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(StreamError::LastOperationFailed(_)) => {
                    return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the answer broke off"));
                }
            }
        }
    }
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

fn failed(code: ErrorCode) -> Error {
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
