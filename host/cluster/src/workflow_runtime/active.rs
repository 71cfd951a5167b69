//! The workflows that this host coordinates now, and the way to the task of each.
//!
//! **Bounds.** [`MAX_MESSAGES`] messages wait for one workflow; where there is no room, it reads the store instead.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tandem_queue::{Begun, Ended, TaskId, WorkflowId};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::error::P2pError;

/// Messages of one workflow that wait: more than steps that it may have in flight.
const MAX_MESSAGES: usize = 1_024;

/// What a workflow's task is told.
pub(super) enum ActorMessage {
    /// A task of one of its steps was claimed.
    Begun(Begun),
    /// A task of one of its steps ended.
    Ended(TaskId),
    /// There is something in the store of which no message came.
    Missed,
    /// Somebody cancels it.
    Cancel(Option<String>, oneshot::Sender<Result<usize, P2pError>>),
    /// Steps are to run on these peers.
    Assign(BTreeMap<String, String>),
}

/// The receiving side of a workflow's task.
pub(super) struct Inbox {
    pub(super) messages: mpsc::Receiver<ActorMessage>,
    missed: Arc<AtomicBool>,
}

impl Inbox {
    /// Whether something happened of which no message came. Asking resets it.
    pub(super) fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }
}

/// The sending side.
#[derive(Clone)]
struct ActorHandle {
    messages: mpsc::Sender<ActorMessage>,
    missed: Arc<AtomicBool>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct ActiveWorkflows {
    actors: Mutex<HashMap<WorkflowId, ActorHandle>>,
    /// A workflow was submitted, or there may be more to take up.
    pub(super) submitted: Notify,
}

impl ActiveWorkflows {
    fn actors(&self) -> MutexGuard<'_, HashMap<WorkflowId, ActorHandle>> {
        self.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.actors().len()
    }

    pub(super) fn contains(&self, id: WorkflowId) -> bool {
        self.actors().contains_key(&id)
    }

    /// A workflow is active from now on, until [`remove`](Self::remove).
    pub(super) fn insert(&self, id: WorkflowId) -> Inbox {
        let (sender, messages) = mpsc::channel(MAX_MESSAGES);
        let missed = Arc::new(AtomicBool::new(false));
        self.actors().insert(id, ActorHandle { messages: sender, missed: missed.clone() });
        Inbox { messages, missed }
    }

    pub(super) fn remove(&self, id: WorkflowId) {
        self.actors().remove(&id);
    }

    /// Sends what somebody asked for, or says why it cannot be done now.
    pub(super) fn send(&self, id: WorkflowId, message: ActorMessage) -> Result<(), P2pError> {
        let actor = self.actors().get(&id).cloned();
        let actor = actor.ok_or_else(|| {
            P2pError::Unavailable("the workflow waits for a place among those that run; try again then".to_owned())
        })?;
        actor
            .messages
            .try_send(message)
            .map_err(|_| P2pError::LimitExceeded(format!("{MAX_MESSAGES} changes of this workflow wait already")))
    }

    /// Sends what happened to a task. Where there is no room, the workflow finds it in the store.
    fn notify(&self, id: WorkflowId, message: ActorMessage) {
        let actor = self.actors().get(&id).cloned();
        if let Some(actor) = actor
            && actor.messages.try_send(message).is_err()
        {
            actor.missed.store(true, Ordering::Release);
        }
    }

    /// A step's task was claimed.
    pub(crate) fn task_begun(&self, begun: Begun) {
        self.notify(begun.step.workflow, ActorMessage::Begun(begun));
    }

    /// A task ended.
    pub(crate) fn task_ended(&self, ended: &Ended) {
        if let Some(step) = &ended.step {
            self.notify(step.workflow, ActorMessage::Ended(ended.id));
        }
    }

    /// What happened to tasks may have been missed.
    pub(crate) fn hints_missed(&self) {
        for actor in self.actors().values() {
            actor.missed.store(true, Ordering::Release);
            // Who waits for a message wakes by this, and who has some looks anyway.
            drop(actor.messages.try_send(ActorMessage::Missed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_among_the_messages_is_looked_for_in_the_store() {
        let (active, id) = (ActiveWorkflows::default(), WorkflowId::new());
        let inbox = active.insert(id);
        for room in (0..MAX_MESSAGES).rev() {
            active.notify(id, ActorMessage::Ended(TaskId::new()));
            assert!(!inbox.take_missed(), "there is room for {room} more");
        }
        active.notify(id, ActorMessage::Ended(TaskId::new()));
        assert!(inbox.take_missed());
    }
}
