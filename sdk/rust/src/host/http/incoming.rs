//! How far a request has come, and the answer that is read once its head is there.

use std::io;

use wasip2::http::outgoing_handler::FutureIncomingResponse;
use wasip2::http::types::{IncomingBody, IncomingResponse};
use wasip2::io::streams::{InputStream, StreamError};

use super::limits::READ;
use super::poll::wait;
use crate::http::{Error, Response};

/// How far a request has come.
pub(super) enum Stage {
    New,
    Sent(FutureIncomingResponse),
    Reading(Incoming),
    Done(Result<Response, Error>),
}

impl Stage {
    /// Why there is no answer.
    pub(super) fn error(self) -> Error {
        match self {
            Self::Done(Err(error)) => error,
            _ => nothing(),
        }
    }
}

pub(super) fn nothing() -> Error {
    Error::Unavailable("there is no answer".to_owned())
}

/// An answer whose head is there. Its parts are dropped in this order: each is a child of the next one.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    gathered: Vec<u8>,
    until: Option<u64>,
    pub(super) stream: InputStream,
    _body: IncomingBody,
    _answer: IncomingResponse,
}

impl Incoming {
    pub(super) fn of(answer: IncomingResponse, until: Option<u64>) -> Result<Self, Error> {
        let no_body = |()| Error::Other("the answer has no body".to_owned());
        let entries = answer.headers().entries().into_iter();
        let headers = entries.map(|(name, value)| (name.to_lowercase(), String::from_utf8_lossy(&value).into_owned()));
        let (status, headers) = (answer.status(), headers.collect());
        let body = answer.consume().map_err(no_body)?;
        let stream = body.stream().map_err(no_body)?;
        Ok(Self { status, headers, gathered: Vec::new(), until, stream, _body: body, _answer: answer })
    }

    /// Takes what is there of the body.
    pub(super) fn gather(mut self, max_bytes: usize) -> Stage {
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
