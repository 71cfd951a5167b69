//! Instances of a plugin, and those that wait for their next call, by tenant: one never serves two tenants.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use wasmtime::{Store, component::Instance};

use crate::{bindings::exports::tandem::plugin::tools, metrics::Counted, state::CallState};

/// One instance with its store.
pub(crate) struct GuestInstance {
    pub(crate) store: Store<CallState>,
    pub(crate) instance: Instance,
    /// The looked-up exports, for the next call of a reused instance.
    pub(crate) tools: Option<tools::Guest>,
    pub(crate) counted: Counted,
    pub(crate) calls: u32,
}

/// At most `max` instances over all tenants; a further one is dropped.
pub(crate) struct Idle {
    max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    count: usize,
    closed: bool,
    by_tenant: HashMap<Arc<str>, Vec<GuestInstance>>,
}

impl Idle {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, inner: Mutex::default() }
    }

    pub(crate) fn take(&self, tenant: &str) -> Option<GuestInstance> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let live = inner.by_tenant.get_mut(tenant)?.pop()?;
        inner.count -= 1;
        Some(live)
    }

    /// Drops all, and every one that comes from now on.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            inner.closed = true;
            inner.count = 0;
            std::mem::take(&mut inner.by_tenant)
        };
        drop(waiting);
    }

    pub(crate) fn put(&self, tenant: &Arc<str>, live: GuestInstance) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.closed {
            return;
        }
        if inner.count < self.max {
            inner.count += 1;
            inner.by_tenant.entry(tenant.clone()).or_default().push(live);
        } else if let Some(other) =
            inner.by_tenant.iter().find_map(|(t, l)| (t != tenant && !l.is_empty()).then(|| t.clone()))
        {
            // Full of others' instances: the one that just worked is worth more than one that waits.
            drop(inner.by_tenant.get_mut(&other).and_then(Vec::pop));
            inner.by_tenant.retain(|_, waiting| !waiting.is_empty());
            inner.by_tenant.entry(tenant.clone()).or_default().push(live);
        }
    }
}
