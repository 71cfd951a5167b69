//! A plugin's compiled code, which may come after the plugin: what a host lists and what it can run are two things.
//!
//! **Promises.** Code comes once, or the reason why it never will; whoever waits then goes on. **Bounds:** [`MAX_WAITING`] calls
//! wait for one plugin.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tokio::sync::SetOnce;
use wasmtime::component::InstancePre;

use crate::{error::RunError, exports::Exports, state::CallState};

/// Calls that wait for one plugin's code. Stops clients from piling requests up behind a component that compiles for minutes.
const MAX_WAITING: u32 = 1024;

/// What instances are made of.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) exports: Exports,
}

/// Where a plugin's code is, or will be.
pub(crate) struct CodeSlot {
    code: SetOnce<Result<Code, Arc<str>>>,
    waiting: AtomicU32,
}

impl CodeSlot {
    pub(crate) fn loaded(code: Code) -> Self {
        Self { code: SetOnce::new_with(Some(Ok(code))), waiting: AtomicU32::new(0) }
    }

    pub(crate) fn empty() -> Self {
        Self { code: SetOnce::new(), waiting: AtomicU32::new(0) }
    }

    /// The code, if it has come.
    pub(crate) fn now(&self) -> Result<&Code, RunError> {
        match self.code.get() {
            Some(code) => code.as_ref().map_err(|reason| RunError::NotLoaded(reason.to_string())),
            None => Err(RunError::NotLoaded("it is being compiled".to_owned())),
        }
    }

    /// Whether it is still to come.
    pub(crate) fn is_empty(&self) -> bool {
        !self.code.initialized()
    }

    /// The first word counts.
    pub(crate) fn set(&self, code: Result<Code, Arc<str>>) {
        drop(self.code.set(code));
    }

    /// How many wait for it.
    pub(crate) fn waiting(&self) -> u32 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Waits until it has come.
    pub(crate) async fn wait(&self) -> Result<(), RunError> {
        if self.is_empty() {
            let _waiting = Waiting::new(&self.waiting)?;
            self.code.wait().await;
        }
        self.now().map(|_| ())
    }
}

struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a AtomicU32) -> Result<Self, RunError> {
        if waiting.fetch_add(1, Ordering::Relaxed) < MAX_WAITING {
            return Ok(Self(waiting));
        }
        waiting.fetch_sub(1, Ordering::Relaxed);
        Err(RunError::NotLoaded(format!("it is being compiled, and {MAX_WAITING} calls wait for it")))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_that_wait_are_bounded_counted_and_end_with_the_reason() {
        let slot = Arc::new(CodeSlot::empty());
        let waits: Vec<_> = (0..MAX_WAITING)
            .map(|_| {
                let slot = slot.clone();
                tokio::spawn(async move { slot.wait().await })
            })
            .collect();
        while slot.waiting() < MAX_WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(slot.wait().await, Err(RunError::NotLoaded(text)) if text.contains("1024 calls wait")));
        slot.set(Err("it does not compile".into()));
        slot.set(Err("a second word".into()));
        for wait in waits {
            assert_eq!(wait.await.unwrap(), Err(RunError::NotLoaded("it does not compile".to_owned())));
        }
        assert_eq!(slot.waiting(), 0);
    }
}
