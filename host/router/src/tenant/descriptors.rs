//! File descriptors that are open for guests: counted for each tenant and for all, so that none of them takes those that
//! the host needs for its listener and its store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tandem_engine::{Exhausted, Limit};

/// When to ask again: other calls end and close theirs.
const AGAIN: Duration = Duration::from_secs(1);

/// So many at most.
pub(super) struct Pool {
    limit: Limit,
    max: u32,
    open: AtomicU32,
}

impl Pool {
    pub(super) fn new(limit: Limit, max: u32) -> Self {
        Self { limit, max, open: AtomicU32::new(0) }
    }

    pub(super) fn take(self: &Arc<Self>, count: u32) -> Result<DescriptorPermit, Exhausted> {
        let taken = self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            open.checked_add(count).filter(|open| *open <= self.max)
        });
        match taken {
            Ok(_) => Ok(DescriptorPermit { pool: self.clone(), count }),
            Err(_) => {
                let value = format!("{} open files", self.max);
                Err(Exhausted { limit: self.limit, value, retry_after: Some(AGAIN) })
            }
        }
    }
}

/// Given back when dropped.
pub(super) struct DescriptorPermit {
    pool: Arc<Pool>,
    count: u32,
}

impl Drop for DescriptorPermit {
    fn drop(&mut self) {
        self.pool.open.fetch_sub(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_can_be_opened_again() {
        let pool = Arc::new(Pool::new(Limit::TenantOpenFiles, 3));
        let two = pool.take(2).unwrap();
        assert_eq!(pool.take(2).err().map(|exhausted| exhausted.limit), Some(Limit::TenantOpenFiles));
        let _one = pool.take(1).unwrap();
        drop(two);
        assert!(pool.take(2).is_ok());
        assert!(pool.take(u32::MAX).is_err());
    }
}
