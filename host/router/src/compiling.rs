//! Calls of a plugin that is still being compiled wait for it.
//!
//! **Promises.** A call waits for its own plugin only, before it takes any of its tenant's turns, and its client sees progress. The
//! tool's deadline begins when the plugin is there. **Bounds.** The caller's deadline; the engine's for calls that wait.

use std::time::{Duration, Instant};

use tandem_catalog::Backend;
use tandem_engine::CallContext;

use crate::{api::CallError, outcome::not_loaded};

/// How often the client is told that the call still waits.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);
/// What a second counts as progress. Progress has to grow, and what the tool reports later is more than this.
const PROGRESS_A_SECOND: f64 = 1e-9;

/// Waits until the plugin is compiled.
pub(crate) async fn loaded(cx: &CallContext, category: &str, backend: &Backend) -> Result<(), CallError> {
    if !backend.is_compiling() {
        return backend.loaded().await.map_err(|error| not_loaded(category, &error));
    }
    let start = Instant::now();
    let waiting = backend.loaded();
    tokio::pin!(waiting);
    let mut interval = tokio::time::interval(PROGRESS_INTERVAL);
    loop {
        tokio::select! {
            biased;
            loaded = &mut waiting => return loaded.map_err(|error| not_loaded(category, &error)),
            () = cx.cancel.cancelled() => return Err(CallError::Cancelled),
            () = tokio::time::sleep_until(cx.deadline.into()) => return Err(CallError::Timeout { after: start.elapsed() }),
            _ = interval.tick() => if let Some(client) = &cx.client {
                let message = format!("waiting for plugin `{category}` to be compiled");
                client.progress(start.elapsed().as_secs_f64() * PROGRESS_A_SECOND, None, Some(message));
            },
        }
    }
}
