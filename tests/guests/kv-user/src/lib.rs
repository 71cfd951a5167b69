//! A plugin that keeps what it is given: in the durable store, in the cache, and reads its settings.

use std::collections::BTreeMap;
use std::time::Duration;

use tandem_sdk::prelude::*;

#[derive(Debug)]
struct KvUser;

/// A page of keys.
#[output]
struct Page {
    /// The keys.
    keys: Vec<String>,
    /// Where the next page starts.
    next: Option<String>,
}

#[tools]
impl KvUser {
    /// Reads a key of the store.
    #[tool(read_only, idempotent)]
    fn kv_get(key: &str) -> Result<Option<String>> {
        text(kv::get(key)?)
    }

    /// Sets a key of the store.
    #[tool(idempotent)]
    fn kv_set(key: &str, value: &str) -> Result<()> {
        Ok(kv::set(key, value.as_bytes())?)
    }

    /// Sets a key of the store again and again, with pauses, until it is refused.
    #[tool(destructive)]
    fn kv_set_on_and_on(key: &str) -> Result<()> {
        loop {
            kv::set(key, b"again")?;
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sets several keys of the store, all or none.
    #[tool(idempotent)]
    fn kv_set_many(entries: BTreeMap<String, String>) -> Result<()> {
        let entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, value.into_bytes())).collect();
        Ok(kv::set_many(&entries)?)
    }

    /// Sets a key of the store if it has the expected value, or none if none is expected.
    #[tool]
    fn kv_compare_and_set(key: &str, expected: Option<String>, value: &str) -> Result<bool> {
        Ok(kv::compare_and_set(key, expected.as_ref().map(String::as_bytes), value.as_bytes())?)
    }

    /// Removes a key of the store.
    #[tool(destructive, idempotent)]
    fn kv_delete(key: &str) -> Result<bool> {
        Ok(kv::delete(key)?)
    }

    /// Lists a page of the store's keys.
    #[tool(read_only, idempotent)]
    fn kv_list(#[arg(default)] prefix: &str, #[arg(default = 100)] limit: u32, after: Option<String>) -> Result<Page> {
        let page = kv::list_keys(prefix, limit, after.as_deref())?;
        Ok(Page { keys: page.keys, next: page.next })
    }

    /// Sets a key of the store to a value of this many bytes.
    #[tool(idempotent)]
    fn kv_fill(key: &str, bytes: u32) -> Result<()> {
        Ok(kv::set(key, &vec![1; usize::try_from(bytes)?])?)
    }

    /// Reads a key of the cache.
    #[tool(read_only, idempotent)]
    fn cache_get(key: &str) -> Result<Option<String>> {
        text(cache::get(key)?)
    }

    /// Sets a key of the cache.
    #[tool(idempotent)]
    fn cache_set(key: &str, value: &str, ttl_ms: Option<u32>) -> Result<()> {
        let ttl = ttl_ms.map(|ms| Duration::from_millis(ms.into()));
        Ok(cache::set(key, value.as_bytes(), ttl)?)
    }

    /// Sets a key of the cache to a value of this many bytes.
    #[tool(idempotent)]
    fn cache_fill(key: &str, bytes: u32) -> Result<()> {
        Ok(cache::set(key, &vec![1; usize::try_from(bytes)?], None)?)
    }

    /// Removes a key of the cache.
    #[tool(destructive, idempotent)]
    fn cache_delete(key: &str) -> Result<()> {
        Ok(cache::delete(key)?)
    }

    /// Reads a setting.
    #[tool(read_only, idempotent)]
    fn config_get(key: &str) -> Option<String> {
        config::get(key)
    }

    /// Reads all settings.
    #[tool(read_only, idempotent)]
    fn config_all() -> BTreeMap<String, String> {
        config::all().into_iter().collect()
    }
}

fn text(value: Option<Vec<u8>>) -> Result<Option<String>> {
    Ok(value.map(String::from_utf8).transpose()?)
}

tandem_sdk::export!(KvUser);

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    fn call(tool: &str, arguments: Value) -> Result<Value> {
        Ok(testing::call::<KvUser>(tool, &arguments)?.value())
    }

    #[test]
    fn what_was_set_is_read() -> Result<()> {
        assert_eq!(call("kv_get", json!({ "key": "a" }))?, json!({ "result": null }));
        call("kv_set_many", json!({ "entries": { "a": "1", "b": "2", "c": "3" } }))?;
        assert_eq!(call("kv_get", json!({ "key": "b" }))?, json!({ "result": "2" }));
        assert_eq!(call("kv_list", json!({ "limit": 2 }))?, json!({ "keys": ["a", "b"], "next": "b" }));
        assert_eq!(call("kv_list", json!({ "limit": 2, "after": "b" }))?, json!({ "keys": ["c"], "next": null }));
        let swapped = call("kv_compare_and_set", json!({ "key": "a", "expected": "2", "value": "9" }))?;
        assert_eq!(swapped, json!({ "result": false }));
        Ok(())
    }
}
