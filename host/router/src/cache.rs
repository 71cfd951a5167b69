//! Results of read-only idempotent tools that ask for it, for each tenant.
//!
//! The key holds the plugin's digest and the tool's, so that another version never answers from this one's
//! results. Only whole, successful answers are kept.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{Expiry, sync::Cache};
use serde_json::Value;
use tandem_engine::Content;

/// Bytes over all tenants. One tenant can push out another's entries, which costs time, never correctness.
const MAX_BYTES: u64 = 64 << 20;
/// A larger answer is not worth its room.
const MAX_ENTRY: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) tenant: Arc<str>,
    pub(crate) plugin: String,
    pub(crate) tool: String,
    /// `serde_json` keeps object keys sorted, so equal arguments give equal texts.
    pub(crate) arguments: String,
}

/// What is kept of an answer.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) content: Vec<Content>,
    pub(crate) structured: Option<Value>,
    bytes: usize,
    ttl: Duration,
}

struct ByEntry;

impl Expiry<Key, Arc<Entry>> for ByEntry {
    fn expire_after_create(&self, _key: &Key, entry: &Arc<Entry>, _now: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }
}

#[derive(Debug)]
pub(crate) struct Results(Cache<Key, Arc<Entry>>);

impl Default for Results {
    fn default() -> Self {
        let weigh = |key: &Key, entry: &Arc<Entry>| {
            u32::try_from(key.arguments.len() + key.tool.len() + entry.bytes + 256).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MAX_BYTES).weigher(weigh).expire_after(ByEntry).build())
    }
}

impl Results {
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    pub(crate) fn put(&self, key: Key, content: &[Content], structured: Option<&Value>, bytes: usize, ttl: Duration) {
        if bytes <= MAX_ENTRY {
            let entry = Entry { content: content.to_vec(), structured: structured.cloned(), bytes, ttl };
            self.0.insert(key, Arc::new(entry));
        }
    }
}
