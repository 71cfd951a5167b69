//! Tools that say something while they run.

use std::thread;
use std::time::Duration;

use tandem_sdk::prelude::*;

/// What the suite wants between two messages.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Running;

#[tools]
impl Running {
    /// Reports progress three times.
    #[tool(read_only, idempotent)]
    fn test_tool_with_progress(ctx: &Ctx) -> &'static str {
        ctx.progress(0.0, Some(100.0), "started");
        thread::sleep(PAUSE);
        ctx.progress(50.0, Some(100.0), "half way");
        thread::sleep(PAUSE);
        ctx.progress(100.0, Some(100.0), "done");
        "Tool with progress executed successfully"
    }

    /// Logs three times.
    #[tool(read_only, idempotent)]
    fn test_tool_with_logging() -> &'static str {
        log::info!("Tool execution started");
        thread::sleep(PAUSE);
        log::info!("Tool processing data");
        thread::sleep(PAUSE);
        log::info!("Tool execution completed");
        "Tool with logging executed successfully"
    }

    /// Logs once, for clients that asked for no logs.
    #[tool(read_only, idempotent)]
    fn test_logging_tool() -> &'static str {
        log::info!("this is only for those who asked for it");
        "logged"
    }

    /// Takes so long that a connection may be lost meanwhile.
    #[tool(read_only, idempotent)]
    fn test_reconnection() -> &'static str {
        thread::sleep(PAUSE * 2);
        "Reconnection test completed"
    }
}
