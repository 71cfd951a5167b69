//! MCP over standard input and output: one client, which is the process that started this one.

use std::sync::Arc;

use rmcp::{
    service::{QuitReason, serve_server_with_ct},
    transport::{IntoTransport, stdio},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Gateway,
    incoming::{Endpoint, Incoming},
    mcp::handler::Handler,
};
use rmcp::RoleServer;

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The client did not open the conversation as MCP has it.
    #[error("the client did not open the conversation: {0}")]
    Handshake(String),
    /// The serving task died.
    #[error("serving ended unexpectedly: {0}")]
    Task(String),
}

impl Gateway {
    /// Serves standard input and output until the client closes it or `shutdown` is cancelled. Nothing else in the
    /// process may write to standard output meanwhile.
    ///
    /// # Errors
    ///
    /// When the client does not speak MCP, or the serving task dies.
    pub async fn serve_stdio(&self, shutdown: CancellationToken) -> Result<(), StdioError> {
        self.serve_pipe(stdio(), shutdown).await
    }

    /// The same over any pair of streams.
    ///
    /// # Errors
    ///
    /// As [`Gateway::serve_stdio`].
    pub async fn serve_pipe<T, E, A>(&self, transport: T, shutdown: CancellationToken) -> Result<(), StdioError>
    where
        T: IntoTransport<RoleServer, E, A>,
        E: std::error::Error + Send + Sync + 'static,
    {
        let shared = self.0.clone();
        let incoming = Incoming::new(shared.auth.local(), Endpoint::from(&shared.config.exposure), None);
        let handler = Handler::new(shared.clone(), Some(Arc::new(incoming)));
        let running = match serve_server_with_ct(handler, transport, shutdown.clone()).await {
            Ok(running) => running,
            Err(_) if shutdown.is_cancelled() => return Ok(()),
            Err(error) => return Err(StdioError::Handshake(error.to_string())),
        };
        let ended = running.waiting().await;
        shared.draining.cancel();
        shared.suspended.clear();
        match ended {
            Ok(QuitReason::JoinError(error)) | Err(error) => Err(StdioError::Task(error.to_string())),
            Ok(_) => Ok(()),
        }
    }
}
