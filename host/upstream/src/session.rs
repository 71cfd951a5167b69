//! One connection to a server: from its start until it ends.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleClient, ServiceExt as _,
    model::{PaginatedRequestParams, ServerCapabilities},
    service::{Peer, RunningService},
    transport::async_rw::AsyncRwTransport,
};
use tokio::{sync::Notify, time::timeout};

use crate::{
    client::{Client, ProgressSinks},
    definition::Definition,
    error::UpstreamError,
    limits::{LINE_FACTOR, LINE_ROOM, MAX_PAGES, MAX_TOOLS},
    link::{Link, Up},
    mount::{About, is_selected},
    process::Process,
};

/// A server that answered the handshake.
pub(crate) struct Session {
    service: RunningService<RoleClient, Client>,
    process: Process,
    pub(crate) up: Up,
    pub(crate) changed: Arc<Notify>,
    pub(crate) about: About,
    has_tools: bool,
}

impl Session {
    /// Starts a server and shakes hands. Dropping the future ends its process.
    pub(crate) async fn open(link: &Link) -> Result<Self, UpstreamError> {
        let bound = link.upstream.timeout.as_duration();
        let (process, output, input) = Process::start(&link.name, &link.upstream)?;
        let (progress, changed) = (Arc::new(ProgressSinks::default()), Arc::new(Notify::new()));
        let client = Client { progress: progress.clone(), changed: changed.clone() };
        let longest = (link.upstream.output.as_usize()).saturating_mul(LINE_FACTOR).saturating_add(LINE_ROOM);
        let transport = AsyncRwTransport::<RoleClient, _, _>::new(output, input).with_max_line_length(longest);
        let mut process = process;
        let service = tokio::select! {
            biased;
            shaken = timeout(bound, client.serve(transport)) => match shaken {
                Ok(Ok(service)) => service,
                Ok(Err(error)) => return Err(ended_or(&mut process, UpstreamError::Handshake(Box::new(error))).await),
                Err(_) => return Err(UpstreamError::Slow { step: "answer `initialize`", after: bound }),
            },
            ended = process.exited() => return Err(ended),
        };
        let peer = service.peer().clone();
        let info = peer.peer_info();
        let about = info
            .as_ref()
            .map_or_else(About::default, |info| About::new(info.server_info.as_ref(), info.instructions.as_deref()));
        let has_tools = info.is_none_or(|info| has_tools(&info.capabilities));
        let up = Up { peer, progress, pid: process.id() };
        Ok(Self { service, process, up, changed, about, has_tools })
    }

    /// Its tools, of all pages, that are to be mounted.
    pub(crate) async fn list(&self, link: &Link) -> Result<Vec<Definition>, UpstreamError> {
        if !self.has_tools {
            return Ok(Vec::new());
        }
        let bound = link.upstream.timeout.as_duration();
        let listed = timeout(bound, pages(&self.up.peer)).await;
        let tools = listed.map_err(|_| UpstreamError::Slow { step: "list its tools", after: bound })??;
        Ok(tools.into_iter().filter(|tool| is_selected(&link.upstream, &tool.name)).collect())
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self) -> UpstreamError {
        let closed = async {
            while !self.service.is_closed() && !self.up.peer.is_transport_closed() {
                tokio::time::sleep(POLL_INTERVAL).await;
            }
        };
        tokio::select! {
            biased;
            ended = self.process.exited() => ended,
            () = closed => ended_or(&mut self.process, UpstreamError::Closed).await,
        }
    }

    /// Ends it, and every process of it.
    pub(crate) async fn close(mut self) {
        // Its input is closed by this; a server ends with it.
        drop(self.service.close_with_timeout(CLOSE_PATIENCE).await);
        self.process.end().await;
    }
}

/// How often it is looked whether a connection is closed; that a process ended is known at once.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a connection may take to close.
const CLOSE_PATIENCE: Duration = Duration::from_millis(500);
/// How long an exit code may come after the end of a pipe.
const EXIT_PATIENCE: Duration = Duration::from_millis(200);

/// That the process ended says more than that its pipe did.
async fn ended_or(process: &mut Process, otherwise: UpstreamError) -> UpstreamError {
    timeout(EXIT_PATIENCE, process.exited()).await.unwrap_or(otherwise)
}

fn has_tools(capabilities: &ServerCapabilities) -> bool {
    capabilities.tools.is_some()
}

async fn pages(peer: &Peer<RoleClient>) -> Result<Vec<Definition>, UpstreamError> {
    let (mut tools, mut cursor) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = peer.list_tools(Some(params)).await.map_err(|error| UpstreamError::List(Box::new(error)))?;
        tools.extend(page.tools.into_iter().map(Definition::new));
        if tools.len() > MAX_TOOLS {
            return Err(UpstreamError::TooMany("tools", MAX_TOOLS));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(tools);
        }
    }
    Err(UpstreamError::TooMany("pages of tools", MAX_PAGES))
}
