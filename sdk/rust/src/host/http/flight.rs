//! A request on its way: its body goes out while its answer comes in, until its time is over.

use std::borrow::Cow;
use std::time::Duration;

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::Pollable;

use super::incoming::{Incoming, Stage, nothing};
use super::poll::wait;
use super::sending::{Sending, begin};
use super::wire::failed;
use crate::http::{Error, Request, Response};

/// A request on its way.
pub(super) struct Flight<'r> {
    pub(super) request: Cow<'r, Request>,
    /// When it is given up, by the monotonic clock.
    pub(super) until: Option<u64>,
    /// There while the body is not whole. Until it is, an answer is no reason to wait for no more of it.
    pub(super) sending: Option<Sending>,
    /// How much of the request's body has gone; none when somebody else writes the body.
    pub(super) sent: Option<usize>,
    pub(super) stage: Stage,
}

impl<'r> Flight<'r> {
    pub(super) fn new(request: Cow<'r, Request>) -> Self {
        Self { request, until: None, sending: None, sent: Some(0), stage: Stage::New }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done(_))
    }

    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Sent(_) | Stage::Reading(_))
    }

    pub(super) fn result(self) -> Result<Response, Error> {
        match self.stage {
            Stage::Done(result) => result,
            stage => Err(stage.error()),
        }
    }

    fn fail(&mut self, error: Error) {
        self.sending = None;
        self.stage = Stage::Done(Err(error));
    }

    pub(super) fn start(&mut self) {
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
    pub(super) fn advance(&mut self) {
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

    pub(super) fn look_at_the_clock(&mut self) {
        if !self.is_done() && self.until.is_some_and(|until| until <= monotonic_clock::now()) {
            self.fail(self.request.late());
        }
    }

    /// Sends what there is room for. A body that is not taken whole is no failure by itself: the answer, or its error, says why.
    pub(super) fn push(&mut self) {
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

/// Waits until some of them can go on, or are late, and takes these on.
pub(super) fn step(flights: &mut [&mut Flight]) {
    let wakers: Vec<Pollable> = flights.iter().flat_map(|flight| flight.wakers()).collect();
    wait(&wakers, flights.iter().filter_map(|flight| flight.until).min());
    // They are children of what the flights hold, and go before it.
    drop(wakers);
    for flight in flights {
        flight.advance();
    }
}
