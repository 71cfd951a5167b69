//! Whose a session is, and who makes the present request.

use std::sync::Arc;

use tandem_types::Caller;

use crate::incoming::INCOMING;

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) tenant: Arc<str>,
    pub(super) subject: Arc<str>,
}

impl Owner {
    pub(super) fn of(caller: &Caller) -> Self {
        Self { tenant: caller.tenant.clone(), subject: caller.subject.clone() }
    }
}

/// Who makes the present request.
pub(super) fn caller() -> Option<Owner> {
    INCOMING.try_with(|incoming| Owner::of(&incoming.caller)).ok()
}
