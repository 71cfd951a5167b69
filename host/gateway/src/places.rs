//! Places that tenants share: so many in all, and so many for each, so that no tenant takes them from the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What one tenant has of what all have: half, and at least one. Where all callers are the same one, everything.
pub(crate) fn share(limit: usize, open: bool) -> usize {
    if open { limit } else { (limit / 2).max(1) }
}

/// Counts places by tenant.
#[derive(Debug)]
pub(crate) struct Places {
    limit: usize,
    per_tenant: usize,
    /// As many entries as tenants hold places.
    taken: Mutex<HashMap<Arc<str>, usize>>,
}

/// One place. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    tenant: Arc<str>,
}

impl Places {
    pub(crate) fn new(limit: usize, per_tenant: usize) -> Arc<Self> {
        Arc::new(Self { limit, per_tenant, taken: Mutex::default() })
    }

    /// Places in all.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// A place, or the limit that stands against it.
    pub(crate) fn take(self: &Arc<Self>, tenant: &Arc<str>) -> Result<Place, usize> {
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= self.limit {
            return Err(self.limit);
        }
        let count = taken.entry(tenant.clone()).or_default();
        if *count >= self.per_tenant {
            return Err(self.per_tenant);
        }
        *count += 1;
        Ok(Place { places: self.clone(), tenant: tenant.clone() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
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
        let places = Places::new(4, share(4, false));
        let held: Vec<_> = (0..2).map(|_| places.take(&a).unwrap()).collect();
        assert_eq!(places.take(&a).unwrap_err(), 2);
        let others: Vec<_> = (0..2).map(|_| places.take(&b).unwrap()).collect();
        assert_eq!(places.take(&"c".into()).unwrap_err(), 4);
        drop(held);
        places.take(&a).unwrap();
        drop(others);
        assert!(places.lock().is_empty(), "who holds nothing costs nothing");
    }

    #[test]
    fn a_share_is_half_but_never_nothing() {
        assert_eq!((share(10, false), share(1, false), share(10, true)), (5, 1, 10));
    }
}
