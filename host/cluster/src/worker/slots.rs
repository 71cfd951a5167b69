//! The slots in which tasks run on this host, and the tasks that run in them.
//!
//! **Bounds.** [`crate::settings::Settings::workers`] tasks at a time; a drain waits [`LEASE`] at most for what it cancelled.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use libp2p::PeerId;
use tandem_queue::LeaseRef;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::progress::ProgressSink;
use crate::limits::LEASE;

/// A task that runs here.
#[derive(Clone)]
pub(crate) struct RunningTask {
    /// The host whose queue it is in; none is this one.
    pub(crate) host: Option<PeerId>,
    pub(crate) cancel: CancellationToken,
    pub(crate) progress: Arc<ProgressSink>,
}

/// See the module.
pub(crate) struct WorkerSlots {
    capacity: u32,
    running: Mutex<HashMap<LeaseRef, RunningTask>>,
    draining: AtomicBool,
    /// A task ended.
    ended: Notify,
    /// A slot came free or this host has other tools: the own queue may have something for it.
    pub(crate) own_queue: Notify,
    /// A slot came free: peers may have something for it.
    pub(crate) peer_queues: Notify,
}

impl WorkerSlots {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            capacity,
            running: Mutex::default(),
            draining: AtomicBool::new(false),
            ended: Notify::new(),
            own_queue: Notify::new(),
            peer_queues: Notify::new(),
        }
    }

    /// Tasks that this host runs at a time.
    pub(crate) const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many more it would take now.
    pub(crate) fn free_capacity(&self) -> u32 {
        if self.is_draining() { 0 } else { self.capacity.saturating_sub(self.len()) }
    }

    fn len(&self) -> u32 {
        u32::try_from(self.running().len()).unwrap_or(u32::MAX)
    }

    /// The tasks that run, by their lease. Nothing is awaited while they are locked.
    pub(crate) fn running(&self) -> MutexGuard<'_, HashMap<LeaseRef, RunningTask>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A task begins.
    pub(crate) fn occupy(&self, lease: LeaseRef, task: RunningTask) {
        self.running().insert(lease, task);
    }

    /// A task ended.
    pub(crate) fn release(&self, lease: &LeaseRef) {
        self.running().remove(lease);
        self.ended.notify_waiters();
        self.wake();
    }

    fn wake(&self) {
        self.own_queue.notify_one();
        self.peer_queues.notify_one();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Takes no more tasks.
    pub(crate) fn close(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Takes tasks again; answers whether it took none.
    pub(crate) fn resume(&self) -> bool {
        let drained = self.draining.swap(false, Ordering::AcqRel);
        self.wake();
        drained
    }

    /// Takes no more tasks; those that run get so long, and go back to their queues then. Answers how many ended and how
    /// many went back.
    pub(crate) async fn drain(&self, patience: Duration) -> (usize, usize) {
        self.close();
        let before = self.running().len();
        let empty = async {
            loop {
                let ended = self.ended.notified();
                if self.running().is_empty() {
                    break;
                }
                ended.await;
            }
        };
        let left = match tokio::time::timeout(patience, empty).await {
            Ok(()) => 0,
            Err(_) => {
                let running = self.running();
                running.values().for_each(|task| task.progress.release());
                running.values().for_each(|task| task.cancel.cancel());
                running.len()
            }
        };
        // What was told to stop hands its lease back before it goes.
        let gone = async {
            while !self.running().is_empty() {
                self.ended.notified().await;
            }
        };
        drop(tokio::time::timeout(LEASE, gone).await);
        (before.saturating_sub(left), left)
    }
}
