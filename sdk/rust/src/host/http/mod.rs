//! http through wasi:http 0.2. What nobody calls is left out of the component, with its imports.

mod wire;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::http::outgoing_handler::{FutureIncomingResponse, handle};
use wasip2::http::types::{ErrorCode, IncomingBody, IncomingResponse, OutgoingBody};
use wasip2::io::poll::{self, Pollable};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use self::wire::{failed, prepare};
use crate::http::{Error, Request, Response};

/// Bytes that are asked for in one read.
const READ: usize = 64 << 10;
/// Requests that wait for their answers at a time: the host lets one call have 16 connections.
const AT_ONCE: usize = 8;

/// Sends requests, up to [`AT_ONCE`] of them at a time, and answers in their order.
pub(crate) fn send_all(requests: &[&Request]) -> Vec<Result<Response, Error>> {
    let mut flights: Vec<Flight> = requests.iter().map(|request| Flight::new(Cow::Borrowed(request))).collect();
    loop {
        let mut waiting = flights.iter_mut().filter(|flight| !flight.is_done()).take(AT_ONCE);
        waiting.by_ref().for_each(Flight::start);
        let mut under_way: Vec<&mut Flight> = flights.iter_mut().filter(|flight| flight.is_under_way()).collect();
        if !under_way.is_empty() {
            step(&mut under_way);
        } else if flights.iter().all(Flight::is_done) {
            break;
        }
        // Else those that were begun failed at once; the next ones follow.
    }
    flights.into_iter().map(Flight::result).collect()
}

/// Sends a request, and answers when the head of the answer is there.
pub(crate) fn open(request: &Request) -> Result<Incoming, Error> {
    let mut flight = Flight::new(Cow::Borrowed(request));
    flight.start();
    loop {
        match (&flight.stage, &flight.sending) {
            (Stage::Reading(_), Some(sending)) => {
                wait(&[sending.stream.subscribe()], flight.until);
                flight.push();
                flight.look_at_the_clock();
            }
            (Stage::Reading(_) | Stage::Done(_), _) => break,
            _ => step(&mut [&mut flight]),
        }
    }
    match flight.stage {
        Stage::Reading(incoming) => Ok(incoming),
        stage => Err(stage.error()),
    }
}

/// Waits until some of them can go on, or are late, and takes these on.
fn step(flights: &mut [&mut Flight]) {
    let wakers: Vec<Pollable> = flights.iter().flat_map(|flight| flight.wakers()).collect();
    wait(&wakers, flights.iter().filter_map(|flight| flight.until).min());
    // They are children of what the flights hold, and go before it.
    drop(wakers);
    for flight in flights {
        flight.advance();
    }
}

/// Waits for one of several, until a time; answers whether one of them is ready.
fn wait(wakers: &[Pollable], until: Option<u64>) -> bool {
    let timer = until.map(monotonic_clock::subscribe_instant);
    let all: Vec<&Pollable> = wakers.iter().chain(&timer).collect();
    poll::poll(&all).into_iter().any(|at| (at as usize) < wakers.len())
}

fn nothing() -> Error {
    Error::Unavailable("there is no answer".to_owned())
}

/// A request on its way.
struct Flight<'r> {
    request: Cow<'r, Request>,
    /// When it is given up, by the monotonic clock.
    until: Option<u64>,
    /// There while the body is not whole. Until it is, an answer is no reason to wait for no more of it.
    sending: Option<Sending>,
    /// How much of the request's body has gone; none when somebody else writes the body.
    sent: Option<usize>,
    stage: Stage,
}

/// A body that goes out. Dropped as it is, it is broken off. The stream is a child of the body, and goes before it.
struct Sending {
    stream: OutputStream,
    body: OutgoingBody,
    flushed: bool,
}

enum Stage {
    New,
    Sent(FutureIncomingResponse),
    Reading(Incoming),
    Done(Result<Response, Error>),
}

impl Stage {
    /// Why there is no answer.
    fn error(self) -> Error {
        match self {
            Self::Done(Err(error)) => error,
            _ => nothing(),
        }
    }
}

impl<'r> Flight<'r> {
    fn new(request: Cow<'r, Request>) -> Self {
        Self { request, until: None, sending: None, sent: Some(0), stage: Stage::New }
    }

    fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done(_))
    }

    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Sent(_) | Stage::Reading(_))
    }

    fn result(self) -> Result<Response, Error> {
        match self.stage {
            Stage::Done(result) => result,
            stage => Err(stage.error()),
        }
    }

    fn fail(&mut self, error: Error) {
        self.sending = None;
        self.stage = Stage::Done(Err(error));
    }

    fn start(&mut self) {
        if matches!(self.stage, Stage::New) {
            let nanoseconds = |timeout: Duration| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
            self.until =
                self.request.timeout.map(|timeout| monotonic_clock::now().saturating_add(nanoseconds(timeout)));
            match begin(&self.request) {
                Ok((sending, coming)) => (self.sending, self.stage) = (Some(sending), Stage::Sent(coming)),
                Err(error) => self.fail(error),
            }
        }
    }

    /// What it waits for: room for more of the body, if there is more, and what comes.
    fn wakers(&self) -> impl Iterator<Item = Pollable> {
        let sending = self.sending.as_ref().map(|sending| sending.stream.subscribe());
        let coming = match &self.stage {
            Stage::Sent(coming) => Some(coming.subscribe()),
            Stage::Reading(incoming) => Some(incoming.stream.subscribe()),
            Stage::New | Stage::Done(_) => None,
        };
        sending.into_iter().chain(coming)
    }

    /// Goes on as far as it can without waiting, by one part.
    fn advance(&mut self) {
        self.push();
        self.stage = match std::mem::replace(&mut self.stage, Stage::New) {
            Stage::Sent(coming) => match coming.get() {
                None => Stage::Sent(coming),
                Some(Ok(Ok(answer))) => {
                    Incoming::of(answer, self.until).map_or_else(|error| Stage::Done(Err(error)), Stage::Reading)
                }
                Some(Ok(Err(code))) => Stage::Done(Err(failed(code))),
                Some(Err(())) => Stage::Done(Err(nothing())),
            },
            Stage::Reading(incoming) => incoming.gather(self.request.max_bytes),
            other => other,
        };
        self.look_at_the_clock();
        if self.is_done() {
            self.sending = None;
        }
    }

    fn look_at_the_clock(&mut self) {
        if !self.is_done() && self.until.is_some_and(|until| until <= monotonic_clock::now()) {
            self.fail(self.request.late());
        }
    }

    /// Sends what there is room for. A body that is not taken whole is no failure by itself: the answer, or its error, says why.
    fn push(&mut self) {
        let (Some(sent), Some(sending)) = (self.sent, &mut self.sending) else { return };
        let left = self.request.body.get(sent..).unwrap_or_default();
        if !left.is_empty() {
            match sending.write(left) {
                Ok(written) => self.sent = Some(sent + written),
                Err(_) => self.sending = None,
            }
            return;
        }
        match sending.flush() {
            Ok(false) => {}
            Ok(true) => {
                if let Some(Err(code)) = self.sending.take().map(Sending::finish) {
                    self.fail(failed(code));
                }
            }
            Err(_) => self.sending = None,
        }
    }
}

impl Sending {
    /// Writes what there is room for, and answers how much that was.
    fn write(&mut self, bytes: &[u8]) -> Result<usize, StreamError> {
        let room = usize::try_from(self.stream.check_write()?).unwrap_or(usize::MAX);
        let part = bytes.get(..room).unwrap_or(bytes);
        if !part.is_empty() {
            self.stream.write(part)?;
            self.flushed = false;
        }
        Ok(part.len())
    }

    /// Whether all that was written has left.
    fn flush(&mut self) -> Result<bool, StreamError> {
        if !self.flushed {
            self.stream.flush()?;
            self.flushed = true;
        }
        Ok(self.stream.check_write()? > 0)
    }

    fn finish(self) -> Result<(), ErrorCode> {
        drop(self.stream);
        OutgoingBody::finish(self.body, None)
    }
}

fn begin(request: &Request) -> Result<(Sending, FutureIncomingResponse), Error> {
    let no_body = |()| Error::Invalid("the request takes no body".to_owned());
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(no_body)?;
    let stream = body.write().map_err(no_body)?;
    let coming = handle(outgoing, None).map_err(failed)?;
    Ok((Sending { stream, body, flushed: true }, coming))
}

/// A body that is written part by part.
pub(crate) struct Upload(Flight<'static>);

impl Upload {
    pub(crate) fn new(request: Request) -> Result<Self, Error> {
        let mut flight = Flight::new(Cow::Owned(request));
        flight.sent = None;
        flight.start();
        if flight.is_done() { Err(flight.stage.error()) } else { Ok(Self(flight)) }
    }

    pub(crate) fn finish(mut self) -> Result<Response, Error> {
        // Nothing is left to be sent but the end.
        self.0.sent = Some(self.0.request.body.len());
        while !self.0.is_done() {
            self.0.advance();
            if !self.0.is_done() {
                step(&mut [&mut self.0]);
            }
        }
        self.0.result()
    }

    /// Does one thing with the body, as soon as there is room.
    fn attempt(
        &mut self,
        mut act: impl FnMut(&mut Sending) -> Result<Option<usize>, StreamError>,
    ) -> io::Result<usize> {
        loop {
            match self.0.sending.as_mut().map(&mut act) {
                Some(Ok(Some(done))) => return Ok(done),
                Some(Ok(None)) => step(&mut [&mut self.0]),
                Some(Err(_)) => self.0.sending = None,
                None => {
                    let why = "the server takes no more of the body: `finish` has its answer";
                    return Err(io::Error::new(io::ErrorKind::BrokenPipe, why));
                }
            }
        }
    }
}

impl io::Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.attempt(|sending| Ok(Some(sending.write(bytes)?).filter(|written| *written > 0)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|sending| Ok(sending.flush()?.then_some(0))).map(drop)
    }
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
                    if !wait(&[self.stream.subscribe()], self.until) {
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
