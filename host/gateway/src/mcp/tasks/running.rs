//! A task that runs here: how far it is, what it asks, and the way to stop it.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rmcp::model::InputRequests;
use serde_json::Value;
use tandem_engine::InputError;
use tandem_queue::{LeaseRef, Progress, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    limiter::Permit,
    mcp::{
        client_port::{Ask, Event, WrongForm},
        mrtr::Answers,
    },
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
pub(crate) struct RunningTask {
    pub(super) lease: LeaseRef,
    /// Whether it may be run again.
    pub(super) again: bool,
    attempt: u32,
    stop: CancellationToken,
    why: OnceLock<Stop>,
    state: Mutex<State>,
    _permit: Option<Permit>,
}

impl RunningTask {
    pub(super) fn new(lease: LeaseRef, attempt: u32, again: bool, at: Timestamp, permit: Option<Permit>) -> Self {
        let state = State { at, progress: None, news: false, asks: Vec::new(), asked: 0 };
        Self {
            lease,
            again,
            attempt,
            stop: CancellationToken::new(),
            why: OnceLock::new(),
            state: Mutex::new(state),
            _permit: permit,
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
    pub(super) fn answer(&self, answers: Answers, at: Timestamp) -> Result<(), WrongForm> {
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
    use tandem_queue::{Clock as _, SystemClock};
    SystemClock.now()
}

#[cfg(test)]
mod tests {
    use rmcp::model::{ElicitRequest, ElicitRequestParams, InputRequest as WireRequest};
    use serde_json::json;
    use tandem_queue::TaskId;
    use tokio::sync::oneshot;

    use super::*;
    use crate::mcp::client_port::Question;

    fn live() -> RunningTask {
        RunningTask::new(LeaseRef { id: TaskId::new(), fence: 1 }, 1, false, now(), None)
    }

    fn question(key: &str) -> Question {
        let form = json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
        let form: ElicitRequestParams = serde_json::from_value(form).unwrap();
        Question { key: key.to_owned(), request: WireRequest::Elicitation(ElicitRequest::new(form)) }
    }

    type Heard = oneshot::Receiver<Result<Vec<Value>, InputError>>;

    fn ask(live: &RunningTask, keys: &[&str], spare: &mut Answers) -> Heard {
        let (reply, heard) = oneshot::channel();
        let questions = keys.iter().map(|key| question(key)).collect();
        live.hear(Event::Ask(Ask { questions, reply }), spare);
        heard
    }

    fn yes(keys: &[&str]) -> Answers {
        keys.iter().map(|key| ((*key).to_owned(), json!({"action": "accept"}))).collect()
    }

    fn open(live: &RunningTask) -> Vec<String> {
        live.questions().into_keys().collect()
    }

    #[test]
    fn answers_may_come_one_by_one_and_keys_are_never_used_again() {
        let live = live();
        let mut heard = ask(&live, &["a", "b"], &mut Answers::new());
        assert_eq!(open(&live), ["1.0.a", "1.1.b"]);
        live.answer(yes(&["1.0.a", "stray"]), now()).unwrap();
        assert_eq!(open(&live), ["1.1.b"]);
        assert!(heard.try_recv().is_err());
        // An answer that was given is not changed, and one of another form changes nothing at all.
        let wrong = [("1.1.b".to_owned(), json!(1))].into();
        assert!(live.answer(wrong, now()).is_err());
        let second =
            [("1.0.a".to_owned(), json!({"action": "decline"})), ("1.1.b".to_owned(), json!({"action": "cancel"}))];
        live.answer(second.into(), now()).unwrap();
        let answers = heard.try_recv().unwrap().unwrap();
        assert_eq!(answers, [json!({"action": "accept"}), json!({"action": "cancel"})]);
        let _waits = ask(&live, &["a"], &mut Answers::new());
        assert_eq!(open(&live), ["1.2.a"]);
    }

    #[test]
    fn what_the_client_said_before_is_not_asked_again() {
        let live = live();
        let mut spare = yes(&["a"]);
        let mut heard = ask(&live, &["a"], &mut spare);
        assert!(heard.try_recv().unwrap().is_ok() && spare.is_empty() && open(&live).is_empty());
    }

    #[test]
    fn questions_that_wait_are_bounded_and_a_guest_that_is_gone_waits_no_more() {
        let live = live();
        let waiting: Vec<_> = (0..MAX_ASKS).map(|_| ask(&live, &["a"], &mut Answers::new())).collect();
        let mut one_more = ask(&live, &["a"], &mut Answers::new());
        assert!(matches!(one_more.try_recv(), Ok(Err(InputError::LimitExceeded(_)))));
        drop(waiting);
        live.answer(Answers::new(), now()).unwrap();
        assert!(open(&live).is_empty());
    }

    #[test]
    fn the_store_hears_of_progress_once_and_of_whole_numbers() {
        let live = live();
        live.hear(Event::Progress { done: 1.6, total: Some(4.0), message: None }, &mut Answers::new());
        let progress = Progress { current: 2, total: Some(4), message: None };
        assert_eq!((live.news(), live.news()), (Some(progress.clone()), None));
        assert_eq!(live.progress().0, Some(progress));
    }

    #[test]
    fn the_first_reason_to_stop_counts() {
        let live = live();
        live.stop(Stop::Cancelled);
        live.stop(Stop::Lost);
        assert_eq!(live.why(), Some(Stop::Cancelled));
    }
}
