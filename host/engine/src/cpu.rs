//! The CPU time of one call: what its guest computes, and what the host does for it on the same thread.
//!
//! **Promises.** Time is read from the thread's own clock, so a busy machine costs a guest nothing, and a long host call or one
//! instruction that fills megabytes costs what it took. It is charged at every tick and whenever the call begins to wait.
//! A nested call that runs inside the same poll is charged to its own meter only.
//!
//! **Bounds.** The call's limit and the totals of its [`Account`]. One instruction or host call is charged after it ended, so
//! a call overruns by at most one of them.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;

use crate::{
    account::{Account, Exhausted, Turn},
    config::FOREGROUND,
    error::RunError,
    limit::Limit,
};

thread_local! {
    /// CPU time of this thread, in nanoseconds, that some meter has charged.
    static CHARGED: Cell<u64> = const { Cell::new(0) };
}

/// CPU time of this thread that no meter has charged, in nanoseconds.
fn uncharged() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0));
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX).saturating_sub(CHARGED.get())
}

/// The call is over its limit, or its account over a total: [`CpuMeter::hit`] says which.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OverBudget;

/// Charges one call.
pub(crate) struct CpuMeter {
    account: Arc<dyn Account>,
    limit: Duration,
    used: AtomicU64,
    /// [`uncharged`] when the present poll began. What is charged is taken off both sides, so it stays.
    begin: AtomicU64,
    exhausted: Mutex<Option<Exhausted>>,
    /// Held while a guest that runs for long computes, and given back when it waits: one that waits never keeps another
    /// one waiting.
    turn: Mutex<Option<Turn>>,
    /// Whether the call belongs in the background class.
    demoted: AtomicBool,
}

impl CpuMeter {
    /// At most `limit`, or what the account says that there is.
    pub(crate) fn new(account: Arc<dyn Account>, limit: Duration) -> Arc<Self> {
        let limit = account.cpu_ceiling().map_or(limit, |ceiling| ceiling.min(limit));
        Arc::new(Self {
            account,
            limit,
            used: AtomicU64::new(0),
            begin: AtomicU64::new(0),
            exhausted: Mutex::default(),
            turn: Mutex::default(),
            demoted: AtomicBool::new(false),
        })
    }

    /// The threads of the background class, if the call's account has one.
    pub(crate) fn background(&self) -> Option<&Handle> {
        self.account.background()
    }

    /// Whether the call goes on in the background class.
    pub(crate) fn is_demoted(&self) -> bool {
        self.demoted.load(Ordering::Relaxed)
    }

    /// Has the call go on in the background class, once it yields. Answers whether it did not so far.
    pub(crate) fn demote(&self) -> bool {
        self.background().is_some() && !self.demoted.swap(true, Ordering::Relaxed)
    }

    /// What computes in the foreground is short: it waits for no turn.
    fn needs_turn(&self) -> bool {
        self.is_demoted() || self.background().is_none()
    }

    /// Charges all that a call's future does. A call that begins to wait over its budget ends.
    pub(crate) async fn drive<T>(&self, work: impl Future<Output = Result<T, RunError>>) -> Result<T, RunError> {
        let mut work = pin!(work);
        poll_fn(|cx| {
            self.begin.store(uncharged(), Ordering::Relaxed);
            let progress = work.as_mut().poll(cx);
            let charged = self.charge();
            if progress.is_ready() {
                return progress;
            }
            self.give_turn_back();
            match (charged, self.hit()) {
                (Err(OverBudget), Some(limit)) => Poll::Ready(Err(limit)),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Charges what was used since it was last asked. Only inside of [`Self::drive`].
    pub(crate) fn charge(&self) -> Result<(), OverBudget> {
        let time = uncharged().saturating_sub(self.begin.load(Ordering::Relaxed));
        CHARGED.set(CHARGED.get().saturating_add(time));
        let used = self.used.fetch_add(time, Ordering::Relaxed).saturating_add(time);
        if Duration::from_nanos(used) > FOREGROUND {
            self.demote();
        }
        let total = self.account.cpu(Duration::from_nanos(time));
        if let Err(exhausted) = total {
            *self.exhausted.lock().unwrap_or_else(PoisonError::into_inner) = Some(exhausted);
            return Err(OverBudget);
        }
        if Duration::from_nanos(used) > self.limit { Err(OverBudget) } else { Ok(()) }
    }

    /// The limit or total that is used up.
    pub(crate) fn hit(&self) -> Option<RunError> {
        if Duration::from_nanos(self.used.load(Ordering::Relaxed)) > self.limit {
            return Some(RunError::Limit { limit: Limit::Cpu, value: format!("{} ms", self.limit.as_millis()) });
        }
        self.exhausted.lock().unwrap_or_else(PoisonError::into_inner).clone().map(RunError::from)
    }

    /// The turn that the guest must wait for before it computes on, if it must.
    pub(crate) fn next_turn(&self) -> Option<BoxFuture<'static, Turn>> {
        self.give_turn_back();
        if self.needs_turn() { self.account.turn() } else { None }
    }

    /// The same, for a guest that has none.
    pub(crate) fn first_turn(&self) -> Option<BoxFuture<'static, Turn>> {
        let has_one = self.turn.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if has_one || !self.needs_turn() { None } else { self.account.turn() }
    }

    pub(crate) fn take_turn(&self, turn: Turn) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = Some(turn);
    }

    pub(crate) fn give_turn_back(&self) {
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Unmetered;

    fn burn(time: Duration) {
        let end = uncharged() + u64::try_from(time.as_nanos()).unwrap();
        while uncharged() < end {
            std::hint::spin_loop();
        }
    }

    fn meter(limit: u64) -> Arc<CpuMeter> {
        CpuMeter::new(Arc::new(Unmetered), Duration::from_millis(limit))
    }

    fn used(meter: &CpuMeter) -> u64 {
        meter.used.load(Ordering::Relaxed) / 1_000_000
    }

    #[tokio::test]
    async fn a_nested_call_is_charged_once() {
        let (outer, inner) = (meter(10_000), meter(10_000));
        let nested = async {
            burn(Duration::from_millis(20));
            let work = async {
                burn(Duration::from_millis(200));
                Ok(())
            };
            inner.drive(work).await
        };
        outer.drive(nested).await.unwrap();
        assert!((200..300).contains(&used(&inner)), "{} ms", used(&inner));
        assert!((20..120).contains(&used(&outer)), "{} ms", used(&outer));
    }

    #[tokio::test]
    async fn a_call_that_waits_again_and_again_ends_at_its_limit() {
        let meter = meter(30);
        let waits = async {
            loop {
                burn(Duration::from_micros(300));
                tokio::task::yield_now().await;
            }
        };
        let ended: Result<(), RunError> = meter.drive(waits).await;
        assert!(matches!(ended, Err(RunError::Limit { limit: Limit::Cpu, .. })), "{ended:?}");
        assert!(used(&meter) < 60, "{} ms", used(&meter));
    }

    #[tokio::test]
    async fn waiting_costs_nothing() {
        let meter = meter(10_000);
        let wait = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(())
        };
        meter.drive(wait).await.unwrap();
        assert!(used(&meter) < 100, "{} ms", used(&meter));
    }
}
