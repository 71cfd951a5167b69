//! What a running task says of itself: kept until the next renewal of its lease carries it to the store.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use futures::future::BoxFuture;
use serde_json::Value;
use tandem_engine::{ClientCapabilities, ClientPort, InputError, InputRequest, Level};
use tandem_queue::Progress;

/// The newest progress, and whether the task is to be handed back rather than failed when it stops.
#[derive(Default)]
pub(crate) struct ProgressSink {
    newest: Mutex<Option<Progress>>,
    released: AtomicBool,
}

impl ProgressSink {
    /// Progress since it was last taken.
    pub(crate) fn take(&self) -> Option<Progress> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether there is any.
    pub(crate) fn has_news(&self) -> bool {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    pub(crate) fn release(&self) {
        self.released.store(true, Ordering::Release);
    }

    pub(crate) fn is_released(&self) -> bool {
        self.released.load(Ordering::Acquire)
    }
}

/// Whole numbers are kept: what is below one is not worth a row.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

impl ClientPort for ProgressSink {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        let progress = Progress { current: whole(done), total: total.map(whole), message };
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }

    fn log(&self, _level: Level, _logger: Option<&str>, _data: &Value) {}

    fn capabilities(&self) -> ClientCapabilities {
        ClientCapabilities::default()
    }

    fn request(&self, _requests: Vec<InputRequest>) -> BoxFuture<'_, Result<Vec<Value>, InputError>> {
        // A task runs when nobody is there to answer.
        Box::pin(std::future::ready(Err(InputError::Unsupported("interactive"))))
    }
}
