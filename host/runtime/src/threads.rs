//! The threads of a host: those that serve, and those that work behind them.

use tokio::runtime::{Builder, Handle, Runtime};

use tandem_config::HostConfig;

/// How much a background thread stands back, as in nice(2): it gets about a quarter of a core beside a thread that serves. At 10 (a
/// tenth), calls that compute reached their deadline before their CPU limit on a machine that others kept busy.
const NICENESS: i32 = 5;

/// Threads for what blocks: guests' file operations, name lookups, the host's own. The runtime's 512 were all started by a few
/// guests that ask for metadata in a loop; what waits for a thread is bounded by what asks.
const BLOCKING_THREADS: usize = 64;

/// Tasks that a thread polls between two looks at its timers and sockets. A guest that computes yields each millisecond, so that
/// with the runtime's 61 others waited up to 61 ms beside 32 loops of one tenant: their 99th percentile was 66 ms, and is 30 ms
/// with this on a busy machine with two cores. A look costs about a microsecond.
const EVENT_INTERVAL: u32 = 8;

/// The runtime that serves.
///
/// # Errors
/// The system gives no threads.
pub fn general_runtime(config: &HostConfig) -> std::io::Result<Runtime> {
    let mut runtime = Builder::new_multi_thread();
    runtime.enable_all().thread_name("general").max_blocking_threads(BLOCKING_THREADS);
    runtime.event_interval(EVENT_INTERVAL);
    runtime.worker_threads(workers(config)).build()
}

/// Threads that serve.
pub(crate) fn workers(config: &HostConfig) -> usize {
    match config.general.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        workers => workers.into(),
    }
}

/// Threads that stand back: where cores are scarce, those that serve come first.
#[derive(Debug)]
pub(crate) struct Background {
    /// They drive calls that compute for long.
    calls: LowPriority,
    /// They decode, check and encode what is large.
    work: LowPriority,
}

impl Background {
    /// As many threads for calls as serve: while those have nothing to do, no core is idle.
    pub(crate) fn start(config: &HostConfig) -> std::io::Result<Self> {
        Ok(Self { calls: LowPriority::start("background", workers(config))?, work: LowPriority::start("work", 1)? })
    }

    /// Of the background class of calls; none once it has ended.
    pub(crate) fn calls(&self) -> Option<Handle> {
        self.calls.handle()
    }

    /// Of the threads for blocking work; none once they have ended.
    pub(crate) fn work(&self) -> Option<Handle> {
        self.work.handle()
    }
}

/// A runtime without sockets and timers of its own: what runs here uses those of the runtime that serves.
#[derive(Debug)]
struct LowPriority(Option<Runtime>);

impl LowPriority {
    fn start(name: &str, threads: usize) -> std::io::Result<Self> {
        let lower = || {
            // Of this thread only, and from what the process has. Without it, they compete as equals.
            if let Err(error) = rustix::process::nice(NICENESS) {
                tracing::debug!(%error, "background thread keeps its priority");
            }
        };
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(threads).thread_name(name).on_thread_start(lower);
        Ok(Self(Some(runtime.build()?)))
    }

    fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|threads| threads.handle().clone())
    }
}

impl Drop for LowPriority {
    /// Nobody waits for what is under way: the last host may be dropped where nothing may block.
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
