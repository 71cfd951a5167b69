//! Drives a call that talks back to its client, from its start to its answer.
//!
//! The older revisions let the server ask while the request is open: the questions go out over the session and the call
//! goes on when the answers are there. MCP 2026-07-28 does not: the request is answered with the questions, the call is
//! parked, and a later request resumes it. Either way one task drives the call: it sends what the guest tells, in
//! order, and stops the guest when the client gives up.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use futures::{Stream, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use rmcp::{
    RoleServer,
    model::{
        ErrorData, InputRequests, InputRequiredResult, LoggingLevel, LoggingMessageNotificationParam,
        ProgressNotificationParam, ProgressToken,
    },
    service::Peer,
};
use tandem_engine::{ClientPort, InputError, Level};
use tandem_router::CallError;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{
    ask,
    client_port::{Ask, Event, Port, PortOptions},
    errors,
    mrtr::{Answers, CallId},
    tasks::RunningTask,
};

/// What a request is answered with now.
#[derive(Debug)]
pub(crate) enum Response<T> {
    Done(T),
    InputRequired(InputRequiredResult),
}

/// How a call stands that does not wait for ever. `L` says what became of its time.
pub(crate) enum Round<T, L> {
    Answered(Response<T>),
    /// It takes longer than it may as a call.
    Late(L, Box<CallDriver<T>>),
}

/// The work behind a request.
pub(crate) type Work<T> = BoxFuture<'static, Result<T, ErrorData>>;

/// Where the events of a call go: to the client of the request that is open now.
#[derive(Debug)]
pub(crate) struct Outlet<'a> {
    pub(crate) peer: &'a Peer<RoleServer>,
    pub(crate) token: Option<ProgressToken>,
}

impl Outlet<'_> {
    async fn send(&self, event: Event) {
        let sent = match event {
            Event::Progress { done, total, message } => {
                let Some(token) = self.token.clone() else { return };
                let mut param = ProgressNotificationParam::new(token, done);
                param.total = total;
                param.message = message;
                self.peer.notify_progress(param).await
            }
            Event::Log { level, logger, data } => {
                let mut param = LoggingMessageNotificationParam::new(wire_level(level), data);
                param.logger = logger;
                self.peer.notify_logging_message(param).await
            }
            Event::Ask(_) => return,
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "mcp: event not delivered");
        }
    }
}

pub(crate) fn wire_level(level: Level) -> LoggingLevel {
    match level {
        Level::Debug => LoggingLevel::Debug,
        Level::Info => LoggingLevel::Info,
        Level::Notice => LoggingLevel::Notice,
        Level::Warning => LoggingLevel::Warning,
        Level::Error => LoggingLevel::Error,
        Level::Critical => LoggingLevel::Critical,
        Level::Alert => LoggingLevel::Alert,
        Level::Emergency => LoggingLevel::Emergency,
    }
}

pub(crate) fn guest_level(level: LoggingLevel) -> Level {
    match level {
        LoggingLevel::Debug => Level::Debug,
        LoggingLevel::Info => Level::Info,
        LoggingLevel::Notice => Level::Notice,
        LoggingLevel::Warning => Level::Warning,
        LoggingLevel::Error => Level::Error,
        LoggingLevel::Critical => Level::Critical,
        LoggingLevel::Alert => Level::Alert,
        LoggingLevel::Emergency => Level::Emergency,
    }
}

/// A running call with its way back. Dropping it stops the guest.
pub(crate) struct CallDriver<T> {
    id: CallId,
    round: u32,
    work: Work<T>,
    events: mpsc::Receiver<Event>,
    /// What the guest waits for.
    pub(super) pending: Option<Ask>,
    /// Answers that no question has used yet.
    spare: Answers,
    /// Answers that the guest has.
    given: Answers,
    /// Cancels a call that outlives its request.
    stop: Option<DropGuard>,
}

/// Why driving paused.
pub(super) enum Step<T, L> {
    Done(Result<T, ErrorData>),
    Asked(Ask),
    Cancelled,
    Late(L),
}

impl<T: Send + 'static> CallDriver<T> {
    /// Starts a call that the task of its request drives; `cancel` is the request's.
    pub(crate) fn attached(
        options: PortOptions,
        cancel: CancellationToken,
        start: impl FnOnce(Arc<dyn ClientPort>, CancellationToken) -> Work<T>,
    ) -> Self {
        let (port, events) = Port::new(options);
        Self {
            id: Uuid::now_v7().as_u128(),
            round: 0,
            work: start(port, cancel),
            events,
            pending: None,
            spare: Answers::new(),
            given: Answers::new(),
            stop: None,
        }
    }

    /// Starts a call in a task of its own, so that it outlives the request; `answers` are there before it asks. When
    /// the driver is dropped the call is cancelled, and ends soon.
    pub(crate) fn detached(
        options: PortOptions,
        answers: Answers,
        start: impl FnOnce(Arc<dyn ClientPort>, CancellationToken) -> Work<T>,
    ) -> Self {
        let stop = CancellationToken::new();
        let mut driver = Self::attached(options, stop.clone(), start);
        let work = std::mem::replace(&mut driver.work, Box::pin(std::future::pending()));
        let task = tokio::spawn(work.in_current_span());
        driver.work = Box::pin(async move {
            task.await.unwrap_or_else(|error| Err(errors::of_request(&CallError::Internal(error.to_string()))))
        });
        driver.spare = answers;
        driver.stop = Some(stop.drop_guard());
        driver
    }

    pub(crate) fn turn(&self) -> (CallId, u32) {
        (self.id, self.round)
    }

    /// Takes more answers, for the next round.
    pub(crate) fn resume(&mut self, answers: Answers) {
        self.round += 1;
        self.spare.extend(answers);
    }

    pub(crate) fn answers_so_far(&self) -> Answers {
        let mut all = self.given.clone();
        all.extend(self.spare.clone());
        all
    }

    pub(super) async fn step<L>(
        &mut self,
        outlet: &Outlet<'_>,
        cancel: &CancellationToken,
        mut late: Pin<&mut impl Future<Output = L>>,
    ) -> Step<T, L> {
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Step::Cancelled,
                Some(event) = self.events.recv() => match event {
                    Event::Ask(ask) => return Step::Asked(ask),
                    event => outlet.send(event).await,
                },
                result = &mut self.work => {
                    self.drain(outlet).await;
                    return Step::Done(result);
                }
                late = &mut late => return Step::Late(late),
            }
        }
    }

    /// Sends what the guest told before it ended.
    async fn drain(&mut self, outlet: &Outlet<'_>) {
        while let Ok(event) = self.events.try_recv() {
            outlet.send(event).await;
        }
    }

    /// Drives the call in a session: questions go to the client while the call runs. A cancelled call ends by itself,
    /// after the moment that its guest has to clean up.
    pub(crate) async fn in_session(mut self, outlet: &Outlet<'_>, timeout: Duration) -> Result<T, ErrorData> {
        let mut asking = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(()) = next(&mut asking) => {}
                Some(event) = self.events.recv() => match event {
                    Event::Ask(ask) => asking.push(ask::over_session(outlet.peer, ask, timeout)),
                    event => outlet.send(event).await,
                },
                result = &mut self.work => {
                    self.drain(outlet).await;
                    return result;
                }
            }
        }
    }

    /// Drives a call that has become a task, whose client asks how it stands. Told to stop, the guest gets its moment to
    /// clean up.
    pub(crate) async fn in_task(mut self, live: &RunningTask) -> Result<T, ErrorData> {
        let mut stopped = false;
        loop {
            tokio::select! {
                biased;
                () = live.stopped(), if !stopped => {
                    stopped = true;
                    self.stop = None;
                }
                Some(event) = self.events.recv() => live.hear(event, &mut self.spare),
                result = &mut self.work => return result,
            }
        }
    }

    /// Answers questions from what is known. What is missing comes back with them; a wrong answer is the client's
    /// error and ends the call.
    pub(super) fn settle(&mut self, ask: Ask) -> Result<Option<(Ask, InputRequests)>, ErrorData> {
        let mut missing = InputRequests::new();
        for question in &ask.questions {
            match self.spare.get(&question.key) {
                Some(answer) => {
                    question
                        .check(answer)
                        .map_err(|wrong| errors::invalid("invalid_input_response", wrong.to_string()))?;
                }
                None => {
                    missing.insert(question.key.clone(), question.request.clone());
                }
            }
        }
        if !missing.is_empty() {
            return Ok(Some((ask, missing)));
        }
        let mut answers = Vec::with_capacity(ask.questions.len());
        for question in ask.questions {
            if let Some(answer) = self.spare.remove(&question.key) {
                self.given.insert(question.key, answer.clone());
                answers.push(answer);
            }
        }
        // A guest that is gone needs no answer; its end shows in the next step.
        let _ = ask.reply.send(Ok(answers));
        Ok(None)
    }

    pub(super) fn refuse(&mut self, limit: usize) {
        if let Some(ask) = self.pending.take() {
            let text = format!("{limit} calls wait for their clients, which is the limit; try again later");
            let _ = ask.reply.send(Err(InputError::LimitExceeded(text)));
        }
    }
}

/// The next item, or never where there is none: an exhausted stream must not end a `select!`.
async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    match stream.next().await {
        Some(item) => Some(item),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
