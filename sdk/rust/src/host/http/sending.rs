//! The body of a request on its way out.

use wasip2::http::outgoing_handler::{FutureIncomingResponse, handle};
use wasip2::http::types::{ErrorCode, OutgoingBody};
use wasip2::io::streams::{OutputStream, StreamError};

use super::wire::{failed, prepare};
use crate::http::{Error, Request};

/// A body that goes out. Dropped as it is, it is broken off. The stream is a child of the body, and goes before it.
pub(super) struct Sending {
    pub(super) stream: OutputStream,
    body: OutgoingBody,
    flushed: bool,
}

impl Sending {
    /// Writes what there is room for, and answers how much that was.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, StreamError> {
        let room = usize::try_from(self.stream.check_write()?).unwrap_or(usize::MAX);
        let part = bytes.get(..room).unwrap_or(bytes);
        if !part.is_empty() {
            self.stream.write(part)?;
            self.flushed = false;
        }
        Ok(part.len())
    }

    /// Whether all that was written has left.
    pub(super) fn flush(&mut self) -> Result<bool, StreamError> {
        if !self.flushed {
            self.stream.flush()?;
            self.flushed = true;
        }
        Ok(self.stream.check_write()? > 0)
    }

    pub(super) fn finish(self) -> Result<(), ErrorCode> {
        drop(self.stream);
        OutgoingBody::finish(self.body, None)
    }
}

pub(super) fn begin(request: &Request) -> Result<(Sending, FutureIncomingResponse), Error> {
    let no_body = |()| Error::Invalid("the request takes no body".to_owned());
    let outgoing = prepare(request)?;
    let body = outgoing.body().map_err(no_body)?;
    let stream = body.write().map_err(no_body)?;
    let coming = handle(outgoing, None).map_err(failed)?;
    Ok((Sending { stream, body, flushed: true }, coming))
}
