//! The reactor's thread: one OS thread with a tokio runtime of its own, on which nothing moves to another thread.
//!
//! Everything on it is a task of that runtime, the network's event loop among them: a runtime looks at its main future only
//! every [`TURNS`] tasks, and guests that compute for a millisecond each would starve it there.
//!
//! **Promises.** Work that is handed over runs on this thread; work that is there already runs without a hop. A panic in
//! what the thread is for ends that incarnation only: its work is answered as unavailable, and a new one starts after a
//! pause. Dropping the answer's future stops the work.
//!
//! **Bounds.** [`MAX_IN_FLIGHT`] pieces of work at once. A full lane refuses at once; it never lets a caller wait.

use std::{
    cell::Cell,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwapOption;
use futures::future::BoxFuture;
use tokio::{runtime, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Pieces of work that may be on the thread. Each holds an instance or a question to a peer; more would only make all of
/// them late.
pub const MAX_IN_FLIGHT: usize = 1024;
/// Pauses before a new incarnation after a panic: the first, and the longest. Stops a fault that comes back at once from
/// taking a core.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(30)];
/// Tasks between two looks at timers and sockets.
const TURNS: u32 = 64;

thread_local! {
    static ON_REACTOR_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Why work was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// All places are taken; trying again later helps.
    #[error("the reactor lane is busy: {MAX_IN_FLIGHT} calls are in it")]
    Busy,
    /// The thread is not there, or went down while it worked.
    #[error("the reactor lane is down")]
    Down,
}

struct Shared {
    runtime: ArcSwapOption<runtime::Handle>,
    in_flight: Arc<Semaphore>,
    up: AtomicBool,
    restarts: AtomicU64,
}

/// A handle to the thread; clones share it.
#[derive(Clone)]
pub struct Lane(Arc<Shared>);

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("up", &self.is_up()).finish_non_exhaustive()
    }
}

/// Says that the thread is ready for work.
#[derive(Clone)]
pub struct ReadySignal(Arc<Shared>);

impl ReadySignal {
    pub fn set(&self, up: bool) {
        self.0.up.store(up, Ordering::Release);
        metrics::gauge!("tandem_lane_up", "lane" => "reactor").set(if up { 1.0 } else { 0.0 });
    }
}

/// Starts a lane, once.
pub struct LaneStarter(Arc<Shared>);

impl std::fmt::Debug for LaneStarter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneStarter").finish_non_exhaustive()
    }
}

impl LaneStarter {
    /// Starts the thread. `body` is what it is for, from its first step to its last; it says through [`ReadySignal`] when it can
    /// work, and ends with `stop`. It is called again for each incarnation.
    pub fn spawn(
        self,
        body: impl Fn(ReadySignal) -> BoxFuture<'static, ()> + Send + 'static,
        stop: CancellationToken,
    ) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new().name("reactor".to_owned()).spawn(move || live(&self.0, &body, &stop))
    }

    /// The same in a runtime that there is, among whatever else is in it. For measuring what a thread of its own is worth.
    pub fn spawn_in(
        self,
        runtime: runtime::Handle,
        body: impl Fn(ReadySignal) -> BoxFuture<'static, ()> + Send + 'static,
    ) {
        self.0.runtime.store(Some(Arc::new(runtime.clone())));
        runtime.spawn(body(ReadySignal(self.0)));
    }
}

impl Lane {
    /// A lane that is down, with what starts it: who is handed the lane may be part of what the thread is for.
    #[must_use]
    pub fn new() -> (Self, LaneStarter) {
        let shared = Arc::new(Shared {
            runtime: ArcSwapOption::empty(),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT)),
            up: AtomicBool::new(false),
            restarts: AtomicU64::new(0),
        });
        (Self(shared.clone()), LaneStarter(shared))
    }

    /// Whether the calling thread is the reactor's.
    #[must_use]
    pub fn is_reactor_thread() -> bool {
        ON_REACTOR_THREAD.get()
    }

    /// Whether it takes work.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.up.load(Ordering::Acquire)
    }

    /// How often it was started anew.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.0.restarts.load(Ordering::Relaxed)
    }

    /// Pieces of work on the thread.
    #[must_use]
    pub fn load(&self) -> usize {
        MAX_IN_FLIGHT.saturating_sub(self.0.in_flight.available_permits())
    }

    /// Does work on the reactor's thread and answers what it came to. From the thread itself it is a plain await.
    ///
    /// # Errors
    ///
    /// When the lane is full, is down, or goes down meanwhile.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, LaneError> {
        let permit = self.0.in_flight.clone().try_acquire_owned().map_err(|_| LaneError::Busy)?;
        if Self::is_reactor_thread() {
            let done = work.await;
            drop(permit);
            return Ok(done);
        }
        let runtime = self.0.runtime.load_full().filter(|_| self.is_up()).ok_or(LaneError::Down)?;
        let work = async move {
            let done = work.await;
            drop(permit);
            done
        };
        AbortOnDropHandle::new(runtime.spawn(work)).await.map_err(|_| LaneError::Down)
    }
}

fn live(shared: &Arc<Shared>, body: &impl Fn(ReadySignal) -> BoxFuture<'static, ()>, stop: &CancellationToken) {
    ON_REACTOR_THREAD.set(true);
    let up = ReadySignal(shared.clone());
    let mut pause = PAUSES[0];
    while !stop.is_cancelled() {
        let built = runtime::Builder::new_current_thread().enable_all().event_interval(TURNS).build();
        let runtime = match built {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "reactor runtime failed to start");
                return;
            }
        };
        shared.runtime.store(Some(Arc::new(runtime.handle().clone())));
        let ended = runtime.block_on(runtime.spawn(body(up.clone())));
        up.set(false);
        shared.runtime.store(None);
        // What still runs is dropped with its runtime, here, on its own thread.
        runtime.shutdown_timeout(Duration::ZERO);
        if ended.is_ok() || stop.is_cancelled() {
            return;
        }
        shared.restarts.fetch_add(1, Ordering::Relaxed);
        tracing::error!(pause_ms = pause.as_millis() as u64, "reactor panicked; restarting");
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSES[1]);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn lane(stop: &CancellationToken) -> (Lane, JoinHandle<()>) {
        let until = stop.clone();
        let body = move |up: ReadySignal| {
            let until = until.clone();
            async move {
                up.set(true);
                until.cancelled().await;
            }
            .boxed()
        };
        let (lane, starter) = Lane::new();
        let thread = starter.spawn(body, stop.clone()).unwrap();
        while !lane.is_up() {
            std::thread::yield_now();
        }
        (lane, thread)
    }

    #[tokio::test]
    async fn work_runs_on_the_thread_and_stops_with_its_future() {
        let stop = CancellationToken::new();
        let (lane, thread) = lane(&stop);
        assert!(!Lane::is_reactor_thread());
        let name =
            lane.run(async { (Lane::is_reactor_thread(), std::thread::current().name().map(ToOwned::to_owned)) }).await;
        assert_eq!(name, Ok((true, Some("reactor".to_owned()))));

        let seen = Arc::new(());
        let held = seen.clone();
        let run = lane.run(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        assert!(tokio::time::timeout(Duration::from_millis(50), run).await.is_err());
        while Arc::strong_count(&seen) > 1 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
        thread.join().unwrap();
        assert_eq!(lane.run(async {}).await, Err(LaneError::Down));
    }

    #[tokio::test]
    async fn a_full_lane_refuses_at_once() {
        let stop = CancellationToken::new();
        let (lane, _thread) = lane(&stop);
        let mut held: Vec<_> = (0..MAX_IN_FLIGHT).map(|_| Box::pin(lane.run(std::future::pending::<()>()))).collect();
        for run in &mut held {
            assert!(run.now_or_never().is_none());
        }
        assert_eq!(lane.run(async {}).await, Err(LaneError::Busy));
        held.pop();
        while lane.load() == MAX_IN_FLIGHT {
            tokio::task::yield_now().await;
        }
        assert_eq!(lane.run(async {}).await, Ok(()));
        stop.cancel();
    }

    #[tokio::test]
    async fn a_panic_ends_its_incarnation_only() {
        let stop = CancellationToken::new();
        let (until, first) = (stop.clone(), Arc::new(AtomicBool::new(true)));
        let body = move |up: ReadySignal| {
            let (until, first) = (until.clone(), first.clone());
            async move {
                up.set(true);
                if first.swap(false, Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    panic!("on purpose");
                }
                until.cancelled().await;
            }
            .boxed()
        };
        let (lane, starter) = Lane::new();
        let _thread = starter.spawn(body, stop.clone()).unwrap();
        while lane.restarts() == 0 || !lane.is_up() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(lane.run(async { 7 }).await, Ok(7));
        stop.cancel();
    }
}
