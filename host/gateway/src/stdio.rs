//! MCP over standard input and output: one client, which is the process that started this one.

use std::sync::Arc;

use rmcp::service::{QuitReason, serve_server_with_ct};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::{
    Gateway,
    incoming::{Endpoint, Incoming},
    mcp::handler::Handler,
    pipe::Pipe,
    standard,
};

/// Why serving ended early.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The client did not open the conversation as MCP has it.
    #[error("the client did not initialize the connection: {0}")]
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
        self.serve_pipe(standard::streams(), shutdown).await
    }

    /// The same over any pair of streams: what is read, and what is written. A message is a line of at most
    /// `max_body` bytes; a longer one, and one that is no message, is answered with an error.
    ///
    /// # Errors
    ///
    /// As [`Gateway::serve_stdio`].
    pub async fn serve_pipe<R, W>(&self, (read, write): (R, W), shutdown: CancellationToken) -> Result<(), StdioError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let shared = self.0.clone();
        let transport = Pipe::new(read, write, shared.config.max_body);
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
