//! The threads of a host: those that serve, and those that work behind them.

use tokio::runtime::{Builder, Handle, Runtime};

use tandem_config::HostConfig;

/// A ninth of the processor beside a thread that serves.
const WORK_NICENESS: i32 = 10;

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
    if config.general.workers > 0 {
        runtime.worker_threads(config.general.workers.into());
    }
    runtime.build()
}

/// Threads that decode, check and encode what is large. Where cores are scarce, those that serve come first.
#[derive(Debug)]
pub(crate) struct Work(Option<Runtime>);

impl Work {
    pub(crate) fn start() -> std::io::Result<Self> {
        let yields = || {
            // Of this thread only. Without it, they compete as equals.
            if let Err(error) = rustix::process::setpriority_process(None, WORK_NICENESS) {
                tracing::debug!(%error, "a work thread keeps its priority");
            }
        };
        let threads =
            Builder::new_multi_thread().worker_threads(1).thread_name("work").on_thread_start(yields).build()?;
        Ok(Self(Some(threads)))
    }

    /// Where work is spawned; none once it has ended.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.0.as_ref().map(|threads| threads.handle().clone())
    }
}

impl Drop for Work {
    /// Nobody waits for what is under way: the last host may be dropped where nothing may block.
    fn drop(&mut self) {
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
