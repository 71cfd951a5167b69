//! The way back to a peer beside the answer to its request.

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::message;

/// Notifications on the stream that a request came on.
#[derive(Clone, Debug)]
pub struct Outlet(mpsc::Sender<Value>);

impl Outlet {
    pub(super) fn new(queue: mpsc::Sender<Value>) -> Self {
        Self(queue)
    }

    /// Sends one, unless the stream's queue is full. Answers whether it did.
    pub fn notify(&self, method: &str, params: Map<String, Value>) -> bool {
        self.0.try_send(message::notification(method, params)).is_ok()
    }
}
