//! Hints from this host's writes: nobody polls. They go out after the commit, from the writer's thread, so that a
//! caller that went away takes none with it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{broadcast, watch};

use super::{LeaseRef, MAX_WAITERS, StepRef, TaskId, TaskState, TaskStoreError, Timestamp};

/// Hints that a slow listener may be behind before it misses some.
const BACKLOG: usize = 1024;

/// A task that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The task.
    pub id: TaskId,
    /// How.
    pub state: TaskState,
    /// The step it carried out.
    pub step: Option<StepRef>,
}

/// A worker has a task that carries out a step of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its lease.
    pub lease: LeaseRef,
    /// The worker.
    pub worker: String,
    /// Since when, by the store's clock.
    pub at: Timestamp,
    /// The step.
    pub step: StepRef,
}

/// A cancellation that a worker should hear of before its next renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelHint {
    /// The lease.
    pub lease: LeaseRef,
    /// Its holder.
    pub worker: String,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A step's task was claimed.
    Begun(Begun),
    /// A task ended.
    Ended(Ended),
    /// A task that runs is to be cancelled.
    Cancel(CancelHint),
}

/// Tells when there may be something to claim.
#[derive(Clone, Debug)]
pub struct Wakeups(watch::Receiver<u64>);

impl Wakeups {
    /// Waits for something new since this was made or last asked.
    ///
    /// # Errors
    /// When store closed.
    pub async fn changed(&mut self) -> Result<(), TaskStoreError> {
        self.0.changed().await.map_err(|_| TaskStoreError::Closed)
    }
}

/// What time does to tasks, each by a call of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chore {
    /// [`TaskStore::reap`](super::TaskStore::reap): a lease ends or a task's time comes.
    Reap,
    /// [`TaskStore::prune`](super::TaskStore::prune): a task that ended has been kept for its time.
    Prune,
}

/// What one transaction has to tell.
#[derive(Debug, Default)]
pub(super) struct TxEvents {
    pub(super) ready: bool,
    pub(super) hints: Vec<Hint>,
    reap: Option<Timestamp>,
    prune: Option<Timestamp>,
}

impl TxEvents {
    /// There is something to do then.
    pub(super) fn due(&mut self, chore: Chore, at: Timestamp) {
        let earliest = match chore {
            Chore::Reap => &mut self.reap,
            Chore::Prune => &mut self.prune,
        };
        *earliest = Some(earliest.map_or(at, |earliest| earliest.min(at)));
    }
}

#[derive(Debug)]
pub(super) struct Hub {
    ready: watch::Sender<u64>,
    hints: broadcast::Sender<Hint>,
    waiters: Mutex<HashMap<TaskId, watch::Sender<()>>>,
    /// The earliest time of each chore that was told and has not come.
    reap: watch::Sender<Timestamp>,
    prune: watch::Sender<Timestamp>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self {
            ready: watch::Sender::new(0),
            hints: broadcast::Sender::new(BACKLOG),
            waiters: Mutex::new(HashMap::new()),
            reap: watch::Sender::default(),
            prune: watch::Sender::default(),
        }
    }

    pub(super) fn tell(&self, news: TxEvents, now: Timestamp) {
        for (timer, due) in [(&self.reap, news.reap), (&self.prune, news.prune)] {
            timer.send_if_modified(|earliest| {
                let sooner = due.filter(|due| *due < *earliest || *earliest <= now);
                *earliest = sooner.unwrap_or(*earliest);
                sooner.is_some()
            });
        }
        if news.ready {
            self.ready.send_modify(|count| *count = count.wrapping_add(1));
        }
        for hint in news.hints {
            if let Hint::Ended(ended) = &hint
                && let Some(waiter) = self.waiters().get(&ended.id)
            {
                waiter.send_replace(());
            }
            // Nobody may listen; that is no failure.
            drop(self.hints.send(hint));
        }
    }

    /// Tells when a chore has a nearer time than before.
    pub(super) fn timer(&self, chore: Chore) -> watch::Receiver<Timestamp> {
        match chore {
            Chore::Reap => self.reap.subscribe(),
            Chore::Prune => self.prune.subscribe(),
        }
    }

    pub(super) fn wakeups(&self) -> Wakeups {
        Wakeups(self.ready.subscribe())
    }

    pub(super) fn hints(&self) -> broadcast::Receiver<Hint> {
        self.hints.subscribe()
    }

    /// From now on an end of this task is seen.
    pub(super) fn wait(self: &Arc<Self>, id: TaskId) -> Result<Waiter, TaskStoreError> {
        let mut waiters = self.waiters();
        let full = waiters.len() >= MAX_WAITERS;
        let ended = match waiters.entry(id) {
            Entry::Occupied(entry) => entry.get().subscribe(),
            Entry::Vacant(_) if full => return Err(TaskStoreError::Busy("too many callers wait for a task to end")),
            Entry::Vacant(entry) => entry.insert(watch::Sender::new(())).subscribe(),
        };
        Ok(Waiter { hub: Arc::clone(self), id, ended: Some(ended) })
    }

    fn waiters(&self) -> MutexGuard<'_, HashMap<TaskId, watch::Sender<()>>> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that waits for a task's end; the last one takes the entry with it.
pub(super) struct Waiter {
    hub: Arc<Hub>,
    id: TaskId,
    ended: Option<watch::Receiver<()>>,
}

impl Waiter {
    pub(super) async fn ended(&mut self) {
        if let Some(ended) = &mut self.ended {
            // The sender stays while there is a waiter.
            drop(ended.changed().await);
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.ended = None;
        let mut waiters = self.hub.waiters();
        if waiters.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiters.remove(&self.id);
        }
    }
}
