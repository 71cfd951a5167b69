//! Sessions of the older MCP revisions, counted: clients leave them open, and each keeps a task and its buffers.

use std::{sync::Arc, time::Duration};

use futures::Stream;
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{
        ServerSseMessage, SessionId, SessionManager,
        local::{LocalSessionManager, LocalSessionManagerError},
    },
};
use tokio::sync::Mutex;

use crate::incoming::INCOMING;

/// Why a session does what it does not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("{0} sessions are open, which is the limit; try again later")]
    Full(usize),
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

/// rmcp's sessions, at most so many.
#[derive(Debug)]
pub(crate) struct Sessions {
    local: LocalSessionManager,
    limit: usize,
    /// Held while a session is made, so that two clients cannot both take the last place.
    making: Mutex<()>,
}

impl Sessions {
    pub(crate) fn new(limit: usize, idle: Duration) -> Arc<Self> {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(idle);
        Arc::new(Self { local, limit, making: Mutex::default() })
    }
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        let _making = self.making.lock().await;
        if self.local.sessions.read().await.len() >= self.limit {
            // rmcp answers every failure here with 500; the edge makes a 503 of this one.
            let _ = INCOMING.try_with(|incoming| incoming.refuse_session());
            return Err(SessionError::Full(self.limit));
        }
        Ok(self.local.create_session().await?)
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        Ok(self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.local.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.local.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        Ok(self.local.resume(id, last_event_id).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_limit_holds_and_a_closed_session_makes_room() {
        let sessions = Sessions::new(2, Duration::from_secs(60));
        let (first, _transport) = sessions.create_session().await.unwrap();
        let (_second, _other) = sessions.create_session().await.unwrap();
        assert!(matches!(sessions.create_session().await, Err(SessionError::Full(2))));
        sessions.close_session(&first).await.unwrap();
        sessions.create_session().await.unwrap();
    }
}
