//! Open connections that wait for their next request.
//!
//! **Promises.** A connection serves one tenant, one plugin, one host and the one address that was checked, and one request at a
//! time. Policy and address are checked for each request before a connection is looked for.
//!
//! **Bounds.** Connections that wait, for each tenant's plugin and in all, and how long.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::Error;

use super::wire::Wire;
use crate::account::Descriptors;

/// How long a connection waits: servers close theirs after a minute or so.
const IDLE: Duration = Duration::from_secs(30);
/// Connections of one tenant's plugin that wait, as many as one of its instances may use at a time.
const MAX_WAITING: usize = 16;
/// Those of all. Each holds a descriptor and some buffers.
const MAX_WAITING_IN_ALL: usize = 256;
/// A connection whose last answer was read is ready at once. One that is not has more to send than anybody wants.
const READY: Duration = Duration::from_millis(100);

pub(super) type Body = UnsyncBoxBody<Bytes, Error>;

/// What a connection may be used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) tenant: Arc<str>,
    pub(super) plugin: Arc<str>,
    pub(super) host: String,
    pub(super) tls: bool,
    pub(super) address: SocketAddr,
}

/// What is spoken on a connection.
pub(super) enum Sender {
    One(http1::SendRequest<Body>),
    Two(http2::SendRequest<Body>),
}

/// An open connection. It is closed when dropped.
pub(super) struct Connection {
    pub(super) sender: Sender,
    pub(super) wire: Wire,
    pub(super) _driver: AbortOnDropHandle<()>,
    pub(super) _descriptor: Descriptors,
}

impl Connection {
    pub(super) fn is_http2(&self) -> bool {
        matches!(self.sender, Sender::Two(_))
    }

    async fn is_ready(&mut self) -> bool {
        let ready = match &mut self.sender {
            Sender::One(sender) => timeout(READY, sender.ready()).await,
            Sender::Two(sender) => timeout(READY, sender.ready()).await,
        };
        matches!(ready, Ok(Ok(())))
    }

    /// A request that never went out comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.sender {
            Sender::One(sender) => sender.try_send_request(request).await,
            Sender::Two(sender) => sender.try_send_request(request).await,
        }
    }
}

/// The connections of all tenants that wait.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The oldest first.
    connections: Vec<(Key, Instant, Connection)>,
    /// Whether a task closes those that waited for too long.
    swept: bool,
}

impl Waiting {
    fn close_old(&mut self) {
        self.connections.retain(|(_, since, _)| since.elapsed() < IDLE);
    }
}

impl Pool {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is ready for a request.
    pub(super) async fn take(&self, key: &Key) -> Option<Connection> {
        loop {
            let mut connection = {
                let mut waiting = self.waiting();
                waiting.close_old();
                let newest = waiting.connections.iter().rposition(|(other, ..)| other == key)?;
                waiting.connections.remove(newest).2
            };
            if connection.is_ready().await {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn put(self: &Arc<Self>, key: Key, connection: Connection) {
        let mut waiting = self.waiting();
        waiting.close_old();
        let same = |(other, ..): &(Key, Instant, Connection)| other.tenant == key.tenant && other.plugin == key.plugin;
        if waiting.connections.iter().filter(|other| same(other)).count() >= MAX_WAITING {
            let oldest = waiting.connections.iter().position(same);
            drop(oldest.map(|oldest| waiting.connections.remove(oldest)));
        } else if waiting.connections.len() >= MAX_WAITING_IN_ALL {
            drop(waiting.connections.remove(0));
        }
        waiting.connections.push((key, Instant::now(), connection));
        if !waiting.swept
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            waiting.swept = true;
            runtime.spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// A connection in use, and what comes free with it.
pub(super) struct Lease {
    pub(super) key: Key,
    pub(super) connection: Connection,
    pub(super) pool: Arc<Pool>,
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// The answer was read to its end.
    pub(super) fn give_back(self) {
        self.pool.put(self.key, self.connection);
    }
}

/// Closes what waited for too long, until nothing waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut waiting = pool.waiting();
        waiting.close_old();
        if waiting.connections.is_empty() {
            waiting.swept = false;
            return;
        }
    }
}
