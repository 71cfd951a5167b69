//! What subscribers of the catalog receive.

use std::sync::Arc;

/// What changed, and for whom; no tenant means everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Change {
    Tools { tenant: Option<Arc<str>> },
    Prompts { tenant: Option<Arc<str>> },
    Resources { tenant: Option<Arc<str>> },
    ResourceUpdated { tenant: Arc<str>, uri: Arc<str> },
}
