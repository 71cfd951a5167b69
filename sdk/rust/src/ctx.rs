//! The call that is being served.

use std::time::Duration;

#[cfg(target_arch = "wasm32")]
use crate::bindings::tandem::host::call::CallContext;
use crate::bindings::tandem::host::call::Principal;
use crate::error::{Error, Result};

/// One call: who asks, how long it may take, and how far it is. Take it as `ctx: &Ctx`.
#[derive(Debug)]
pub struct Ctx {
    #[cfg(target_arch = "wasm32")]
    context: CallContext,
}

#[cfg(target_arch = "wasm32")]
impl Ctx {
    pub(crate) fn new(context: CallContext) -> Self {
        Self { context }
    }

    /// The request's id, as it stands in the operator's log.
    pub fn id(&self) -> String {
        self.context.id()
    }

    /// What is left until the wall-clock deadline.
    pub fn remaining(&self) -> Duration {
        Duration::from_millis(self.context.remaining_ms())
    }

    /// Whether the client gave the call up. Return soon when it did: the host stops the call in any case.
    pub fn cancelled(&self) -> bool {
        self.context.cancelled()
    }

    /// Tells the client how far the call is. `done` must grow; `total` is in the same unit, if known.
    pub fn progress(&self, done: f64, total: Option<f64>, message: impl AsRef<str>) {
        let message = message.as_ref();
        self.context.progress(done, total, (!message.is_empty()).then_some(message));
    }

    /// On whose behalf the call runs.
    pub fn principal(&self) -> Principal {
        self.context.principal()
    }
}

/// Outside a host a call has no deadline, no client and nobody who asks.
#[cfg(not(target_arch = "wasm32"))]
impl Ctx {
    pub(crate) fn detached() -> Self {
        Self {}
    }

    /// The request's id, as it stands in the operator's log.
    pub fn id(&self) -> String {
        "detached".to_owned()
    }

    /// What is left until the wall-clock deadline.
    pub fn remaining(&self) -> Duration {
        Duration::MAX
    }

    /// Whether the client gave the call up. Return soon when it did: the host stops the call in any case.
    pub fn cancelled(&self) -> bool {
        false
    }

    /// Tells the client how far the call is. `done` must grow; `total` is in the same unit, if known.
    pub fn progress(&self, _done: f64, _total: Option<f64>, _message: impl AsRef<str>) {}

    /// On whose behalf the call runs.
    pub fn principal(&self) -> Principal {
        Principal { tenant: "default".to_owned(), subject: "anonymous".to_owned(), scopes: Vec::new() }
    }
}

impl Ctx {
    /// Stops a loop of a call that was given up: `ctx.check()?`.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the client gave the call up.
    pub fn check(&self) -> Result<()> {
        if self.cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}
