//! Journals as those who ask about workflows read them: folded once for all who ask before the next event.
//!
//! **Bounds.** [`CAPACITY`] bytes of stored events; what nobody asks for goes after [`IDLE`]. Stops who asks for a workflow of a
//! thousand steps without pause from having it verified and folded each time.

use std::{sync::Arc, time::Duration};

use moka::sync::Cache;
use tandem_queue::{WorkflowId, WorkflowRow};

use super::{
    error::JournalError,
    journal::{Journal, JournalStore},
};

/// Bytes of events as they are stored; read, they have about twice as many.
const CAPACITY: u64 = 16 << 20;
/// How long a journal stays that nobody asks for.
const IDLE: Duration = Duration::from_secs(60);

pub(super) struct JournalCache(Cache<WorkflowId, Arc<Journal>>);

impl Default for JournalCache {
    fn default() -> Self {
        let weigh = |_: &WorkflowId, journal: &Arc<Journal>| u32::try_from(journal.bytes()).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(CAPACITY).weigher(weigh).time_to_idle(IDLE).build())
    }
}

impl JournalCache {
    /// The journal of this workflow, with every event that the row has, or more.
    pub(super) async fn read(&self, journals: &JournalStore, row: &WorkflowRow) -> Result<Arc<Journal>, JournalError> {
        if let Some(journal) = self.0.get(&row.id).filter(|journal| journal.seq() >= row.seq) {
            return Ok(journal);
        }
        let journal = Arc::new(journals.load(row.id).await?);
        self.0.insert(row.id, journal.clone());
        Ok(journal)
    }
}
