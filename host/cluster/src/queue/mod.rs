//! The task queue: tasks are kept by the store, and run by this host's workers and by those of peers.
//!
//! **Promises.** A task is run at least once, and at most one completion counts: who has lost its lease is refused by its fence.
//! Nobody polls: workers wake when there is something to claim, waiters when their task has ended. A cancellation reaches the
//! running guest.
//!
//! **Bounds.** Tasks that run here ([`crate::settings::Settings::workers`]); those that wait, by the store, for each tenant.
//!
//! **Refuses.** Tools of the reactor lane as tasks: they are about this host, and another one would answer something else.

mod announced;
mod contents;
mod ending;
mod offers;
mod outbox;
mod outside;
mod progress;
mod remote;
mod run;
pub(crate) mod waits;
mod worker;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, SecondsFormat, Utc};
use tandem_queue::{LeaseRef, Scope, SqliteTasks, TaskState, TaskStore as _, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use announced::{Announced, Offer, OwnCapacity};
pub(crate) use contents::{BlobExports, read_for};
pub(crate) use ending::Ending;
pub(crate) use offers::Offers;
pub(crate) use outside::Outside;
pub(crate) use progress::ProgressSink;
pub(crate) use remote::{claim_for, finish_for, renew_for, renew_now_asked};
pub(crate) use waits::{ClaimNotes, Trust};
pub use waits::{Reason, WaitingTasks};
pub(crate) use worker::work;

/// The queue that tasks wait in.
pub const QUEUE: &str = "default";
/// How long a worker has a task before it must renew: task-store contract, section 1.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// RFC 3339, UTC, milliseconds.
pub(crate) fn moment(at: Timestamp) -> String {
    let at = i64::try_from(at.millis()).ok().and_then(DateTime::<Utc>::from_timestamp_millis).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A task that runs here.
#[derive(Clone)]
struct Running {
    /// The host whose queue it is in; none is this one.
    of: Option<libp2p::PeerId>,
    cancel: CancellationToken,
    told: Arc<ProgressSink>,
}

/// The queue of this host, and what of it and of others' runs here.
pub(crate) struct Queue {
    pub(crate) tasks: SqliteTasks,
    capacity: u32,
    running: Mutex<HashMap<LeaseRef, Running>>,
    /// A place came free, or this host has other tools.
    pub(crate) look: Notify,
    /// A place came free, or a peer offers work.
    pub(crate) offered: Notify,
    /// An outcome waits for its host.
    undelivered: Notify,
    ended: Notify,
    draining: AtomicBool,
    pub(crate) offers: Offers,
    pub(crate) announced: Announced,
    /// What this host says of itself.
    pub(crate) own: OwnCapacity,
    /// What peers may fetch in parts now.
    pub(crate) lent: BlobExports,
    /// What claims of peers came to.
    pub(crate) claims: ClaimNotes,
    /// What workers outside of all hosts ask for.
    pub(crate) outside: Outside,
}

impl Queue {
    pub(crate) fn new(tasks: SqliteTasks, capacity: u32) -> Self {
        Self {
            tasks,
            capacity,
            running: Mutex::default(),
            look: Notify::new(),
            offered: Notify::new(),
            undelivered: Notify::new(),
            ended: Notify::new(),
            draining: AtomicBool::new(false),
            offers: Offers::default(),
            announced: Announced::default(),
            own: OwnCapacity::default(),
            lent: BlobExports::default(),
            claims: ClaimNotes::default(),
            outside: Outside::default(),
        }
    }

    /// Tasks that this host runs at a time, and how many more it would take now.
    pub(crate) fn places(&self) -> (u32, u32) {
        let running = u32::try_from(self.running().len()).unwrap_or(u32::MAX);
        let free = if self.is_draining() { 0 } else { self.capacity.saturating_sub(running) };
        (self.capacity, free)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Takes tasks again; answers whether it took none.
    pub(crate) fn resume(&self) -> bool {
        let drained = self.draining.swap(false, Ordering::AcqRel);
        self.look.notify_one();
        self.offered.notify_one();
        drained
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<LeaseRef, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more tasks.
    pub(crate) fn close(&self) {
        self.draining.store(true, Ordering::Release);
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
                running.values().for_each(|task| task.told.release());
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

    /// Shows how many tasks are in each state.
    async fn gauge(&self) {
        if let Ok(stats) = self.tasks.stats(Scope::All).await {
            for state in TaskState::ALL {
                metrics::gauge!("tandem_p2p_tasks", "state" => state.to_string()).set(stats.count(state) as f64);
            }
        }
    }
}
