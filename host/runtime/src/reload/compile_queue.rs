//! Plugins that wait to be compiled while the host serves.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tandem_engine::Plugin;
use tandem_package::Sha256Digest;
use tokio::sync::Notify;

use crate::failure::LoadFailure;

/// Files that wait. A directory with more of them changes all the time, and its files are looked at again.
pub(super) const WAITING: usize = 1024;

/// A file whose component is compiled.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) file: String,
    pub(super) digest: Sha256Digest,
    /// What is listed of it already, and waits for its code.
    pub(super) listed: Option<Arc<Plugin>>,
    /// How often it was called, as far as is known.
    pub(super) calls: u64,
}

/// What is compiled or waits for it.
#[derive(Default)]
pub(super) struct CompileQueue {
    state: Mutex<State>,
    added: Notify,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    waiting: Vec<Job>,
    /// By file, also of what is being compiled.
    current: HashMap<String, Sha256Digest>,
}

impl State {
    /// What calls wait for first, then what is called most, then what came first.
    fn pop(&mut self) -> Option<Job> {
        let urgency = |job: &Job| (job.listed.as_ref().map_or(0, |plugin| plugin.waiting()), job.calls);
        let (next, _) = self.waiting.iter().enumerate().max_by_key(|(place, job)| (urgency(job), Reverse(*place)))?;
        Some(self.waiting.remove(next))
    }
}

impl CompileQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this content of a file is compiled, or waits for it.
    pub(super) fn has(&self, file: &str, digest: &Sha256Digest) -> bool {
        self.state().current.get(file) == Some(digest)
    }

    /// What is being compiled of a file no longer matters.
    pub(super) fn forget(&self, file: &str) {
        let mut state = self.state();
        state.current.remove(file);
        state.waiting.retain(|job| job.file != file);
    }

    pub(super) fn add(&self, job: Job) -> Result<(), LoadFailure> {
        let mut state = self.state();
        if state.waiting.len() >= WAITING {
            let message = format!("more than {WAITING} plugins wait to be compiled; retry with `tandem reload`");
            return Err(LoadFailure::Host(message));
        }
        state.current.insert(job.file.clone(), job.digest);
        state.waiting.push(job);
        drop(state);
        self.added.notify_waiters();
        Ok(())
    }

    /// The next one, as soon as there is one.
    pub(super) async fn next(&self) -> Job {
        loop {
            // Made before the look, so that no word is lost between them.
            let added = self.added.notified();
            if let Some(job) = self.state().pop() {
                return job;
            }
            added.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(file: &str, calls: u64) -> Job {
        Job { file: file.to_owned(), digest: Sha256Digest::of(file.as_bytes()), listed: None, calls }
    }

    #[tokio::test]
    async fn what_is_called_most_comes_first_and_what_is_forgotten_never() {
        let queue = CompileQueue::default();
        for job in [job("a", 0), job("b", 0), job("c", 7), job("d", 9)] {
            queue.add(job).unwrap();
        }
        queue.forget("d");
        assert!(!queue.has("d", &Sha256Digest::of(b"d")));
        for file in ["c", "a", "b"] {
            assert_eq!(queue.next().await.file, file);
            assert!(queue.has(file, &Sha256Digest::of(file.as_bytes())), "it is being compiled");
        }
    }

    #[tokio::test]
    async fn whoever_waits_for_work_gets_it_and_the_queue_is_bounded() {
        let queue = Arc::new(CompileQueue::default());
        let next = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await.file }
        });
        tokio::task::yield_now().await;
        queue.add(job("late", 0)).unwrap();
        assert_eq!(next.await.unwrap(), "late");
        for n in 0..WAITING {
            queue.add(job(&n.to_string(), 0)).unwrap();
        }
        assert!(matches!(queue.add(job("one more", 0)), Err(LoadFailure::Host(text)) if text.contains("1024")));
    }
}
