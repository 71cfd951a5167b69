//! Answers to requests, from the function that the test gave.

use std::cell::RefCell;
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

pub(crate) fn send(request: &Request) -> Result<Response, Error> {
    // Not borrowed while it runs: it may send a request of its own.
    let answer = ANSWER.with_borrow(Option::clone);
    let answer =
        answer.ok_or_else(|| Error::Denied(format!("{} {}: the host is not granted", request.method, request.url)))?;
    let response = answer(request)?;
    if response.body.len() > request.max_bytes { Err(Error::TooLarge(request.max_bytes)) } else { Ok(response) }
}
