//! What calls and the supervisor of one server share: its settings, and whether it serves now.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use rmcp::{RoleClient, service::Peer};
use tandem_config::UpstreamConfig;
use tandem_engine::RunError;
use tokio::sync::Notify;

use crate::client::ProgressSinks;

/// One server.
pub(crate) struct Link {
    pub(crate) name: Arc<str>,
    pub(crate) upstream: UpstreamConfig,
    state: ArcSwap<Timed>,
    /// An operator wants it started again.
    pub(crate) restart: Notify,
}

struct Timed {
    state: State,
    since: SystemTime,
}

/// Whether it serves.
pub(crate) enum State {
    /// It starts, and has not listed its tools yet.
    Starting,
    /// It serves.
    Up(Up),
    /// It does not, for this reason, and is started again later; never, if no time is said.
    Down { reason: String, retry_at: Option<Instant> },
}

/// A server that serves.
#[derive(Clone)]
pub(crate) struct Up {
    pub(crate) peer: Peer<RoleClient>,
    pub(crate) progress: Arc<ProgressSinks>,
    pub(crate) pid: Option<u32>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(name: &str, upstream: UpstreamConfig) -> Self {
        let state = Timed { state: State::Starting, since: SystemTime::now() };
        Self { name: name.into(), upstream, state: ArcSwap::from_pointee(state), restart: Notify::new() }
    }

    pub(crate) fn set(&self, state: State) {
        let up = if matches!(state, State::Up(_)) { 1.0 } else { 0.0 };
        metrics::gauge!("tandem_upstream_up", "upstream" => self.name.to_string()).set(up);
        self.state.store(Arc::new(Timed { state, since: SystemTime::now() }));
    }

    /// Looks at the state, and since when it is so.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&State, SystemTime) -> T) -> T {
        let timed = self.state.load();
        look(&timed.state, timed.since)
    }

    /// The server, or why there is none.
    pub(crate) fn up(&self) -> Result<Up, RunError> {
        let name = &self.name;
        self.look(|state, _| match state {
            State::Up(up) => Ok(up.clone()),
            State::Starting => Err(RunError::Unavailable {
                reason: format!("upstream `{name}` is starting"),
                retry_after: Some(Duration::from_secs(1)),
            }),
            State::Down { reason, retry_at: Some(at) } => Err(RunError::Unavailable {
                reason: format!("upstream `{name}` is down: {reason}"),
                retry_after: Some(at.saturating_duration_since(Instant::now())),
            }),
            State::Down { reason, retry_at: None } => Err(RunError::Unavailable {
                reason: format!(
                    "upstream `{name}` is down: {reason}; `tandem upstream restart {name}` starts it again"
                ),
                retry_after: None,
            }),
        })
    }
}
