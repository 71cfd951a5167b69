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
use tandem_engine::{Content, ToolAnswer};

/// Bytes over all tenants. One tenant can evict another's entries, which costs time, never correctness.
const MAX_BYTES: u64 = 64 << 20;
/// A larger answer is not worth its room.
const MAX_ENTRY: usize = 1 << 20;
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) tenant: Arc<str>,
    pub(crate) plugin: String,
    pub(crate) tool: String,
    /// The digest of their canonical JSON.
    pub(crate) arguments: [u8; 32],
}

/// What is kept of an answer.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) content: Vec<Content>,
    pub(crate) structured: Option<Value>,
    /// What it takes in memory.
    pub(crate) bytes: usize,
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
            u32::try_from(key.plugin.len() + key.tool.len() + entry.bytes + 256).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MAX_BYTES).weigher(weigh).expire_after(ByEntry).build())
    }
}

impl Results {
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    /// Keeps an answer, unless it is too large. What has to make room for it goes at once.
    pub(crate) fn put(&self, key: Key, content: &[Content], structured: Option<&Value>, ttl: Duration) {
        let bytes = ToolAnswer::weight(content, structured, MAX_ENTRY);
        if bytes <= MAX_ENTRY {
            let entry = Entry { content: content.to_vec(), structured: structured.cloned(), bytes, ttl };
            self.0.insert(key, Arc::new(entry));
            self.0.run_pending_tasks();
        }
    }
}

#[cfg(test)]
mod tests {
    use tandem_engine::Blob;

    use super::*;

    fn key(i: u64) -> Key {
        let mut arguments = [0; 32];
        arguments[..8].copy_from_slice(&i.to_le_bytes());
        Key { tenant: "t".into(), plugin: "p".to_owned(), tool: "t".to_owned(), arguments }
    }

    #[test]
    fn pictures_weigh_what_they_take_and_room_is_made_at_once() {
        let results = Results::default();
        let picture_bytes = |entry: &Entry| match entry.content.as_slice() {
            [Content::Image(picture)] => picture.data.len(),
            other => panic!("{other:?}"),
        };
        let picture = |bytes| [Content::Image(Blob { data: vec![0; bytes], mime_type: "image/png".to_owned() })];
        for i in 0..200 {
            results.put(key(i), &picture(1 << 19), None, Duration::from_secs(60));
            // Counted anew: what the cache says of itself is what it was told.
            let held: usize = results.0.iter().map(|(_, entry)| picture_bytes(&entry)).sum();
            assert!(held as u64 <= MAX_BYTES, "{held} bytes");
        }
        assert!(results.0.entry_count() > 50);
        results.put(key(1000), &picture(MAX_ENTRY), None, Duration::from_secs(60));
        assert!(results.get(&key(1000)).is_none(), "it is too large");
    }

    #[test]
    fn small_objects_weigh_what_they_take() {
        let results = Results::default();
        let value: Value = std::iter::repeat_n(serde_json::json!({"": 0}), 10_000).collect();
        results.put(key(1), &[], Some(&value), Duration::from_secs(60));
        assert!(results.get(&key(1)).is_none(), "70 KB of text are megabytes of objects");
    }
}
