//! What is counted of calls, for Prometheus and for the health pages. Handles are made once for each category and
//! tool; a call only adds numbers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use hdrhistogram::Histogram as Latencies;
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tandem_catalog::{Canary, Category, Tool, WeakBackend};
use tandem_engine::Limit;

use crate::{
    admission::Gate,
    api::Lane,
    breaker::{Breaker, Circuit},
    call_status::CallStatus,
    routing,
};

/// What a tenant has of a category, for itself: one that fills a plugin's places, or makes it fail, does so to nobody
/// else.
pub(crate) struct Share {
    pub(crate) gate: Arc<Gate>,
    pub(crate) breaker: Arc<Breaker>,
    /// Seconds of guest execution time. A gauge, because counters of this library hold whole numbers only.
    pub(crate) cpu: Gauge,
}

/// The router's state of one category. Circuits outlive a reload; the handles are of one version.
pub(crate) struct CategoryState {
    pub(crate) name: Arc<str>,
    /// Not held: the router must not keep the code of a version that serves no more.
    backend: WeakBackend,
    /// Calls of the plugin that may run at once, for each tenant.
    pub(crate) concurrency: u32,
    /// Told how its calls end, while it is a canary.
    pub(crate) canary: Option<Arc<Canary>>,
    /// The lane of a mounted server: calls that run at once, of all tenants together.
    pub(crate) upstream: Option<Arc<Gate>>,
    shares: RwLock<HashMap<Arc<str>, Arc<Share>>>,
    waiting: usize,
    pub(crate) in_flight: Arc<AtomicU64>,
    pub(crate) calls: Arc<AtomicU64>,
    pub(crate) errors: Arc<AtomicU64>,
    circuit: Gauge,
    /// Whether a circuit was open when last looked.
    troubled: AtomicBool,
    /// For each lane that a call of it ran in.
    lanes: [OnceLock<InLane>; 3],
    by_tool: HashMap<String, (Lane, Counters)>,
}

type Counters = [Counter; CallStatus::ALL.len()];

/// What is counted of a category in one lane.
struct InLane {
    in_flight: Gauge,
    duration: Histogram,
}

fn labels(lane: Lane, category: &str) -> [(&'static str, String); 2] {
    [("lane", lane.as_str().to_owned()), ("category", category.to_owned())]
}

fn calls(lane: Lane, category: &str, tool: &str, status: CallStatus) -> Counter {
    let own = [("tool", tool.to_owned()), ("status", status.as_str().to_owned())];
    let all: Vec<_> = labels(lane, category).into_iter().chain(own).collect();
    counter!("tandem_tool_calls_total", &all)
}

/// Calls of the version before count in the same gate, unless it has another size now.
fn upstream_gate(category: &Category, waiting: usize, before: Option<&CategoryState>) -> Option<Arc<Gate>> {
    let concurrency = category.backend.is_upstream().then(|| category.backend.concurrency())?;
    let same = before.filter(|state| state.concurrency == concurrency).and_then(|state| state.upstream.clone());
    Some(same.unwrap_or_else(|| Gate::new(concurrency as usize, waiting)))
}

impl CategoryState {
    /// `before` is the state of the version that this one replaces, or is a canary of: a canary has
    /// circuits of its own.
    pub(crate) fn new(category: &Category, waiting: usize, before: Option<&Self>, canary: Option<Arc<Canary>>) -> Self {
        // Made now, so that all that may be counted is shown from the start, as nothing.
        let counters = |tool: &Tool| {
            let (lane, _) = routing::choose(category, Some(tool));
            (lane, CallStatus::ALL.map(|status| calls(lane, &category.name, &tool.descriptor.name, status)))
        };
        let by_tool = category.tools.iter().map(|tool| (tool.descriptor.name.clone(), counters(tool))).collect();
        let state = Self {
            name: category.name.clone(),
            backend: category.backend.downgrade(),
            concurrency: category.backend.concurrency(),
            upstream: upstream_gate(category, waiting, before),
            shares: RwLock::default(),
            waiting,
            in_flight: before.map_or_else(Arc::default, |state| state.in_flight.clone()),
            calls: before.map_or_else(Arc::default, |state| state.calls.clone()),
            errors: before.map_or_else(Arc::default, |state| state.errors.clone()),
            circuit: gauge!("tandem_circuit_state", "category" => category.name.to_string()),
            troubled: AtomicBool::new(false),
            lanes: Default::default(),
            by_tool,
            canary,
        };
        let circuits = before
            .filter(|_| state.canary.is_none())
            .map(|before| before.shares.read().unwrap_or_else(PoisonError::into_inner));
        for (tenant, share) in circuits.iter().flat_map(|shares| shares.iter()) {
            state.add_share(tenant, share.breaker.clone());
        }
        state
    }

    /// Whether it is the state of this version.
    pub(crate) fn is_of(&self, category: &Category) -> bool {
        self.backend.is(&category.backend)
    }

    /// A tenant's share.
    pub(crate) fn share_of(&self, tenant: &Arc<str>) -> Arc<Share> {
        let known = self.shares.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned();
        known.unwrap_or_else(|| self.add_share(tenant, Arc::default()))
    }

    fn add_share(&self, tenant: &Arc<str>, breaker: Arc<Breaker>) -> Arc<Share> {
        let mut shares = self.shares.write().unwrap_or_else(PoisonError::into_inner);
        let share = shares.entry(tenant.clone()).or_insert_with(|| {
            let (tenant, category) = (tenant.to_string(), self.name.to_string());
            Arc::new(Share {
                gate: Gate::new(self.concurrency as usize, self.waiting),
                breaker,
                cpu: gauge!("tandem_guest_cpu_seconds_total", "tenant" => tenant, "category" => category),
            })
        });
        share.clone()
    }

    /// The worst circuit of all tenants: a run of failures is worth a look whoever met it.
    pub(crate) fn circuit(&self, now: Instant) -> Circuit {
        let shares = self.shares.read().unwrap_or_else(PoisonError::into_inner);
        shares.values().map(|share| share.breaker.state(now)).max().unwrap_or_default()
    }

    pub(crate) fn limit_hit(&self, limit: Limit) {
        counter!("tandem_limit_hits_total", "category" => self.name.to_string(), "limit" => limit.as_str())
            .increment(1);
    }

    fn in_lane(&self, lane: Lane) -> &InLane {
        let [general, reactor, upstream] = &self.lanes;
        let known = match lane {
            Lane::General => general,
            Lane::Reactor => reactor,
            Lane::Upstream => upstream,
        };
        known.get_or_init(|| {
            let labels = labels(lane, &self.name);
            InLane {
                in_flight: gauge!("tandem_calls_in_flight", &labels),
                duration: histogram!("tandem_tool_call_duration_seconds", &labels),
            }
        })
    }

    /// How many of its calls run in a lane.
    pub(crate) fn gauge(&self, lane: Lane) -> &Gauge {
        &self.in_lane(lane).in_flight
    }

    /// Counts a call that ended where it ran, which a fallback makes another lane than the tool's.
    pub(crate) fn record(&self, tool: &str, lane: Lane, status: CallStatus, took: Duration) {
        self.in_lane(lane).duration.record(took.as_secs_f64());
        self.calls.fetch_add(1, Ordering::Relaxed);
        if status.is_failure() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        match self.by_tool.get(tool) {
            Some((home, counters)) if *home == lane => {
                if let Some(counter) = counters.get(status as usize) {
                    counter.increment(1);
                }
            }
            Some(_) => calls(lane, &self.name, tool, status).increment(1),
            None => {}
        }
        // A success can only close a circuit, a failure only open it: most calls change nothing.
        if status.is_failure() || self.troubled.load(Ordering::Relaxed) {
            let circuit = self.circuit(Instant::now());
            self.troubled.store(circuit != Circuit::Closed, Ordering::Relaxed);
            self.circuit.set(f64::from(circuit as u8));
        }
    }
}

/// What is counted of one lane.
pub(crate) struct LaneMeters {
    pub(crate) lane: Lane,
    pub(crate) calls: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) fallbacks: AtomicU64,
    queue_wait: Histogram,
    latencies: Mutex<Latencies<u64>>,
    routing: HashMap<&'static str, Counter>,
}

/// Latencies are kept from 1 µs to 10 min, to two digits.
const LONGEST_US: u64 = 600_000_000;

impl LaneMeters {
    pub(crate) fn new(lane: Lane) -> Self {
        if lane == Lane::General {
            gauge!("tandem_lane_up", "lane" => lane.as_str()).set(1.0);
        }
        let reasons = match lane {
            Lane::General | Lane::Reactor => {
                &["affinity", "requires_p2p", "pattern", "preferred", "default", "fallback"][..]
            }
            Lane::Upstream => &["upstream"],
        };
        let routing = reasons
            .iter()
            .map(|reason| (*reason, counter!("tandem_routing_total", "lane" => lane.as_str(), "reason" => *reason)));
        Self {
            lane,
            calls: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            queue_wait: histogram!("tandem_queue_wait_seconds", "lane" => lane.as_str()),
            latencies: Mutex::new(Latencies::new_with_bounds(1, LONGEST_US, 2).unwrap_or_else(|_| fallback())),
            routing: routing.collect(),
        }
    }

    pub(crate) fn routed(&self, reason: &'static str) {
        if let Some(counter) = self.routing.get(reason) {
            counter.increment(1);
        }
        if reason == "fallback" {
            self.fallbacks.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn waited(&self, time: Duration) {
        self.queue_wait.record(time.as_secs_f64());
    }

    pub(crate) fn record(&self, status: CallStatus, took: Duration) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if status.is_failure() {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        let us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(us.max(1));
    }

    /// The 50th, 90th and 99th percentile in microseconds.
    pub(crate) fn percentiles(&self) -> [u64; 3] {
        let latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        [0.5, 0.9, 0.99].map(|quantile| latencies.value_at_quantile(quantile))
    }
}

/// Bounds that any histogram accepts; only reached if the ones above were wrong.
fn fallback() -> Latencies<u64> {
    let mut latencies = Latencies::new(1).unwrap_or_else(|_| std::process::abort());
    latencies.auto(true);
    latencies
}
