//! One tenant's totals.

use std::{
    num::NonZeroU32,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use governor::{
    DefaultDirectRateLimiter, Quota,
    clock::{Clock, DefaultClock},
};
use metrics::Counter;
use tandem_engine::{Exhausted, Limit, Turn};
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    descriptors::{DescriptorPermit, Pool},
    policy::TenantLimits,
    turns::Activity,
};
use crate::{admission::Gate, call_status::CallStatus, threads};

const MINUTE: Duration = Duration::from_secs(60);
/// Log and network bytes are counted in units of this size: a bucket's level has 32 bits.
const UNIT: u64 = 1 << 10;
/// CPU time is counted in units of so many nanoseconds, for the same reason: over 700 threads' time has room.
const CPU_UNIT: u64 = 10_000;
/// Calls of one tenant that may wait for each of its places: beyond that they would only time out.
const WAITING_FOR_A_PLACE: usize = 4;

/// Tenants are told apart by number where a name would cost an allocation.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// What a tenant has left.
pub(crate) struct Tenant {
    pub(crate) name: Arc<str>,
    pub(crate) limits: TenantLimits,
    number: u64,
    rate: Option<DefaultDirectRateLimiter>,
    places: Option<Arc<Gate>>,
    cpu: Option<Bucket>,
    log: Option<Bucket>,
    egress: Option<Bucket>,
    memory: AtomicU64,
    descriptors: Option<Arc<Pool>>,
    all_descriptors: Arc<Pool>,
    turns: Arc<Semaphore>,
    work: Arc<Gate>,
    /// Bytes of its requests that are held.
    requests: AtomicU64,
    activity: Arc<Activity>,
    /// Its calls by status; made when the first one ends so.
    calls: [OnceLock<Counter>; CallStatus::ALL.len()],
}

/// A total over a minute, refilled evenly.
struct Bucket {
    limiter: DefaultDirectRateLimiter,
    size: u32,
    /// What was used beyond the total: at most a minute's worth, so that everybody may come back.
    owed: AtomicU64,
    limit: Limit,
    value: String,
}

impl Bucket {
    fn new(limit: Limit, per_minute: u64, value: String) -> Option<Self> {
        let size = NonZeroU32::new(u32::try_from(per_minute).unwrap_or(u32::MAX))?;
        let quota = Quota::with_period(MINUTE / size.get())?.allow_burst(size);
        let limiter = DefaultDirectRateLimiter::direct(quota);
        Some(Self { limiter, size: size.get(), owed: AtomicU64::new(0), limit, value })
    }

    fn take(&self, units: u64) -> Result<(), Exhausted> {
        let Some(units) = NonZeroU32::new(u32::try_from(units).unwrap_or(u32::MAX)) else { return Ok(()) };
        let retry_after = match self.limiter.check_n(units) {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(wait)) => Some(wait.wait_time_from(DefaultClock::default().now())),
            // More at once than there ever is.
            Err(_) => None,
        };
        Err(Exhausted { limit: self.limit, value: self.value.clone(), retry_after })
    }

    /// Charges what was used already. What the bucket does not hold is owed, and must be there before anything else is.
    fn charge(&self, units: u64) -> Result<(), Exhausted> {
        let due = self.owed.swap(0, Ordering::Relaxed).saturating_add(units).min(self.size.into());
        self.take(due).inspect_err(|_| {
            self.owed.fetch_add(due, Ordering::Relaxed);
        })
    }
}

impl Tenant {
    pub(super) fn new(
        name: Arc<str>,
        limits: TenantLimits,
        turns: usize,
        activity: Arc<Activity>,
        all_descriptors: Arc<Pool>,
    ) -> Self {
        let rate = limits.rate.and_then(|(per_second, burst)| {
            let quota = Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(NonZeroU32::new(burst)?);
            Some(DefaultDirectRateLimiter::direct(quota))
        });
        let kib = |bytes: u64| bytes.div_ceil(UNIT);
        Self {
            name,
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            rate,
            places: limits.concurrency.map(|n| Gate::new(n as usize, (n as usize).saturating_mul(WAITING_FOR_A_PLACE))),
            cpu: limits.cpu_per_minute.and_then(|time| {
                let units = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) / CPU_UNIT;
                Bucket::new(Limit::TenantCpu, units, format!("{} ms a minute", time.as_millis()))
            }),
            log: limits
                .log_per_minute
                .and_then(|n| Bucket::new(Limit::TenantLog, kib(n), format!("{n} bytes a minute"))),
            egress: limits
                .egress_per_minute
                .and_then(|n| Bucket::new(Limit::TenantEgress, kib(n), format!("{n} bytes a minute"))),
            memory: AtomicU64::new(0),
            descriptors: limits.open_files.map(|max| Arc::new(Pool::new(Limit::TenantOpenFiles, max))),
            all_descriptors,
            turns: Arc::new(Semaphore::new(turns)),
            work: threads::share(turns + 1),
            requests: AtomicU64::new(0),
            activity,
            limits,
            calls: Default::default(),
        }
    }

    /// Counts a call that has ended.
    pub(crate) fn count(&self, status: CallStatus) {
        let made = || {
            let tenant = self.name.to_string();
            metrics::counter!("tandem_tenant_calls_total", "tenant" => tenant, "status" => status.as_str())
        };
        if let Some(counter) = self.calls.get(status as usize) {
            counter.get_or_init(made).increment(1);
        }
    }

    /// A client's call begins: it counts against the rate, and not while the CPU total is used up.
    pub(crate) fn call(&self) -> Result<(), Exhausted> {
        self.activity.sign(self.number);
        self.cpu.as_ref().map_or(Ok(()), |cpu| cpu.charge(0))?;
        let (Some(rate), Some((per_second, burst))) = (&self.rate, self.limits.rate) else { return Ok(()) };
        rate.check().map_err(|wait| Exhausted {
            limit: Limit::TenantRate,
            value: format!("{per_second} calls a second, {burst} at once"),
            retry_after: Some(wait.wait_time_from(DefaultClock::default().now())),
        })
    }

    /// The gate of its calls at a time.
    pub(crate) fn places(&self) -> Option<&Arc<Gate>> {
        self.places.as_ref()
    }

    /// Whether anything binds it; a host for one user binds nobody.
    pub(crate) fn is_bound(&self) -> bool {
        self.limits != TenantLimits::default()
    }

    /// Bytes of its requests that are held.
    pub(crate) fn requests(&self) -> &AtomicU64 {
        &self.requests
    }

    /// The gate of the host's own work for it.
    pub(crate) fn work(&self) -> &Arc<Gate> {
        &self.work
    }

    /// A call that had used `before` nanoseconds used `time` more: whole units are charged, and the rest with the next ones.
    pub(super) fn cpu(&self, before: u64, time: u64) -> Result<(), Exhausted> {
        let units = before.saturating_add(time) / CPU_UNIT - before / CPU_UNIT;
        self.cpu.as_ref().map_or(Ok(()), |cpu| cpu.charge(units))
    }

    pub(crate) fn grow(&self, bytes: u64) -> Result<(), Exhausted> {
        let before = self.memory.fetch_add(bytes, Ordering::Relaxed);
        match self.limits.memory {
            Some(max) if before.saturating_add(bytes) > max => {
                self.memory.fetch_sub(bytes, Ordering::Relaxed);
                // Its other calls will end and give theirs back.
                let retry_after = (before > 0).then_some(Duration::from_secs(1));
                Err(Exhausted { limit: Limit::TenantMemory, value: format!("{max} bytes"), retry_after })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn shrink(&self, bytes: u64) {
        self.memory.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn log(&self, bytes: u64) -> bool {
        self.log.as_ref().is_none_or(|log| log.take(bytes.div_ceil(UNIT)).is_ok())
    }

    /// A call that had `before` bytes on the network has `bytes` more: each unit that it begins is charged.
    pub(super) fn egress(&self, before: u64, bytes: u64) -> Result<(), Exhausted> {
        let units = before.saturating_add(bytes).div_ceil(UNIT) - before.div_ceil(UNIT);
        self.egress.as_ref().map_or(Ok(()), |egress| egress.charge(units))
    }

    /// The tenant's own total comes first: it is told of that one.
    pub(super) fn descriptors(&self, count: u32) -> Result<(Option<DescriptorPermit>, DescriptorPermit), Exhausted> {
        let own = self.descriptors.as_ref().map(|own| own.take(count)).transpose()?;
        Ok((own, self.all_descriptors.take(count)?))
    }

    /// Where calls that compute for long go on.
    pub(super) fn background(&self) -> Option<&Handle> {
        self.activity.background.as_ref()
    }

    pub(super) fn turn(&self) -> Option<BoxFuture<'static, Turn>> {
        self.activity.sign(self.number);
        if !self.activity.is_shared(self.number) {
            return None;
        }
        let (own, all) = (self.turns.clone(), self.activity.turns.clone());
        Some(Box::pin(async move {
            // The semaphores are never closed; their queues are in order of arrival, so everybody's turn comes. A tenant waits for
            // the turns of all with no more guests than it may have turns.
            let own = own.acquire_owned().await.ok();
            Box::new((own, all.acquire_owned().await.ok())) as Turn
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> Arc<Pool> {
        Arc::new(Pool::new(Limit::OpenFiles, 10))
    }

    fn tenant(limits: TenantLimits) -> Tenant {
        Tenant::new("t".into(), limits, 1, Arc::new(Activity::new(1, None)), pool())
    }

    #[test]
    fn the_rate_lets_a_burst_through_and_says_when_to_come_back() {
        let tenant = tenant(TenantLimits { rate: Some((1, 2)), ..TenantLimits::default() });
        assert!(tenant.call().is_ok() && tenant.call().is_ok());
        let refused = tenant.call().unwrap_err();
        assert_eq!(refused.limit, Limit::TenantRate);
        assert!(refused.retry_after.is_some_and(|wait| wait > Duration::from_millis(500)), "{refused:?}");
    }

    #[test]
    fn a_used_up_cpu_total_refuses_the_next_call() {
        let limits = TenantLimits { cpu_per_minute: Some(Duration::from_millis(100)), ..TenantLimits::default() };
        let tenant = tenant(limits);
        const MS: u64 = 1_000_000;
        for i in 0..100 {
            tenant.cpu(i * MS, MS).unwrap();
        }
        assert_eq!(tenant.cpu(100 * MS, MS).unwrap_err().limit, Limit::TenantCpu);
        assert_eq!(tenant.call().unwrap_err().limit, Limit::TenantCpu);
    }

    #[test]
    fn what_was_used_beyond_a_total_is_owed() {
        let bucket = Bucket::new(Limit::TenantCpu, 60, String::new()).unwrap();
        bucket.charge(50).unwrap();
        assert!(bucket.charge(40).is_err());
        let wait = bucket.charge(0).unwrap_err().retry_after.unwrap();
        assert!((25..=30).contains(&wait.as_secs()), "30 units come back in 30 s: {wait:?}");
        assert!(bucket.charge(1000).unwrap_err().retry_after.is_some(), "a debt has an end");
    }

    #[test]
    fn memory_is_a_total_and_comes_back() {
        let tenant = tenant(TenantLimits { memory: Some(100), ..TenantLimits::default() });
        tenant.grow(60).unwrap();
        assert_eq!(tenant.grow(60).unwrap_err().limit, Limit::TenantMemory);
        tenant.shrink(60);
        tenant.grow(100).unwrap();
        tenant.shrink(100);
        let never = tenant.grow(101).unwrap_err();
        assert_eq!(never.retry_after, None, "waiting does not help");
    }

    #[test]
    fn bytes_over_the_network_and_in_the_log_are_totals() {
        let limits =
            TenantLimits { log_per_minute: Some(4096), egress_per_minute: Some(8192), ..TenantLimits::default() };
        let tenant = tenant(limits);
        assert!(tenant.log(4096) && !tenant.log(1024));
        tenant.egress(0, 8000).unwrap();
        tenant.egress(8000, 192).unwrap();
        assert_eq!(tenant.egress(8192, 1).unwrap_err().limit, Limit::TenantEgress);
    }

    #[test]
    fn a_tenant_alone_takes_no_turns() {
        let activity = Arc::new(Activity::new(1, None));
        let one = Tenant::new("a".into(), TenantLimits::default(), 1, activity.clone(), pool());
        let two = Tenant::new("b".into(), TenantLimits::default(), 1, activity, pool());
        one.call().unwrap();
        assert!(one.turn().is_none());
        two.call().unwrap();
        assert!(one.turn().is_some() && two.turn().is_some());
    }
}
