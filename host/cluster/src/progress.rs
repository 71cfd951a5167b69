//! Progress of a peer's request, as notifications on the stream that it came on.
//!
//! **Promises.** It never waits for the peer, and never delays an answer.
//!
//! **Bounds.** One notification of a request in [`PAUSE`], and none while the stream's queue is full: a tool may say more than its
//! caller reads.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use serde_json::{Map, Value};
use tandem_engine::{ClientCapabilities, ClientPort, InputError, InputRequest, Level};
use tandem_reactor::rpc::Outlet;

/// Between two notifications of one request.
const PAUSE: Duration = Duration::from_millis(100);

/// Tells a peer how far its request is.
pub(crate) struct ProgressNotifier {
    outlet: Outlet,
    token: Value,
    last: Mutex<Option<Instant>>,
}

impl ProgressNotifier {
    /// For the request with this token.
    pub(crate) fn new(outlet: Outlet, token: Value) -> Self {
        Self { outlet, token, last: Mutex::default() }
    }
}

impl ClientPort for ProgressNotifier {
    fn progress(&self, done: f64, total: Option<f64>, message: Option<String>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        let mut params =
            Map::from_iter([("progressToken".to_owned(), self.token.clone()), ("progress".to_owned(), done.into())]);
        params.extend(total.map(|total| ("total".to_owned(), total.into())));
        params.extend(message.map(|message| ("message".to_owned(), message.into())));
        if self.outlet.notify("notifications/progress", params) {
            *last = Some(Instant::now());
        }
    }

    fn log(&self, _level: Level, _logger: Option<&str>, _data: &Value) {}

    fn capabilities(&self) -> ClientCapabilities {
        ClientCapabilities::default()
    }

    fn request(&self, _requests: Vec<InputRequest>) -> BoxFuture<'_, Result<Vec<Value>, InputError>> {
        // The binding has no requests of the server.
        Box::pin(std::future::ready(Err(InputError::Unsupported("interactive"))))
    }
}
