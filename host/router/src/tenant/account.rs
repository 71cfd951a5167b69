//! One call's account: its tenant's totals, and what it used, for the audit log.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use tandem_engine::{Account, Descriptors, Exhausted, Turn, Use};

use tokio::{runtime::Handle, sync::Semaphore};

use super::Tenant;

/// Refusals that are kept of one call: a guest that probes would fill the log with them.
const MAX_DENIALS: usize = 16;
/// Bytes of a refusal's object.
const MAX_WHAT: usize = 256;

/// A use that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    /// The capability.
    pub(crate) capability: Use,
    /// Its object: a host, a path, a key. Never a secret.
    pub(crate) what: String,
}

/// What one call used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallUse {
    /// Capabilities that were used, in the order of [`Use`].
    pub(crate) used: Vec<Use>,
    /// Those that were refused, at most 16.
    pub(crate) denied: Vec<Denial>,
}

/// Made for each call.
pub(crate) struct CallAccount {
    tenant: Arc<Tenant>,
    used: AtomicU32,
    denied: Mutex<Vec<Denial>>,
    cpu_ns: AtomicU64,
    egress: AtomicU64,
    lane: Option<LaneBounds>,
}

/// What a lane whose thread is not only its guests' bounds them by.
#[derive(Clone)]
pub(crate) struct LaneBounds {
    /// Guests that compute for longer than a tick, at a time.
    pub(crate) turns: Arc<Semaphore>,
    /// Guest time of one call.
    pub(crate) cpu: Duration,
}

impl CallAccount {
    pub(crate) fn new(tenant: Arc<Tenant>, lane: Option<LaneBounds>) -> Self {
        Self {
            tenant,
            used: AtomicU32::new(0),
            denied: Mutex::default(),
            cpu_ns: AtomicU64::new(0),
            egress: AtomicU64::new(0),
            lane,
        }
    }

    /// What the call used so far.
    pub(crate) fn use_so_far(&self) -> CallUse {
        let bits = self.used.load(Ordering::Relaxed);
        CallUse {
            used: Use::all().filter(|capability| bits & bit(*capability) != 0).collect(),
            denied: self.denied.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Whether a use was refused.
    pub(crate) fn was_denied(&self) -> bool {
        !self.denied.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// CPU time of the guest, and of the host on its behalf.
    pub(crate) fn cpu_so_far(&self) -> Duration {
        Duration::from_nanos(self.cpu_ns.load(Ordering::Relaxed))
    }
}

/// Its bit among the uses of a call; none has more than 32.
fn bit(capability: Use) -> u32 {
    capability.index().and_then(|index| 1_u32.checked_shl(u32::try_from(index).ok()?)).unwrap_or_default()
}

impl Account for CallAccount {
    fn cpu(&self, time: Duration) -> Result<(), Exhausted> {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let before = self.cpu_ns.fetch_add(time, Ordering::Relaxed);
        self.tenant.cpu(before, time)
    }

    fn cpu_ceiling(&self) -> Option<Duration> {
        self.lane.as_ref().map(|lane| lane.cpu)
    }

    /// A call of another lane stays on that lane's thread.
    fn background(&self) -> Option<&Handle> {
        if self.lane.is_none() { self.tenant.background() } else { None }
    }

    fn turn(&self) -> Option<BoxFuture<'static, Turn>> {
        let Some(turns) = self.lane.as_ref().map(|lane| lane.turns.clone()) else { return self.tenant.turn() };
        Some(Box::pin(async move {
            // Closed never; without a permit nothing would be held, which only costs fairness.
            let turn = turns.acquire_owned().await.ok();
            // Guests that hand the turn on wake each other, and the runtime would look at its sockets only every so many tasks.
            // A task that yields goes on after it has looked.
            tokio::task::yield_now().await;
            Box::new(turn) as Turn
        }))
    }

    fn grow(&self, bytes: u64) -> Result<(), Exhausted> {
        self.tenant.grow(bytes)
    }

    fn shrink(&self, bytes: u64) {
        self.tenant.shrink(bytes);
    }

    fn log(&self, bytes: u64) -> bool {
        self.tenant.log(bytes)
    }

    fn egress(&self, bytes: u64) -> Result<(), Exhausted> {
        let before = self.egress.fetch_add(bytes, Ordering::Relaxed);
        self.tenant.egress(before, bytes)
    }

    fn descriptors(&self, count: u32) -> Result<Descriptors, Exhausted> {
        Ok(Box::new(self.tenant.descriptors(count)?))
    }

    fn used(&self, capability: Use) {
        self.used.fetch_or(bit(capability), Ordering::Relaxed);
    }

    fn denied(&self, capability: Use, what: &str) {
        let mut end = what.len().min(MAX_WHAT);
        while !what.is_char_boundary(end) {
            end -= 1;
        }
        let denial = Denial { capability, what: what.get(..end).unwrap_or_default().to_owned() };
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() < MAX_DENIALS && !denied.contains(&denial) {
            denied.push(denial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::{Tenants, Unlimited};

    #[test]
    fn sockets_and_timers_are_looked_at_between_two_turns() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime
            .block_on(runtime.spawn(async {
                let (tenants, turns) = (Tenants::new(Arc::new(Unlimited), 2, 100, None), Arc::new(Semaphore::new(1)));
                let ticks = Arc::new(AtomicU32::new(0));
                let mut guests = tokio::task::JoinSet::new();
                for _ in 0..4 {
                    let lane = LaneBounds { turns: turns.clone(), cpu: Duration::from_secs(1) };
                    let (account, ticks) = (CallAccount::new(tenants.of(&"t".into()), Some(lane)), ticks.clone());
                    guests.spawn(async move {
                        loop {
                            let turn = account.turn().unwrap().await;
                            std::thread::sleep(Duration::from_millis(2));
                            ticks.fetch_add(1, Ordering::Relaxed);
                            drop(turn);
                        }
                    });
                }
                for _ in 0..20 {
                    let before = ticks.load(Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    let waited = ticks.load(Ordering::Relaxed) - before;
                    assert!(waited <= 6, "a timer waited for {waited} turns");
                }
            }))
            .unwrap();
    }

    #[test]
    fn uses_and_refusals_are_kept_once_and_bounded() {
        let tenants = Tenants::new(Arc::new(Unlimited), 2, 100, None);
        let account = CallAccount::new(tenants.of(&"t".into()), None);
        account.used(Use::Internal("cache"));
        account.used(Use::Fs);
        account.used(Use::Internal("cache"));
        for i in 0..100 {
            account.denied(Use::Http, &format!("host-{}", i / 2));
        }
        account.denied(Use::Http, &"é".repeat(200));
        let usage = account.use_so_far();
        assert_eq!(usage.used, [Use::Fs, Use::Internal("cache")]);
        assert_eq!(usage.denied.len(), MAX_DENIALS);
        let bits = Use::all().fold(0_u32, |bits, capability| bits | bit(capability));
        assert_eq!(bits.count_ones() as usize, Use::all().count(), "every use has its bit");
    }
}
