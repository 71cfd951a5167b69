//! Workflows that run: each active one has a task of its own on the thread, which holds its coordinator lease, follows its
//! steps' tasks and writes its journal.
//!
//! **Promises.** The journal is in the store before anything is done about it, and each step's task is queued in the same
//! transaction as the event that says so: a host that was killed goes on where the journal ends, and no completed step runs
//! again. A coordinator that lost its lease writes nothing more.
//!
//! **Bounds.** Active workflows ([`crate::settings::Settings::max_workflows`]); others wait in the store. News of each by
//! [`MAX_MESSAGES`].
//!
//! **Refuses.** Plans that are not valid, and plans over the size of one event of the journal.

mod actor;
mod contents;
mod journal;
mod prefer;
mod readers;
mod settle;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tandem_queue::{Begun, Ended, TaskId, TaskStore, WorkflowId};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinSet,
};

use crate::error::P2pError;

pub(crate) use journal::{Journal, begin};

use crate::{core::Core, queue::LEASE};

/// News of one workflow that wait: more than steps that it may have in flight. A full queue only makes it look at the store.
const MAX_MESSAGES: usize = 1_024;

/// What a workflow's task is told.
enum ActorMessage {
    /// A task of one of its steps was claimed.
    Begun(Begun),
    /// A task of one of its steps ended.
    Ended(TaskId),
    /// There is something in the store of which nothing was told.
    Missed,
    /// Somebody cancels it.
    Cancel(Option<String>, oneshot::Sender<Result<usize, P2pError>>),
    /// Steps are to run on these peers.
    Assign(BTreeMap<String, String>),
}

/// The way to a workflow's task.
#[derive(Clone)]
struct Line {
    news: mpsc::Sender<ActorMessage>,
    /// Something happened to its steps' tasks that it was not told: it looks into the store.
    missed: Arc<AtomicBool>,
}

/// The active workflows.
#[derive(Default)]
pub(crate) struct Flows {
    active: Mutex<HashMap<WorkflowId, Line>>,
    /// A workflow was submitted or a place came free.
    look: Notify,
    /// For those who ask.
    pub(crate) readers: readers::Readers,
}

impl Flows {
    fn active(&self) -> std::sync::MutexGuard<'_, HashMap<WorkflowId, Line>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn len(&self) -> usize {
        self.active().len()
    }

    fn is_active(&self, id: WorkflowId) -> bool {
        self.active().contains_key(&id)
    }

    fn tell(&self, id: WorkflowId, news: ActorMessage) -> Result<(), P2pError> {
        let queue = self.active().get(&id).cloned();
        let queue = queue.ok_or_else(|| {
            P2pError::Unavailable("the workflow waits for a place among those that run; try again then".to_owned())
        })?;
        queue
            .news
            .try_send(news)
            .map_err(|_| P2pError::LimitExceeded(format!("{MAX_MESSAGES} changes of this workflow wait already")))
    }

    /// Tells what happened to a task. Where there is no room, the workflow finds it in the store.
    fn happened(&self, id: WorkflowId, news: ActorMessage) {
        let line = self.active().get(&id).cloned();
        if let Some(line) = line
            && line.news.try_send(news).is_err()
        {
            line.missed.store(true, Ordering::Release);
        }
    }

    /// A step's task was claimed.
    pub(crate) fn begun(&self, begun: Begun) {
        self.happened(begun.step.workflow, ActorMessage::Begun(begun));
    }

    /// A task ended.
    pub(crate) fn ended(&self, ended: &Ended) {
        if let Some(step) = &ended.step {
            self.happened(step.workflow, ActorMessage::Ended(ended.id));
        }
    }

    /// Ends of tasks may have been missed.
    pub(crate) fn missed(&self) {
        for line in self.active().values() {
            line.missed.store(true, Ordering::Release);
            // Who waits for news wakes by this, and who has some looks anyway.
            drop(line.news.try_send(ActorMessage::Missed));
        }
    }

    /// A workflow was submitted.
    pub(crate) fn submitted(&self) {
        self.look.notify_one();
    }

    /// Cancels; answers how many steps had not ended.
    pub(crate) async fn cancel(&self, core: &Core, id: WorkflowId, reason: Option<String>) -> Result<usize, P2pError> {
        if !self.is_active(id) {
            return journal::cancel(core, id, reason).await;
        }
        let (reply, answer) = oneshot::channel();
        self.tell(id, ActorMessage::Cancel(reason, reply))?;
        answer.await.map_err(|_| P2pError::Unavailable("the workflow's coordinator changed; try again".to_owned()))?
    }

    /// Chooses peers for steps that have not started.
    pub(crate) fn assign(&self, id: WorkflowId, to: BTreeMap<String, String>) -> Result<(), P2pError> {
        self.tell(id, ActorMessage::Assign(to))
    }
}

/// Takes up workflows that have no coordinator, until it is dropped.
pub(crate) async fn coordinate(core: Arc<Core>) {
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        take_up(&core, &mut tasks).await;
        metrics::gauge!("tandem_p2p_workflows", "state" => "active").set(core.flows.len() as f64);
        tokio::select! {
            () = core.flows.look.notified() => {}
            Some(_) = tasks.join_next() => {}
            // Another host's lease may have ended.
            () = tokio::time::sleep(LEASE / 3) => {}
        }
    }
}

async fn take_up(core: &Arc<Core>, tasks: &mut JoinSet<()>) {
    let room = (core.settings.max_workflows as usize).saturating_sub(core.flows.len());
    let room = u32::try_from(room).unwrap_or(u32::MAX).min(tandem_queue::MAX_CLAIM);
    if room == 0 {
        return;
    }
    let claimed = core.queue.tasks.claim_workflows(&core.network.me.to_string(), room, LEASE).await;
    let claimed = match claimed {
        Ok(claimed) => claimed,
        Err(error) => {
            tracing::error!(%error, "claiming workflows failed");
            return;
        }
    };
    let more = claimed.len() == room as usize;
    for leased in claimed {
        let (news, queue) = mpsc::channel(MAX_MESSAGES);
        let missed = Arc::new(AtomicBool::new(false));
        core.flows.active().insert(leased.id, Line { news, missed: missed.clone() });
        let core = core.clone();
        tasks.spawn(async move {
            let id = leased.id;
            if let Err(error) = actor::run(&core, leased, (queue, missed)).await {
                tracing::warn!(workflow = %id, error, "stopped coordinating the workflow");
            }
            core.flows.active().remove(&id);
        });
    }
    if more {
        core.flows.look.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_among_the_news_is_looked_for_in_the_store() {
        let (flows, id) = (Flows::default(), WorkflowId::new());
        let (news, _queue) = mpsc::channel(MAX_MESSAGES);
        let missed = Arc::new(AtomicBool::new(false));
        flows.active().insert(id, Line { news, missed: missed.clone() });
        for room in (0..MAX_MESSAGES).rev() {
            flows.happened(id, ActorMessage::Ended(TaskId::new()));
            assert!(!missed.load(Ordering::Acquire), "there is room for {room} more");
        }
        flows.happened(id, ActorMessage::Ended(TaskId::new()));
        assert!(missed.load(Ordering::Acquire));
    }
}
