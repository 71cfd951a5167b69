//! rmcp's sessions behind a count and an owner: makes them, ends them, and lets through what is their owner's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{Stream, StreamExt as _};
use http::{HeaderMap, StatusCode};
use rmcp::{
    model::{ClientJsonRpcMessage, JsonRpcMessage, ProtocolVersion, ServerJsonRpcMessage, ServerResult},
    transport::common::http_header::HEADER_SESSION_ID,
    transport::streamable_http_server::session::{
        ServerSseMessage, SessionId, SessionManager,
        local::{LocalSessionManager, LocalSessionManagerError},
    },
};
use tandem_types::Caller;
use tokio_util::sync::CancellationToken;

use super::{
    Limits,
    error::SessionError,
    limits::RESUME_TIME,
    open::Open,
    owner::{Owner, caller},
    room::{self, Activity, Streaming},
};
use crate::{
    incoming::INCOMING,
    renumber::{Numbers, number_token, restore_token},
};

/// rmcp's sessions, at most so many, each for its owner alone.
#[derive(Debug)]
pub(crate) struct Sessions {
    local: LocalSessionManager,
    limits: Limits,
    owners: Mutex<HashMap<SessionId, Open>>,
    /// Held while a session is made, so that two clients cannot both take the last place.
    making: tokio::sync::Mutex<()>,
}

impl Sessions {
    pub(crate) fn new(limits: Limits, idle: Duration) -> Arc<Self> {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = Some(idle);
        let making = tokio::sync::Mutex::default();
        Arc::new(Self { local, limits, owners: Mutex::default(), making })
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

    /// The revision of the session that a request names, if it is its caller's.
    pub(crate) fn version(&self, headers: &HeaderMap) -> Option<ProtocolVersion> {
        let id: SessionId = headers.get(HEADER_SESSION_ID)?.to_str().ok()?.into();
        self.mine(&id).ok()?;
        self.owners().get(&id)?.version.clone()
    }

    fn mine(&self, id: &SessionId) -> Result<(), SessionError> {
        self.is_mine(id).then_some(()).ok_or(SessionError::NotFound)
    }

    /// What a message of a session goes through.
    fn through(&self, id: &SessionId) -> Result<(Arc<Numbers>, Arc<Activity>), SessionError> {
        self.mine(id)?;
        let owners = self.owners();
        let open = owners.get(id).ok_or(SessionError::NotFound)?;
        Ok((open.numbers.clone(), open.activity.clone()))
    }

    /// The limit that stands against another session of this owner.
    async fn hit(&self, owner: &Owner) -> Option<usize> {
        let open = self.local.sessions.read().await;
        let mut owners = self.owners();
        // Sessions that ended by themselves.
        owners.retain(|id, _| open.contains_key(id));
        let of_tenant = owners.values().filter(|other| other.owner.tenant == owner.tenant).count();
        if open.len() >= self.limits.all {
            return Some(self.limits.all);
        }
        (of_tenant >= self.limits.per_tenant).then_some(self.limits.per_tenant)
    }

    /// Ends an idle session; says whether there was one.
    async fn make_room(&self) -> bool {
        let gone = {
            let owners = self.owners();
            let sessions = owners.iter().map(|(id, open)| (id, open.address, &*open.activity));
            room::first_to_go(sessions).cloned()
        };
        let Some(id) = gone else { return false };
        tracing::info!("mcp: session limit reached, ending an idle session");
        self.owners().remove(&id);
        self.local.close_session(&id).await.is_ok()
    }
}

/// An event of an open stream as the client knows its ids.
fn restored(mut event: ServerSseMessage, numbers: &Numbers, _open: &Streaming) -> ServerSseMessage {
    event.message = event.message.map(|message| {
        let mut message = Arc::unwrap_or_clone(message);
        numbers.restore(&mut message);
        restore_token(&mut message);
        Arc::new(message)
    });
    event
}

impl SessionManager for Sessions {
    type Error = SessionError;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), SessionError> {
        let owner = caller().unwrap_or_else(|| Owner::of(&Caller::local()));
        let _making = self.making.lock().await;
        let mut hit = self.hit(&owner).await;
        if hit.is_some() && self.limits.makes_room && self.make_room().await {
            hit = self.hit(&owner).await;
        }
        if let Some(limit) = hit {
            // rmcp answers every failure here with 500; the edge makes a 503 of this one.
            let _ = INCOMING.try_with(|incoming| incoming.refuse_session(limit));
            return Err(SessionError::Full(limit));
        }
        let (id, transport) = self.local.create_session().await?;
        self.owners().insert(id.clone(), Open::new(owner));
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, SessionError> {
        self.mine(id)?;
        let answer = self.local.initialize_session(id, message).await?;
        if let JsonRpcMessage::Response(response) = &answer
            && let ServerResult::InitializeResult(agreed) = &response.result
            && let Some(open) = self.owners().get_mut(id)
        {
            open.version = Some(agreed.protocol_version.clone());
        }
        Ok(answer)
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
        mut message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let (numbers, activity) = self.through(id)?;
        let open = activity.stream();
        numbers.number(&mut message);
        number_token(&mut message);
        let stream = self.local.create_stream(id, message).await?;
        Ok(stream.map(move |event| restored(event, &numbers, &open)))
    }

    async fn accept_message(&self, id: &SessionId, mut message: ClientJsonRpcMessage) -> Result<(), SessionError> {
        let (numbers, activity) = self.through(id)?;
        activity.touch();
        numbers.number(&mut message);
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let (numbers, activity) = self.through(id)?;
        let open = activity.stream();
        let stream = self.local.create_standalone_stream(id).await?;
        Ok(stream.map(move |event| restored(event, &numbers, &open)))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, SessionError> {
        let (numbers, activity) = self.through(id)?;
        let open = activity.stream();
        let resumed = tokio::time::timeout(RESUME_TIME, self.local.resume(id, last_event_id)).await;
        let resumed = resumed.map_err(|_| SessionError::Busy).and_then(|resumed| Ok(resumed?));
        // rmcp answers every failure here with a stream that ends at once; the edge makes an error of it.
        let stream = resumed.inspect_err(|error| {
            let status = match error {
                SessionError::Local(LocalSessionManagerError::InvalidEventId(_)) => StatusCode::BAD_REQUEST,
                _ => StatusCode::NOT_FOUND,
            };
            let _ = INCOMING.try_with(|incoming| incoming.refuse_resume(status));
        })?;
        Ok(stream.map(move |event| restored(event, &numbers, &open)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::incoming::{Endpoint, Incoming};

    fn sessions(all: usize, per_tenant: usize) -> Arc<Sessions> {
        Sessions::new(Limits { all, per_tenant, makes_room: false }, Duration::from_secs(60))
    }

    async fn as_caller<T>(tenant: &str, subject: &str, work: impl Future<Output = T>) -> T {
        let incoming = Incoming::new(Caller::new(tenant, subject), Endpoint::Full, None);
        INCOMING.scope(Arc::new(incoming), work).await
    }

    #[tokio::test]
    async fn the_limit_holds_and_a_closed_session_makes_room() {
        let sessions = sessions(2, 2);
        let (first, _transport) = sessions.create_session().await.unwrap();
        let (_second, _other) = sessions.create_session().await.unwrap();
        assert!(matches!(sessions.create_session().await, Err(SessionError::Full(2))));
        sessions.close_session(&first).await.unwrap();
        sessions.create_session().await.unwrap();
    }

    #[tokio::test]
    async fn a_tenant_leaves_room_for_others() {
        let sessions = sessions(3, 2);
        let make = |tenant: &'static str| as_caller(tenant, "x", sessions.create_session());
        let mut held = vec![make("a").await.unwrap(), make("a").await.unwrap()];
        assert!(matches!(make("a").await, Err(SessionError::Full(2))));
        held.push(make("b").await.unwrap());
        assert!(matches!(make("b").await, Err(SessionError::Full(3))));
    }

    #[tokio::test]
    async fn a_session_is_there_for_its_owner_alone() {
        let sessions = sessions(3, 3);
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
