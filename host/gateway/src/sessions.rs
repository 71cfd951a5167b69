//! Sessions of the older MCP revisions: counted, and each of one caller.
//!
//! Clients leave sessions open, and each keeps a task and its buffers; so there are so many in all and so many for each
//! tenant. A session belongs to the tenant and subject that opened it. For everybody else it is not there: its streams,
//! its progress tokens and its questions to the client are reached through it alone. Its end stops what still runs in it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::Stream;
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{
        ServerSseMessage, SessionId, SessionManager,
        local::{LocalSessionManager, LocalSessionManagerError},
    },
};
use tandem_engine::Caller;
use tokio_util::sync::CancellationToken;

use crate::incoming::INCOMING;

/// Why a session does what it does not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("{0} sessions are open, which is the limit; try again later")]
    Full(usize),
    #[error("there is no such session")]
    NotFound,
    #[error(transparent)]
    Local(#[from] LocalSessionManagerError),
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    tenant: Arc<str>,
    subject: Arc<str>,
}

impl Owner {
    fn of(caller: &Caller) -> Self {
        Self { tenant: caller.tenant.clone(), subject: caller.subject.clone() }
    }
}

/// An open session.
#[derive(Debug)]
struct Open {
    owner: Owner,
    ended: CancellationToken,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

/// rmcp's sessions, at most so many, each for its owner alone.
#[derive(Debug)]
pub(crate) struct Sessions {
    local: LocalSessionManager,
    limit: usize,
    per_tenant: usize,
    owners: Mutex<HashMap<SessionId, Open>>,
    /// Held while a session is made, so that two clients cannot both take the last place.
    making: tokio::sync::Mutex<()>,
}

impl Sessions {
    pub(crate) fn new(limit: usize, per_tenant: usize, idle: Duration) -> Arc<Self> {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(idle);
        let making = tokio::sync::Mutex::default();
        Arc::new(Self { local, limit, per_tenant, owners: Mutex::default(), making })
    }

    fn owners(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Open>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the present request may use a session. What asks without a request is this host itself, when it cleans
    /// up.
    fn is_mine(&self, id: &SessionId) -> bool {
        match caller() {
            Some(caller) => self.owners().get(id).is_some_and(|open| open.owner == caller),
            None => true,
        }
    }

    /// Cancelled when the session ends.
    pub(crate) fn end_of(&self, id: &str) -> Option<CancellationToken> {
        self.owners().get(id).map(|open| open.ended.clone())
    }

    fn mine(&self, id: &SessionId) -> Result<(), SessionError> {
        self.is_mine(id).then_some(()).ok_or(SessionError::NotFound)
    }

    /// The limit that stands against another session of this owner.
    async fn hit(&self, owner: &Owner) -> Option<usize> {
        let open = self.local.sessions.read().await;
        let mut owners = self.owners();
        // Sessions that ended by themselves.
        owners.retain(|id, _| open.contains_key(id));
        let of_tenant = owners.values().filter(|other| other.owner.tenant == owner.tenant).count();
        if open.len() >= self.limit {
            return Some(self.limit);
        }
        (of_tenant >= self.per_tenant).then_some(self.per_tenant)
    }
}

/// Who makes the present request.
fn caller() -> Option<Owner> {
    INCOMING.try_with(|incoming| Owner::of(&incoming.caller)).ok()
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        let owner = caller().unwrap_or_else(|| Owner::of(&Caller::local()));
        let _making = self.making.lock().await;
        if let Some(limit) = self.hit(&owner).await {
            // rmcp answers every failure here with 500; the edge makes a 503 of this one.
            let _ = INCOMING.try_with(|incoming| incoming.refuse_session(limit));
            return Err(SessionError::Full(limit));
        }
        let (id, transport) = self.local.create_session().await?;
        self.owners().insert(id.clone(), Open { owner, ended: CancellationToken::new() });
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        self.mine(id)?;
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, SessionError> {
        Ok(self.is_mine(id) && self.local.has_session(id).await?)
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), SessionError> {
        // As for a session that never was.
        if !self.is_mine(id) {
            return Ok(());
        }
        self.owners().remove(id);
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        self.mine(id)?;
        Ok(self.local.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        self.mine(id)?;
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        self.mine(id)?;
        Ok(self.local.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        self.mine(id)?;
        Ok(self.local.resume(id, last_event_id).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::incoming::{Endpoint, Incoming};

    async fn as_caller<T>(tenant: &str, subject: &str, work: impl Future<Output = T>) -> T {
        let incoming = Incoming::new(Caller::new(tenant, subject), Endpoint::Full, None);
        INCOMING.scope(Arc::new(incoming), work).await
    }

    #[tokio::test]
    async fn the_limit_holds_and_a_closed_session_makes_room() {
        let sessions = Sessions::new(2, 2, Duration::from_secs(60));
        let (first, _transport) = sessions.create_session().await.unwrap();
        let (_second, _other) = sessions.create_session().await.unwrap();
        assert!(matches!(sessions.create_session().await, Err(SessionError::Full(2))));
        sessions.close_session(&first).await.unwrap();
        sessions.create_session().await.unwrap();
    }

    #[tokio::test]
    async fn a_tenant_leaves_room_for_others() {
        let sessions = Sessions::new(3, 2, Duration::from_secs(60));
        let make = |tenant: &'static str| as_caller(tenant, "x", sessions.create_session());
        let mut held = vec![make("a").await.unwrap(), make("a").await.unwrap()];
        assert!(matches!(make("a").await, Err(SessionError::Full(2))));
        held.push(make("b").await.unwrap());
        assert!(matches!(make("b").await, Err(SessionError::Full(3))));
    }

    #[tokio::test]
    async fn a_session_is_there_for_its_owner_alone() {
        let sessions = Sessions::new(3, 3, Duration::from_secs(60));
        let (id, _transport) = as_caller("a", "x", sessions.create_session()).await.unwrap();
        assert!(as_caller("a", "x", sessions.has_session(&id)).await.unwrap());
        for (tenant, subject) in [("b", "x"), ("a", "y")] {
            assert!(!as_caller(tenant, subject, sessions.has_session(&id)).await.unwrap());
            let stream = as_caller(tenant, subject, sessions.create_standalone_stream(&id)).await;
            assert!(matches!(stream.err(), Some(SessionError::NotFound)));
            let resumed = as_caller(tenant, subject, sessions.resume(&id, "0".to_owned())).await;
            assert!(matches!(resumed.err(), Some(SessionError::NotFound)));
            as_caller(tenant, subject, sessions.close_session(&id)).await.unwrap();
        }
        assert!(as_caller("a", "x", sessions.has_session(&id)).await.unwrap(), "a stranger has not closed it");
    }
}
