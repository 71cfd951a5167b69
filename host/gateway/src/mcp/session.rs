//! What a client of the older revisions has between its requests: a log level, subscriptions, and someone who tells it
//! of changes.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rmcp::model::ErrorData;
use tandem_engine::{Level, Limit};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{client_port::Threshold, errors};

/// Resources that one client may subscribe to.
pub(crate) const MAX_SUBSCRIPTIONS: usize = 256;
/// Bytes of a URI.
pub(crate) const MAX_URI: usize = 2048;

/// State of one session. The session ends with it.
#[derive(Debug)]
pub(crate) struct Session {
    shared: Arc<SessionState>,
    _end: DropGuard,
}

/// The part that the task which tells of changes shares.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(crate) threshold: Threshold,
    pub(crate) ended: CancellationToken,
    subscriptions: Mutex<HashSet<String>>,
    announced: AtomicBool,
}

impl Session {
    /// A client that never set a level gets what a person would want to see.
    pub(crate) fn new() -> Self {
        let ended = CancellationToken::new();
        let shared = SessionState {
            threshold: Threshold::new(Some(Level::Info)),
            ended: ended.clone(),
            subscriptions: Mutex::default(),
            announced: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), _end: ended.drop_guard() }
    }

    pub(crate) fn state(&self) -> &Arc<SessionState> {
        &self.shared
    }
}

impl SessionState {
    pub(crate) fn subscribe(&self, uri: String) -> Result<(), ErrorData> {
        if uri.len() > MAX_URI {
            return Err(errors::invalid("invalid_arguments", format!("a URI has at most {MAX_URI} bytes")));
        }
        let mut subscriptions = self.lock();
        if subscriptions.len() >= MAX_SUBSCRIPTIONS && !subscriptions.contains(&uri) {
            return Err(errors::limited(Limit::Subscriptions, MAX_SUBSCRIPTIONS));
        }
        subscriptions.insert(uri);
        Ok(())
    }

    pub(crate) fn unsubscribe(&self, uri: &str) {
        self.lock().remove(uri);
    }

    pub(crate) fn subscribed(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    /// Whether this is the first time that the client says it is ready.
    pub(crate) fn announce(&self) -> bool {
        !self.announced.swap(true, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_are_bounded_and_can_be_given_back() {
        let session = Session::new();
        let state = session.state();
        for i in 0..MAX_SUBSCRIPTIONS {
            state.subscribe(format!("test://{i}")).unwrap();
        }
        state.subscribe("test://0".to_owned()).unwrap();
        let error = state.subscribe("test://more".to_owned()).unwrap_err();
        assert_eq!(error.data.unwrap()["limit"], "subscriptions");
        state.unsubscribe("test://0");
        assert!(!state.subscribed().contains(&"test://0".to_owned()));
        state.subscribe("test://more".to_owned()).unwrap();
        assert!(state.subscribe("x".repeat(MAX_URI + 1)).is_err());
    }

    #[test]
    fn the_end_of_a_session_is_seen_by_its_helpers() {
        let session = Session::new();
        let state = session.state().clone();
        assert!(state.announce() && !state.announce());
        drop(session);
        assert!(state.ended.is_cancelled());
    }
}
