//! What all requests share of results.

use std::sync::Arc;

use tandem_store::{KeptResult, ResultError, ResultStore};
use tandem_types::{Caller, ContentId};

/// The results that are kept.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    store: Arc<ResultStore>,
    /// Bytes of a result in one message, where its client says nothing.
    inline_limit: usize,
}

impl Results {
    pub(crate) fn new(store: Arc<ResultStore>, inline_limit: usize) -> Self {
        Self { store, inline_limit }
    }

    pub(crate) fn store(&self) -> &ResultStore {
        &self.store
    }

    pub(crate) fn inline_limit(&self) -> usize {
        self.inline_limit
    }

    /// A result that is there for a caller: one of its tenant's, of a tool that it may use.
    ///
    /// # Errors
    ///
    /// It is not there for this caller.
    pub(crate) fn get(&self, caller: &Caller, id: ContentId) -> Result<KeptResult, ResultError> {
        let kept = self.store.get(&caller.tenant, id)?;
        let about = &kept.about;
        match caller.access.is_everything() || caller.access.tool(&about.category, &about.tool) {
            true => Ok(kept),
            false => Err(ResultError::NotFound(id.to_string())),
        }
    }
}
