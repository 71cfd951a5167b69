//! Tells clients that something changed: over the session for the older revisions, over `subscriptions/listen` since
//! 2026-07-28. Changes that come in a burst are told once; a client that lost some is told that everything changed.
//! A client hears of changes for its tenant, and of resources that are there for it, whatever it subscribed to.

use std::{collections::BTreeSet, future::Future, sync::Arc};

use rmcp::{
    RoleServer,
    model::{ErrorData, ResourceUpdatedNotificationParam, SubscriptionFilter},
    service::{Peer, SubscriptionContext, SubscriptionSink},
};
use tandem_catalog::Change;
use tandem_router::Router;
use tandem_types::Caller;
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};
use tokio_util::sync::CancellationToken;

use super::session::{MAX_SUBSCRIPTIONS, SessionState};

/// Changes that are told together.
#[derive(Debug, Default, PartialEq, Eq)]
struct PendingChanges {
    tools: bool,
    prompts: bool,
    resources: bool,
    updated: BTreeSet<Arc<str>>,
    /// Some were lost: every subscribed resource may have changed.
    lost: bool,
}

impl PendingChanges {
    fn add(&mut self, change: Change, tenant: &Arc<str>) {
        let concerns = |whom: &Option<Arc<str>>| whom.as_ref().is_none_or(|whom| whom == tenant);
        match change {
            Change::Tools { tenant } => self.tools |= concerns(&tenant),
            Change::Prompts { tenant } => self.prompts |= concerns(&tenant),
            Change::Resources { tenant } => self.resources |= concerns(&tenant),
            Change::ResourceUpdated { tenant: whom, uri } => {
                if whom == *tenant {
                    self.updated.insert(uri);
                }
            }
        }
    }

    fn everything() -> Self {
        Self { tools: true, prompts: true, resources: true, lost: true, updated: BTreeSet::new() }
    }
}

/// Who is told.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    router: Router,
    caller: Caller,
}

impl Listener {
    pub(crate) fn new(router: &Router, caller: &Caller) -> Self {
        Self { router: router.clone(), caller: caller.clone() }
    }

    /// Whether a resource is there for it: subscribing proves nothing, and a change tells that there is something.
    fn sees(&self, uri: &str) -> bool {
        self.caller.access.is_everything() || self.router.view(&self.caller).resource_owner(uri).is_some()
    }
}

/// Waits for the next changes. None when there will be no more.
async fn next(changes: &mut Receiver<Change>, tenant: &Arc<str>) -> Option<PendingChanges> {
    let mut pending = PendingChanges::default();
    match changes.recv().await {
        Ok(change) => pending.add(change, tenant),
        Err(RecvError::Lagged(_)) => return Some(PendingChanges::everything()),
        Err(RecvError::Closed) => return None,
    }
    loop {
        match changes.try_recv() {
            Ok(change) => pending.add(change, tenant),
            Err(TryRecvError::Lagged(_)) => return Some(PendingChanges::everything()),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(pending),
        }
    }
}

async fn until<T>(token: &CancellationToken, work: impl Future<Output = Option<T>>) -> Option<T> {
    tokio::select! {
        biased;
        () = token.cancelled() => None,
        out = work => out,
    }
}

/// Tells the client of one session, until the session ends.
pub(crate) async fn over_session(
    peer: Peer<RoleServer>,
    session: Arc<SessionState>,
    to: Listener,
    mut changes: Receiver<Change>,
) {
    while let Some(pending) = until(&session.ended, next(&mut changes, &to.caller.tenant)).await {
        if peer.is_transport_closed() {
            return;
        }
        // Until the client opens its stream there is nobody to send to; what it missed it learns when it lists.
        if pending.tools {
            let _ = peer.notify_tool_list_changed().await;
        }
        if pending.prompts {
            let _ = peer.notify_prompt_list_changed().await;
        }
        if pending.resources {
            let _ = peer.notify_resource_list_changed().await;
        }
        let changed = |uri: &String| (pending.lost || pending.updated.contains(uri.as_str())) && to.sees(uri);
        for uri in session.subscribed().into_iter().filter(changed) {
            let _ = peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await;
        }
    }
}

/// What a listener may ask for: everything, but only so many resources. The acknowledgement says what was accepted.
pub(crate) fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut filter = requested.clone();
    if let Some(uris) = &mut filter.resource_subscriptions {
        uris.truncate(MAX_SUBSCRIPTIONS);
    }
    filter
}

/// Tells one listener, until it goes or the host shuts down.
pub(crate) async fn over_stream(
    context: SubscriptionContext,
    to: Listener,
    mut changes: Receiver<Change>,
    shutdown: &CancellationToken,
) -> Result<(), ErrorData> {
    let sink = context.sink().clone();
    loop {
        let pending = tokio::select! {
            biased;
            () = context.cancelled() => return Ok(()),
            () = shutdown.cancelled() => return Ok(()),
            pending = next(&mut changes, &to.caller.tenant) => pending,
        };
        let Some(pending) = pending else { return Ok(()) };
        if let Err(error) = tell(&sink, &pending, &to).await {
            tracing::debug!(%error, "mcp: subscriber disconnected");
            return Ok(());
        }
    }
}

async fn tell(
    sink: &SubscriptionSink,
    pending: &PendingChanges,
    to: &Listener,
) -> Result<(), rmcp::service::SubscriptionSendError> {
    let filter = sink.accepted();
    if pending.tools && filter.tools_list_changed == Some(true) {
        sink.notify_tool_list_changed().await?;
    }
    if pending.prompts && filter.prompts_list_changed == Some(true) {
        sink.notify_prompt_list_changed().await?;
    }
    if pending.resources && filter.resources_list_changed == Some(true) {
        sink.notify_resource_list_changed().await?;
    }
    for uri in filter.resource_subscriptions.iter().flatten() {
        if (pending.lost || pending.updated.contains(uri.as_str())) && to.sees(uri) {
            sink.notify_resource_updated(uri.as_str()).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast;

    use super::*;

    fn acme() -> Arc<str> {
        "acme".into()
    }

    #[tokio::test]
    async fn a_burst_is_told_once_and_only_to_whom_it_concerns() {
        let (tx, mut rx) = broadcast::channel(16);
        tx.send(Change::Tools { tenant: None }).unwrap();
        tx.send(Change::Tools { tenant: Some(acme()) }).unwrap();
        tx.send(Change::Prompts { tenant: Some("other".into()) }).unwrap();
        tx.send(Change::ResourceUpdated { tenant: acme(), uri: "test://a".into() }).unwrap();
        tx.send(Change::ResourceUpdated { tenant: "other".into(), uri: "test://b".into() }).unwrap();
        let pending = next(&mut rx, &acme()).await.unwrap();
        assert_eq!(
            pending,
            PendingChanges { tools: true, updated: BTreeSet::from(["test://a".into()]), ..PendingChanges::default() }
        );
        drop(tx);
        assert!(next(&mut rx, &acme()).await.is_none());
    }

    #[tokio::test]
    async fn who_lost_changes_is_told_that_everything_changed() {
        let (tx, mut rx) = broadcast::channel(2);
        for _ in 0..5 {
            tx.send(Change::Prompts { tenant: None }).unwrap();
        }
        assert_eq!(next(&mut rx, &acme()).await.unwrap(), PendingChanges::everything());
    }

    #[test]
    fn a_listener_gets_at_most_so_many_resources() {
        let uris = (0..1000).map(|i| format!("test://{i}"));
        let filter = SubscriptionFilter::builder().tools_list_changed().resource_subscriptions(uris).build();
        let accepted = accepted(&filter);
        assert_eq!(accepted.resource_subscriptions.unwrap().len(), MAX_SUBSCRIPTIONS);
        assert_eq!(accepted.tools_list_changed, Some(true));
    }
}
