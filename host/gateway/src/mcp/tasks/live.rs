//! A task that runs here: how far it is, what it asks, and the way to stop it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rmcp::model::InputRequests;
use serde_json::Value;
use tandem_engine::InputError;
use tandem_store::tasks::{LeaseRef, Progress, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    mcp::{
        client_port::{Ask, Event},
        mrtr::Answers,
    },
    places::Place,
};

/// Questions in rounds of their own that wait at once: a guest waits for one, and what it calls for another.
const MAX_ASKS: usize = 16;

/// Why a task is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Its client, or an operator, wants no more of it.
    Cancelled,
    /// The host ends.
    Host,
    /// Its lease is not this host's any more.
    Lost,
}

/// Questions that wait, each under the key that its client knows.
struct Waiting {
    ask: Ask,
    keys: Vec<String>,
    answers: Vec<Option<Value>>,
}

struct State {
    /// When something changed last.
    at: Timestamp,
    progress: Option<Progress>,
    /// Whether the store has yet to hear of the progress.
    news: bool,
    asks: Vec<Waiting>,
    /// Questions asked so far: a key is never used again.
    asked: u32,
}

/// See the module.
pub(crate) struct Live {
    pub(super) lease: LeaseRef,
    pub(super) tenant: String,
    /// Whether it may be run again.
    pub(super) again: bool,
    attempt: u32,
    stop: CancellationToken,
    why: OnceLock<Stop>,
    state: Mutex<State>,
    _place: Option<Place>,
}

impl Live {
    pub(super) fn new(
        lease: LeaseRef,
        tenant: &str,
        attempt: u32,
        again: bool,
        at: Timestamp,
        place: Option<Place>,
    ) -> Self {
        let state = State { at, progress: None, news: false, asks: Vec::new(), asked: 0 };
        Self {
            lease,
            tenant: tenant.to_owned(),
            again,
            attempt,
            stop: CancellationToken::new(),
            why: OnceLock::new(),
            state: Mutex::new(state),
            _place: place,
        }
    }

    /// Stops its guest. The first reason counts.
    pub(super) fn stop(&self, why: Stop) {
        let _first = self.why.set(why);
        self.stop.cancel();
    }

    /// Why it was told to stop.
    pub(super) fn why(&self) -> Option<Stop> {
        self.why.get().copied()
    }

    /// Waits until it is to stop.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Takes what the guest tells. `spare` are answers that the client gave before it was asked.
    pub(crate) fn hear(&self, event: Event, spare: &mut Answers) {
        match event {
            Event::Progress { done, total, message } => {
                let progress = Progress { current: whole(done), total: total.map(whole), message };
                let mut state = self.lock();
                state.progress = Some(progress);
                state.news = true;
                state.at = now();
            }
            Event::Ask(ask) => self.ask(ask, spare),
            // The one who wanted to see them has gone.
            Event::Log { .. } => {}
        }
    }

    fn ask(&self, ask: Ask, spare: &mut Answers) {
        let mut state = self.lock();
        if state.asks.len() >= MAX_ASKS {
            let text = format!("{MAX_ASKS} questions of this task wait already");
            drop(ask.reply.send(Err(InputError::LimitExceeded(text))));
            return;
        }
        let mut waiting = Waiting { keys: Vec::new(), answers: Vec::new(), ask };
        for question in &waiting.ask.questions {
            waiting.keys.push(format!("{}.{}.{}", self.attempt, state.asked, question.key));
            state.asked = state.asked.saturating_add(1);
            // One of another form is asked for again.
            let known = spare.remove(&question.key).filter(|answer| question.check(answer).is_ok());
            waiting.answers.push(known);
        }
        state.at = now();
        state.asks.push(waiting);
        state.settle();
    }

    /// Gives answers to those who asked. One of the wrong form is the client's error, and then nothing changes.
    pub(super) fn answer(&self, answers: Answers, at: Timestamp) -> Result<(), String> {
        let mut state = self.lock();
        for waiting in &state.asks {
            for (key, question) in waiting.keys.iter().zip(&waiting.ask.questions) {
                answers.get(key).map_or(Ok(()), |answer| question.check(answer))?;
            }
        }
        for (key, answer) in answers {
            for waiting in &mut state.asks {
                let slots = waiting.keys.iter().zip(&mut waiting.answers);
                if let Some((_, slot)) = slots.into_iter().find(|(own, slot)| **own == key && slot.is_none()) {
                    *slot = Some(answer.clone());
                }
            }
        }
        state.at = at;
        state.settle();
        Ok(())
    }

    /// The questions that wait for an answer.
    pub(super) fn questions(&self) -> InputRequests {
        let mut open = InputRequests::new();
        for waiting in &self.lock().asks {
            for ((key, question), answer) in waiting.keys.iter().zip(&waiting.ask.questions).zip(&waiting.answers) {
                if answer.is_none() {
                    open.insert(key.clone(), question.request.clone());
                }
            }
        }
        open
    }

    /// How far it is, and since when.
    pub(super) fn progress(&self) -> (Option<Progress>, Timestamp) {
        let state = self.lock();
        (state.progress.clone(), state.at)
    }

    /// The progress that the store has not heard of.
    pub(super) fn news(&self) -> Option<Progress> {
        let mut state = self.lock();
        if std::mem::take(&mut state.news) { state.progress.clone() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Answers whoever has all answers, and forgets whoever does not wait any more.
    fn settle(&mut self) {
        let asks = std::mem::take(&mut self.asks);
        for waiting in asks {
            if waiting.ask.reply.is_closed() {
                continue;
            }
            if waiting.answers.iter().all(Option::is_some) {
                let answers = waiting.answers.into_iter().flatten().collect();
                // A guest that is gone needs no answer; its end shows by itself.
                drop(waiting.ask.reply.send(Ok(answers)));
            } else {
                self.asks.push(waiting);
            }
        }
    }
}

/// The store's rows keep whole numbers; a fraction of one is not worth a write.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn now() -> Timestamp {
    use tandem_store::tasks::{Clock as _, SystemClock};
    SystemClock.now()
}
