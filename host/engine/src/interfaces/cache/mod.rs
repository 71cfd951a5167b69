//! `tandem:host/cache`: a bounded cache in memory, one for each tenant's use of a plugin.
//!
//! An entry weighs its key and value and a fixed overhead; over the granted bytes the least used ones go.
//! Entries of one namespace never evict another's.

mod entries;

use std::time::Duration;

use moka::sync::Cache;
use tandem_package::capability::{self, InternalCapability as _};
use tandem_store::Namespace;
use wasmtime::component::Linker;

use self::bindings::tandem::host::cache::{Error, Host, add_to_linker};
pub use self::entries::Caches;
use self::entries::{ENTRY_OVERHEAD, Entry, MAX_TTL, insert};
use crate::{
    account::Use,
    interfaces::HostInterface,
    state::{CallState, HostView},
};

#[allow(missing_docs, missing_debug_implementations, unreachable_pub, clippy::all, reason = "generated")]
pub(super) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit",
        interfaces: "import tandem:host/cache@0.1.0;",
        imports: { default: trappable },
    });
}

/// As it stands in audit records.
const USE: Use = Use::Internal(capability::Cache::NAME);

/// The interface.
pub(crate) struct HostCache;

impl HostInterface for HostCache {
    fn name(&self) -> &'static str {
        capability::Cache::INTERFACE
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

/// A namespace's cache and its bytes, or the refusal.
type Gate = Result<(Cache<String, Entry>, u64), Error>;

impl CallState {
    fn cache(&self) -> wasmtime::Result<Gate> {
        let Some(max) = self.capability().internal.cache else {
            self.denied(USE, "");
            return Ok(Err(Error::Denied("`cache` is not granted".to_owned())));
        };
        self.used(USE);
        let max = max.as_u64();
        let tenant = self.context()?.caller.tenant.clone();
        let ns = Namespace { tenant, plugin: self.plugin.name.clone() };
        Ok(Ok((self.plugin.services.caches.of(ns, max), max)))
    }
}

impl Host for &mut CallState {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(self.cache()?.map(|(cache, _)| cache.get(&key).map(|entry| entry.value.to_vec())))
    }

    fn set(&mut self, key: String, value: Vec<u8>, ttl_ms: Option<u64>) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.cache()?.and_then(|(cache, max)| {
            if (key.len() + value.len() + ENTRY_OVERHEAD) as u64 > max {
                return Err(Error::TooLarge(max));
            }
            let ttl = ttl_ms.map_or(MAX_TTL, Duration::from_millis).min(MAX_TTL);
            insert(&cache, key, Entry { value: value.into(), ttl });
            Ok(())
        }))
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.cache()?.map(|(cache, _)| cache.invalidate(&key)))
    }
}
