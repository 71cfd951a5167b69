//! Files whose compilation takes long, and which wait for it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tandem_package::Sha256Digest;
use tokio::sync::mpsc;

use crate::failure::LoadFailure;

/// Files that wait. A directory with more of them changes all the time, and its files are looked at again.
pub(super) const WAITING: usize = 256;

/// A file whose component is compiled.
pub(super) type Job = (String, Sha256Digest);

/// What is compiled or waits for it, by file; and the way to it.
pub(super) struct CompileQueue {
    jobs: Mutex<HashMap<String, Sha256Digest>>,
    sender: mpsc::Sender<Job>,
    receiver: Mutex<Option<mpsc::Receiver<Job>>>,
}

impl CompileQueue {
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { jobs: Mutex::default(), sender, receiver: Mutex::new(Some(receiver)) }
    }

    /// What comes to be compiled; once.
    pub(super) fn take_receiver(&self) -> Option<mpsc::Receiver<Job>> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Sha256Digest>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this content of a file is compiled, or waits for it.
    pub(super) fn has(&self, file: &str, digest: &Sha256Digest) -> bool {
        self.jobs().get(file) == Some(digest)
    }

    /// What is being compiled of a file no longer matters.
    pub(super) fn forget(&self, file: &str) {
        self.jobs().remove(file);
    }

    pub(super) fn add(&self, file: &str, digest: Sha256Digest) -> Result<(), LoadFailure> {
        let full = |_| {
            LoadFailure::Host(format!("more than {WAITING} plugins wait to be compiled; retry with `tandem reload`"))
        };
        self.sender.try_send((file.to_owned(), digest)).map_err(full)?;
        self.jobs().insert(file.to_owned(), digest);
        Ok(())
    }
}
