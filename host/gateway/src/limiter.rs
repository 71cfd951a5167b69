//! Limits that tenants share: so many permits in all, and so many for each, so that no tenant takes them from the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What one tenant has of what all have: half, and at least one. Where all callers are the same one, everything.
pub(crate) fn share(limit: usize, open: bool) -> usize {
    if open { limit } else { (limit / 2).max(1) }
}

/// Counts permits by tenant.
#[derive(Debug)]
pub(crate) struct TenantLimiter {
    limit: usize,
    per_tenant: usize,
    /// As many entries as tenants hold permits.
    taken: Mutex<HashMap<Arc<str>, usize>>,
}

/// One permit. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<TenantLimiter>,
    tenant: Arc<str>,
}

impl TenantLimiter {
    pub(crate) fn new(limit: usize, per_tenant: usize) -> Arc<Self> {
        Arc::new(Self { limit, per_tenant, taken: Mutex::default() })
    }

    /// Permits in all.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A permit, or the limit that stands against it.
    pub(crate) fn take(self: &Arc<Self>, tenant: &Arc<str>) -> Result<Permit, usize> {
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= self.limit {
            return Err(self.limit);
        }
        let count = taken.entry(tenant.clone()).or_default();
        if *count >= self.per_tenant {
            return Err(self.per_tenant);
        }
        *count += 1;
        Ok(Permit { limiter: self.clone(), tenant: tenant.clone() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.limiter.lock();
        if let Some(count) = taken.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tenant_takes_the_places_of_all() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let limiter = TenantLimiter::new(4, share(4, false));
        let held: Vec<_> = (0..2).map(|_| limiter.take(&a).unwrap()).collect();
        assert_eq!(limiter.take(&a).unwrap_err(), 2);
        let others: Vec<_> = (0..2).map(|_| limiter.take(&b).unwrap()).collect();
        assert_eq!(limiter.take(&"c".into()).unwrap_err(), 4);
        drop(held);
        limiter.take(&a).unwrap();
        drop(others);
        assert!(limiter.lock().is_empty(), "who holds nothing costs nothing");
    }

    #[test]
    fn a_share_is_half_but_never_nothing() {
        assert_eq!((share(10, false), share(1, false), share(10, true)), (5, 1, 10));
    }
}
