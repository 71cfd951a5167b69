//! Keeps one server running: starts it, mounts what it lists, follows its changes, starts it again with a growing pause.

use std::{sync::Arc, time::Instant};

use tandem_catalog::Catalog;
use tokio_util::sync::CancellationToken;

use crate::{
    error::UpstreamError,
    limits::{CHANGE_INTERVAL, STABLE_AFTER},
    link::{Link, State},
    mount,
    session::Session,
};

/// One server's keeper.
pub(crate) struct Supervisor {
    pub(crate) link: Arc<Link>,
    pub(crate) catalog: Arc<Catalog>,
}

/// Why a session is over.
enum Over {
    Failed(UpstreamError),
    Restart,
}

impl Supervisor {
    /// Runs until `stop`, then ends the server and takes its tools out.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let (name, restart) = (self.link.name.clone(), self.link.upstream.restart.clone());
        let mut failures = 0;
        loop {
            self.link.set(State::Starting);
            let start = Instant::now();
            let over = self.session(&stop).await;
            let Some(over) = over else { break };
            let error = match over {
                Over::Restart => {
                    failures = 0;
                    continue;
                }
                Over::Failed(error) => error,
            };
            failures = if start.elapsed() >= STABLE_AFTER { 1 } else { failures + 1 };
            let pause = (failures <= restart.max).then(|| restart.backoff.delay(failures));
            match pause {
                Some(pause) => tracing::warn!(
                    upstream = &*name,
                    failures,
                    retry_ms = pause.as_millis() as u64,
                    "upstream failed: {error}"
                ),
                None => {
                    tracing::error!(upstream = &*name, failures, "upstream failed and is not started again: {error}")
                }
            }
            metrics::counter!("tandem_upstream_failures_total", "upstream" => name.to_string()).increment(1);
            let retry_at = pause.map(|pause| Instant::now() + pause);
            self.link.set(State::Down { reason: error.to_string(), retry_at });
            let wait = async {
                match retry_at {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.link.restart.notified() => failures = 0,
                () = wait => {}
            }
        }
        self.catalog.unmount(&name);
        tracing::info!(upstream = &*name, "upstream stopped");
    }

    /// One session, from the start of the server to its end. None where the host stops.
    async fn session(&self, stop: &CancellationToken) -> Option<Over> {
        let start = Instant::now();
        let opened = stop.run_until_cancelled(async {
            let session = Session::open(&self.link).await?;
            match self.mount(&session).await {
                Ok(tools) => Ok((session, tools)),
                Err(error) => {
                    session.close().await;
                    Err(error)
                }
            }
        });
        let (mut session, tools) = match opened.await? {
            Ok(opened) => opened,
            Err(error) => return Some(Over::Failed(error)),
        };
        self.link.set(State::Up(session.up.clone()));
        let took_ms = start.elapsed().as_millis() as u64;
        tracing::info!(upstream = &*self.link.name, tools, version = session.about.version, took_ms, "upstream up");
        let over = self.follow(&mut session, stop).await;
        session.close().await;
        over
    }

    /// Follows the changes of a server until it ends.
    async fn follow(&self, session: &mut Session, stop: &CancellationToken) -> Option<Over> {
        let changed = session.changed.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = self.link.restart.notified() => return Some(Over::Restart),
                ended = session.ended() => return Some(Over::Failed(ended)),
                () = changed.notified() => {}
            }
            tokio::time::sleep(CHANGE_INTERVAL).await;
            match stop.run_until_cancelled(self.mount(session)).await? {
                Ok(tools) => tracing::info!(upstream = &*self.link.name, tools, "upstream tools changed"),
                Err(error) => return Some(Over::Failed(error)),
            }
        }
    }

    /// Lists a server's tools and mounts them; answers how many.
    async fn mount(&self, session: &Session) -> Result<usize, UpstreamError> {
        let definitions = session.list(&self.link).await?;
        let (link, about) = (self.link.clone(), session.about.clone());
        // Schemas are compiled, which takes milliseconds each.
        let made = tokio::task::spawn_blocking(move || mount::category(&link, &about, &definitions)).await;
        let (category, left_out) = made.map_err(|error| UpstreamError::Host(error.to_string()))?;
        for (tool, why) in left_out {
            tracing::warn!(upstream = &*self.link.name, tool, "upstream tool left out: {why}");
        }
        let tools = category.tools.len();
        self.catalog.mount(category)?;
        Ok(tools)
    }
}
