//! The admin socket of a running host.

use std::{
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit, State, connect_info::Connected},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
    serve::{IncomingStream, Listener},
};
use serde_json::json;
use tandem_config::HostConfig;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;

use super::{
    limits::{MAX_CONNECTIONS, MAX_REQUEST, POLL_INTERVAL},
    operations::Admin,
    request::Ask,
};
use crate::config::resolve_data_path;

/// Where the admin socket of a configuration's host is.
pub(super) fn path(config: &HostConfig) -> PathBuf {
    resolve_data_path(config, "run/admin.sock".as_ref())
}

/// Binds the socket and serves it until the host stops. While another host has it, this one waits for it.
///
/// # Errors
/// It cannot be opened here.
pub(crate) async fn open(admin: Admin, stop: CancellationToken) -> anyhow::Result<()> {
    let path = path(&admin.policy.config());
    let first = bind(&path).await.with_context(|| format!("cannot open {}", path.display()))?;
    if first.is_none() {
        tracing::info!(socket = %path.display(), "admin socket: owned by another host; its changes are seen here too");
    }
    tokio::spawn(async move {
        if let Some(Some(listener)) = stop.run_until_cancelled(mine(first, &path)).await {
            let state = Arc::new((admin, Semaphore::new(MAX_CONNECTIONS)));
            let app =
                Router::new().route("/", post(answer)).layer(DefaultBodyLimit::max(MAX_REQUEST)).with_state(state);
            let serve = axum::serve(OwnUser(listener), app.into_make_service_with_connect_info::<Peer>());
            // Not a graceful end: a client that keeps its connection open must not keep the host.
            if let Some(Err(error)) = stop.run_until_cancelled(serve.into_future()).await {
                tracing::error!(%error, "admin socket: closed");
            }
            drop(std::fs::remove_file(&path));
        }
    });
    Ok(())
}

/// The listener, as soon as no other host has it.
async fn mine(first: Option<UnixListener>, path: &Path) -> Option<UnixListener> {
    if first.is_some() {
        return first;
    }
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        match bind(path).await {
            Ok(None) => {}
            Ok(listener) => return listener,
            Err(error) => {
                tracing::error!(%error, "admin socket: cannot bind");
                return None;
            }
        }
    }
}

async fn bind(path: &Path) -> io::Result<Option<UnixListener>> {
    if let Some(directory) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
    }
    if UnixStream::connect(path).await.is_ok() {
        return Ok(None);
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // The directory lets nobody else in while the socket has its first mode.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(Some(listener))
}

/// The user that connected.
#[derive(Clone, Copy, Debug)]
struct Peer(u32);

impl Connected<IncomingStream<'_, OwnUser>> for Peer {
    fn connect_info(stream: IncomingStream<'_, OwnUser>) -> Self {
        *stream.remote_addr()
    }
}

/// Accepts connections of this process's user and root.
struct OwnUser(UnixListener);

impl Listener for OwnUser {
    type Io = UnixStream;
    type Addr = Peer;

    async fn accept(&mut self) -> (UnixStream, Peer) {
        let me = rustix::process::geteuid().as_raw();
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => match stream.peer_cred().map(|peer| peer.uid()) {
                    Ok(uid) if uid == me || uid == 0 => return (stream, Peer(uid)),
                    Ok(uid) => tracing::warn!(uid, "admin socket: refused another user"),
                    Err(error) => tracing::warn!(%error, "admin socket: cannot read peer credentials"),
                },
                Err(error) => {
                    tracing::warn!(%error, "admin socket: accept failed");
                    tokio::time::sleep(POLL_INTERVAL).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer(rustix::process::geteuid().as_raw()))
    }
}

async fn answer(
    State(state): State<Arc<(Admin, Semaphore)>>,
    ConnectInfo(Peer(uid)): ConnectInfo<Peer>,
    Json(ask): Json<Ask>,
) -> Response {
    let (admin, slots) = &*state;
    let Ok(_permit) = slots.try_acquire() else {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": "busy; try again" }))).into_response();
    };
    match admin.answer(ask, &format!("uid:{uid}")).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": crate::errors::chain(&error) }))).into_response(),
    }
}

/// Takes over, until the host stops, what other processes change in the store.
pub(crate) async fn watch(admin: Admin, stop: CancellationToken) {
    let mut timer = tokio::time::interval(POLL_INTERVAL);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut seen = None;
    while stop.run_until_cancelled(timer.tick()).await.is_some() {
        let looked = admin.store.policy_version().await;
        let result = match looked {
            Ok(version) if seen == Some(version) => continue,
            Ok(version) => admin.refresh().await.map(|()| seen = Some(version)),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = result {
            tracing::warn!("store: cannot read changes: {}", crate::errors::chain(&error));
        }
    }
}
