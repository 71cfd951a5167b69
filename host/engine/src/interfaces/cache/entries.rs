//! The entries of all caches, one cache for each namespace.
//!
//! **Bounds.** The granted bytes of each namespace, the number of namespaces, and how long an entry lives.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use moka::{Expiry, policy::EvictionPolicy, sync::Cache};
use tandem_store::Namespace;

/// Namespaces whose caches are kept. Stops a host with very many tenants from holding them all.
const MAX_NAMESPACES: u64 = 4096;
/// What the cache itself holds for one entry; without it, a million empty values would weigh nothing.
pub(super) const ENTRY_OVERHEAD: usize = 128;
/// The longest that an entry lives. Stops a forgotten one from staying for the host's life.
pub(super) const MAX_TTL: Duration = Duration::from_secs(24 * 3600);

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) value: Arc<[u8]>,
    pub(super) ttl: Duration,
}

struct ByEntry;

impl Expiry<String, Entry> for ByEntry {
    fn expire_after_create(&self, _key: &String, entry: &Entry, _now: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(&self, _: &String, entry: &Entry, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(entry.ttl)
    }
}

/// All namespaces' caches.
#[derive(Clone, Debug)]
pub struct Caches(Cache<Namespace, Cache<String, Entry>>);

impl Default for Caches {
    fn default() -> Self {
        Self(Cache::new(MAX_NAMESPACES))
    }
}

impl Caches {
    pub(super) fn of(&self, ns: Namespace, max_bytes: u64) -> Cache<String, Entry> {
        self.0.get_with(ns, || {
            Cache::builder()
                .max_capacity(max_bytes)
                // What was set last is what the guest asks for next; a policy by use would refuse it.
                .eviction_policy(EvictionPolicy::lru())
                .weigher(|key: &String, entry: &Entry| {
                    u32::try_from(key.len() + entry.value.len() + ENTRY_OVERHEAD).unwrap_or(u32::MAX)
                })
                .expire_after(ByEntry)
                .build()
        })
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("bytes", &self.value.len()).finish_non_exhaustive()
    }
}

/// Sets an entry, and evicts at once what is over the bytes then. The cache would do so some time later: until then a loop of
/// sets would hold many times what is granted.
pub(super) fn insert(cache: &Cache<String, Entry>, key: String, entry: Entry) {
    cache.insert(key, entry);
    cache.run_pending_tasks();
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;

    use super::*;

    const MAX: u64 = 1 << 20;

    fn filled(values: usize) -> (Cache<String, Entry>, Vec<Weak<[u8]>>) {
        let ns = Namespace { tenant: "t".into(), plugin: "p".into() };
        let cache = Caches::default().of(ns, MAX);
        let set = |i: usize| {
            let value: Arc<[u8]> = vec![1; 100 << 10].into();
            let seen = Arc::downgrade(&value);
            insert(&cache, format!("key {i}"), Entry { value, ttl: MAX_TTL });
            seen
        };
        let seen = (0..values).map(set).collect();
        (cache, seen)
    }

    #[test]
    fn what_is_over_the_granted_bytes_is_given_back_at_once() {
        let (cache, seen) = filled(500);
        let held: u64 = seen.iter().filter_map(Weak::upgrade).map(|value| value.len() as u64).sum();
        assert!(held <= 2 * MAX, "{held} bytes are held of {MAX}");
        assert!(cache.weighted_size() <= MAX);
    }

    #[test]
    fn what_was_set_last_is_there() {
        let (cache, _) = filled(50);
        for i in 45..50 {
            assert!(cache.contains_key(&format!("key {i}")), "{i}");
        }
    }
}
