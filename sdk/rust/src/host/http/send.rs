//! Requests that go out whole.

use std::borrow::Cow;

use super::flight::{Flight, step};
use super::incoming::{Incoming, Stage};
use super::limits::AT_ONCE;
use super::poll::wait;
use crate::http::{Error, Request, Response};

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
