//! A request whose body is written part by part.

use std::borrow::Cow;
use std::io;

use wasip2::io::streams::StreamError;

use super::flight::{Flight, step};
use super::sending::Sending;
use crate::http::{Error, Request, Response};

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
