//! The router's handle, its settings, and what it keeps of each category.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use tandem_catalog::{Canary, Catalog, Category, Change, View};
use tandem_engine::{Invoker, Services};
use tandem_types::Caller;
use tokio::sync::{Semaphore, broadcast};

use crate::{
    admission::Gate,
    api::Lane,
    cache::Results,
    config::RouterConfig,
    meters::{CategoryState, LaneMeters},
    status::{CategoryStatus, LaneStatus, RuntimeStatus},
    tenant::{LaneBounds, Tenants},
    threads::WorkThreads,
};

/// Guests of the reactor that compute for longer than a tick, at a time: the thread does no more than one anyway, and the
/// network waits for all that have a turn.
const REACTOR_TURNS: usize = 1;

/// Clones share the same router.
#[derive(Clone)]
pub struct Router(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) me: Weak<Inner>,
    pub(crate) config: RouterConfig,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) services: Arc<Services>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) tenants: Tenants,
    pub(crate) results: Results,
    pub(crate) work: WorkThreads,
    /// Bytes that all requests hold before any call of them is admitted.
    pub(crate) reserved: AtomicU64,
    pub(crate) general: LaneMeters,
    pub(crate) reactor: LaneMeters,
    pub(crate) upstream: LaneMeters,
    pub(crate) reactor_bounds: LaneBounds,
    categories: ArcSwap<States>,
    canaries: ArcSwap<States>,
    ready: AtomicBool,
    /// How often tenants' rights may have changed.
    pub(crate) refreshed: AtomicU64,
}

/// By category.
type States = HashMap<Arc<str>, Arc<CategoryState>>;

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Router").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl Router {
    /// A router over a catalog. It also takes the plugins' nested calls and events from now on.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, services: Arc<Services>, config: RouterConfig) -> Self {
        let events: Arc<dyn tandem_engine::EventSink> = catalog.clone();
        services.set_events(&events);
        let router = Self(Arc::new_cyclic(|me| Inner {
            me: me.clone(),
            gate: Gate::new(config.max_running, config.max_waiting),
            tenants: Tenants::new(
                config.tenants.clone(),
                config.workers,
                config.descriptors,
                config.background.clone(),
            ),
            reserved: AtomicU64::new(0),
            work: WorkThreads::new(config.workers, config.max_waiting, config.work.clone()),
            reactor_bounds: LaneBounds { turns: Arc::new(Semaphore::new(REACTOR_TURNS)), cpu: config.reactor_cpu },
            config,
            catalog,
            services,
            results: Results::default(),
            general: LaneMeters::new(Lane::General),
            reactor: LaneMeters::new(Lane::Reactor),
            upstream: LaneMeters::new(Lane::Upstream),
            categories: ArcSwap::default(),
            canaries: ArcSwap::default(),
            ready: AtomicBool::new(false),
            refreshed: AtomicU64::new(0),
        }));
        let invoker: Arc<dyn Invoker> = router.0.clone();
        router.0.services.set_invoker(&invoker);
        router
    }

    /// What a caller sees.
    #[must_use]
    pub fn view(&self, caller: &Caller) -> View {
        self.0.catalog.view(caller)
    }

    /// Changes of what is visible, from now on.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.catalog.changes()
    }

    /// Asks anew what tenants may use; see [`TenantPolicy`].
    pub fn refresh_tenants(&self) {
        self.0.tenants.refresh();
        self.0.refreshed.fetch_add(1, Ordering::Relaxed);
    }

    /// Says whether plugins are loaded and calls are welcome. Calls are taken in any case.
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// Whether plugins are loaded and calls are welcome.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    /// The state of lanes and categories.
    #[must_use]
    pub fn status(&self) -> RuntimeStatus {
        let (states, view) = (self.0.categories.load(), self.0.catalog.view_of_host());
        let now = Instant::now();
        let mut categories: Vec<_> = states
            .values()
            .filter(|state| view.category(&state.name).is_some())
            .map(|state| CategoryStatus {
                name: state.name.to_string(),
                circuit: state.circuit(now).as_str(),
                in_flight: state.in_flight.load(Ordering::Relaxed),
                calls: state.calls.load(Ordering::Relaxed),
                errors: state.errors.load(Ordering::Relaxed),
            })
            .collect();
        categories.sort_by(|a, b| a.name.cmp(&b.name));
        let (running, waiting) = self.0.gate.load();
        let mut lanes = vec![lane_status(&self.0.general, "up", running, waiting), self.reactor_status()];
        let mounted: Vec<_> =
            states.values().filter_map(|state| state.upstream.as_ref()).map(|gate| gate.load()).collect();
        if !mounted.is_empty() {
            let (running, waiting) =
                mounted.iter().fold((0, 0), |(r, w), (running, waiting)| (r + running, w + waiting));
            lanes.push(lane_status(&self.0.upstream, "up", running, waiting));
        }
        RuntimeStatus {
            ready: self.0.ready.load(Ordering::Acquire),
            lanes,
            categories,
            plugins: self.0.catalog.plugins(),
        }
    }

    fn reactor_status(&self) -> LaneStatus {
        let (state, load) = match &self.0.config.reactor {
            Some(reactor) => (if reactor.is_up() { "up" } else { "down" }, reactor.load()),
            None => ("off", 0),
        };
        lane_status(&self.0.reactor, state, load, 0)
    }

    /// The state of a category, made anew when its plugin was replaced.
    pub(crate) fn state_of(&self, category: &Category) -> Arc<CategoryState> {
        self.state_in(&self.0.categories, category, None)
    }

    /// The state of a canary.
    pub(crate) fn state_of_canary(&self, canary: &Arc<Canary>) -> Arc<CategoryState> {
        self.state_in(&self.0.canaries, &canary.category, Some(canary))
    }

    fn state_in(
        &self,
        states: &ArcSwap<States>,
        category: &Category,
        canary: Option<&Arc<Canary>>,
    ) -> Arc<CategoryState> {
        let current = |state: &&Arc<CategoryState>| state.is_of(category);
        if let Some(state) = states.load().get(&category.name).filter(current) {
            return state.clone();
        }
        let new = |before: Option<&CategoryState>| {
            CategoryState::new(category, self.0.config.max_waiting, before, canary.cloned())
        };
        let view = self.0.catalog.view_of_host();
        states.rcu(|all| {
            if all.get(&category.name).filter(current).is_some() {
                return all.clone();
            }
            // Calls of all versions of a category count together.
            let serving = self.0.categories.load();
            let state = new(serving.get(&category.name).map(AsRef::as_ref));
            let mut next = HashMap::clone(all);
            next.retain(|name, _| view.category(name).is_some());
            next.insert(category.name.clone(), Arc::new(state));
            Arc::new(next)
        });
        // Another thread may have put a newer version's state there: then that one counts.
        states.load().get(&category.name).cloned().unwrap_or_else(|| Arc::new(new(None)))
    }
}

fn lane_status(meters: &LaneMeters, state: &'static str, running: usize, waiting: usize) -> LaneStatus {
    let [p50_us, p90_us, p99_us] = meters.percentiles();
    LaneStatus {
        lane: meters.lane.as_str(),
        state,
        calls: meters.calls.load(Ordering::Relaxed),
        errors: meters.errors.load(Ordering::Relaxed),
        in_flight: running as u64,
        queued: waiting as u64,
        p50_us,
        p90_us,
        p99_us,
        fallbacks: meters.fallbacks.load(Ordering::Relaxed),
    }
}
