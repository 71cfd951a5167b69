//! The listener: connections are accepted, bounded and cut here.
//!
//! A client that sends or reads slowly holds a connection, which is what there is least of. The head of the first request
//! must be there soon after the connection is; later ones, together with the pause before them, within the idle time, for
//! a slow head costs no more than the silence that is allowed anyway. A client that does not take its answer is cut as well.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use crate::{
    Gateway, GatewayConfig,
    heads::Heads,
    http::{Front, front},
    incoming::ConnectionInfo,
    metrics,
    state::AppState,
};

/// How long connections get to close after their calls are done.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause after a failed `accept`: it fails when file descriptors run out, which takes a moment to pass.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a request's head, and what one read brings over that. Browsers and proxies send some thousand; a token has up to 8 KiB.
const MAX_HEAD: usize = 32 << 10;
/// Headers of a request: each costs more memory than its bytes.
const MAX_HEADERS: usize = 64;

/// Why serving could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener is unusable.
    #[error("cannot accept connections: {0}")]
    Listen(#[from] std::io::Error),
}

impl Gateway {
    /// Serves HTTP on `listener` until `shutdown` is cancelled and what is in flight is done, or the drain time is over.
    /// A gateway may serve several listeners; the first one that shuts down makes it unready for all.
    ///
    /// # Errors
    ///
    /// When the listener is unusable.
    pub async fn serve_http(&self, listener: TcpListener, shutdown: CancellationToken) -> Result<(), ServeError> {
        listener.local_addr()?;
        let shared = self.0.clone();
        // Ends what would never end by itself: sessions and their streams.
        let streams = CancellationToken::new();
        let front = front(&shared, streams.clone());
        let stop_accepting = CancellationToken::new();
        let cut = CancellationToken::new();
        let _cut = cut.clone().drop_guard();
        let background = tokio::spawn(background(shared.clone(), streams.clone()));
        let drain = tokio::spawn(drain(shared.clone(), shutdown, stop_accepting.clone(), streams.clone()));
        let connections = accept(&listener, &front, &shared.config, &stop_accepting, &cut).await;
        // The port is free for a successor while the last calls end.
        drop(listener);
        tokio::select! {
            () = connections.shutdown() => {}
            () = async {
                streams.cancelled().await;
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            } => tracing::warn!("shutdown: closing connections that are still open"),
        }
        streams.cancel();
        drain.abort();
        background.abort();
        Ok(())
    }
}

async fn background(shared: Arc<AppState>, stop: CancellationToken) {
    let upkeep = async {
        if let Some(handle) = shared.metrics.clone() {
            metrics::upkeep(handle, stop.clone()).await;
        }
    };
    tokio::join!(upkeep, stop.run_until_cancelled(shared.auth.maintain()));
}

/// Shutdown, in its order: unready, no new connections, calls in flight, then everything else.
async fn drain(
    shared: Arc<AppState>,
    shutdown: CancellationToken,
    stop_accepting: CancellationToken,
    streams: CancellationToken,
) {
    shutdown.cancelled().await;
    shared.draining.cancel();
    tokio::time::sleep(shared.config.unready).await;
    stop_accepting.cancel();
    if tokio::time::timeout(shared.config.drain, shared.in_flight.idle()).await.is_err() {
        let left = shared.in_flight.count();
        tracing::warn!(left, "shutdown: requests in flight cancelled after the drain time");
    }
    shared.suspended.clear();
    streams.cancel();
}

/// Accepts until `stop`; the connections themselves end at the latest with `cut`.
async fn accept(
    listener: &TcpListener,
    front: &Front,
    config: &GatewayConfig,
    stop: &CancellationToken,
    cut: &CancellationToken,
) -> GracefulShutdown {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.idle_timeout)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    let connections = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(config.connection_limit));
    loop {
        let next = async {
            // The semaphore is never closed.
            let permit = permits.clone().acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => return connections,
            next = next => next,
        };
        let (stream, address) = match accepted {
            Ok((stream, address)) => (stream, address.ip()),
            Err(error) => {
                tracing::warn!(%error, "http: accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (stream, lax) = Heads::new(prepared(stream, config.write_timeout));
        let spoken = Arc::new(AtomicBool::new(false));
        let service = {
            let (front, spoken, connection) = (front.clone(), spoken.clone(), ConnectionInfo { address, lax });
            service_fn(move |mut request: Request<Incoming>| {
                spoken.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(connection.clone());
                front.clone().call(request.map(Body::new))
            })
        };
        let io = TokioIo::new(stream);
        let connection = connections.watch(http.serve_connection(io, service));
        let (cut, head_timeout) = (cut.clone(), config.head_timeout);
        tokio::spawn(async move {
            let _permit = permit;
            let mut connection = std::pin::pin!(cut.run_until_cancelled(connection));
            let mut first = true;
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = tokio::time::sleep(head_timeout) => {
                    first = spoken.load(Ordering::Relaxed);
                    if first { connection.await } else { None }
                }
            };
            match ended {
                Some(Err(error)) => tracing::debug!(%error, "http: connection failed"),
                None if !first => tracing::debug!("http: no request within the head timeout"),
                _ => {}
            }
        });
    }
}

fn prepared(stream: TcpStream, write_timeout: Duration) -> std::pin::Pin<Box<TimeoutStream<TcpStream>>> {
    // With Nagle on, the end of every event stream waits 40 ms for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "http: cannot set TCP_NODELAY");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write_timeout));
    Box::pin(stream)
}
