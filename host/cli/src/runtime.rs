//! The runtime of commands that wait for one thing after another.

use tokio::runtime::Builder;

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    Ok(Builder::new_current_thread().enable_all().build()?.block_on(future))
}
