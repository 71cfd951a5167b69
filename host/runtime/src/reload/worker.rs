//! The one thread on which plugins are taken over, for as long as the host runs.
//!
//! **Promises.** Work is done in the order in which it comes, one at a time, behind the threads that serve. Work that
//! panics is answered as such, and the next is done. **Bounds:** [`WAITING`]; who comes then waits.
//!
//! It is one, and not whichever of the runtime's threads is free, for memory's sake: an allocator keeps for each thread
//! what it used last, and taking a plugin over uses megabytes. Threads that take turns would each keep as much.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::Context;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// Work that waits. Operators' commands, a signal, the directory's watcher and the evaluation of canaries bring one each.
const WAITING: usize = 8;
/// How much a thread that takes over or compiles stands back behind those that serve, as in nice(2).
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send>;

pub(super) struct Worker(mpsc::Sender<Work>);

/// Lets this thread stand back.
pub(super) fn stand_back() {
    // Where it is not allowed, it is not needed for anything but speed.
    let _slower = rustix::process::nice(NICE);
}

impl Worker {
    /// Starts the thread, which ends with the worker. Inside a runtime's context, in which the work runs too.
    pub(super) fn start() -> io::Result<Self> {
        let (sender, mut waiting) = mpsc::channel::<Work>(WAITING);
        let runtime = Handle::current();
        std::thread::Builder::new().name("reload".to_owned()).spawn(move || {
            stand_back();
            let _context = runtime.enter();
            while let Some(work) = waiting.blocking_recv() {
                // Who waits for it is told; what it has locked is made for that.
                drop(catch_unwind(AssertUnwindSafe(work)));
            }
        })?;
        Ok(Self(sender))
    }

    /// Does it when its turn comes, even if nobody waits for its answer any more.
    pub(super) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
        let (answer, answered) = oneshot::channel();
        let work: Work = Box::new(move || drop(answer.send(work())));
        self.0.send(work).await.ok().context("the host is shutting down")?;
        answered.await.context("the operation panicked; see the log. Loaded plugins keep serving")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_work_is_done_on_one_thread_and_a_panic_ends_only_its_own() {
        let worker = Worker::start().unwrap();
        let here = || (std::thread::current().id(), std::thread::current().name().map(str::to_owned));
        let first = worker.run(here).await.unwrap();
        assert_eq!(first.1.as_deref(), Some("reload"));
        let ended = worker.run(|| panic!("on purpose")).await;
        assert!(ended.unwrap_err().to_string().contains("the operation panicked"));
        assert_eq!(worker.run(here).await.unwrap(), first);
    }
}
