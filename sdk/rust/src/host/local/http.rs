//! Answers to requests, from the function that the test gave.

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Write};
use std::rc::Rc;

use crate::http::{Error, Request, Response};

type Answer = Rc<dyn Fn(&Request) -> Result<Response, Error>>;

thread_local! {
    static ANSWER: RefCell<Option<Answer>> = const { RefCell::new(None) };
}

pub(super) fn clear() {
    ANSWER.set(None);
}

pub(crate) fn set_answer(answer: impl Fn(&Request) -> Result<Response, Error> + 'static) {
    ANSWER.set(Some(Rc::new(answer)));
}

pub(crate) fn send_all(requests: &[&Request]) -> Vec<Result<Response, Error>> {
    requests.iter().map(|request| send(request)).collect()
}

pub(crate) fn open(request: &Request) -> Result<Incoming, Error> {
    let Response { status, headers, body } = answer(request)?;
    Ok(Incoming { status, headers, body: Cursor::new(body) })
}

/// An answer that is there already.
pub(crate) struct Incoming {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    body: Cursor<Vec<u8>>,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

/// A body that is kept until it is whole.
pub(crate) struct Upload(Request);

impl Upload {
    pub(crate) fn new(request: Request) -> Result<Self, Error> {
        Ok(Self(request.body(Vec::new())))
    }

    pub(crate) fn finish(self) -> Result<Response, Error> {
        send(&self.0)
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.body.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn send(request: &Request) -> Result<Response, Error> {
    let response = answer(request)?;
    if response.body.len() > request.max_bytes { Err(Error::TooLarge(request.max_bytes)) } else { Ok(response) }
}

fn answer(request: &Request) -> Result<Response, Error> {
    // Not borrowed while it runs: it may send a request of its own.
    let answer = ANSWER.with_borrow(Option::clone);
    let answer =
        answer.ok_or_else(|| Error::Denied(format!("{} {}: the host is not granted", request.method, request.url)))?;
    answer(request)
}
