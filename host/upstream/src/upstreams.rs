//! All mounted servers of a host.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use tandem_catalog::Catalog;
use tandem_config::UpstreamConfig;
use tandem_types::Name;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    link::{Link, State},
    supervisor::Supervisor,
};

/// The mounted servers of a host that runs.
pub struct Upstreams {
    catalog: Arc<Catalog>,
    tasks: TaskTracker,
    stop: CancellationToken,
    running: Mutex<BTreeMap<String, Running>>,
    /// Servers that were taken out and may not have ended yet: another one of that name begins after them.
    ending: Mutex<BTreeMap<String, CancellationToken>>,
}

struct Running {
    link: Arc<Link>,
    stop: CancellationToken,
    ended: CancellationToken,
}

/// One mounted server, for operators.
#[derive(Clone, Debug, Serialize)]
pub struct UpstreamStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Its category.
    pub category: String,
    /// `up`, `starting`, `waiting` (it failed, and is started again) or `down` (it failed too often).
    pub state: &'static str,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// How many of its tools are served.
    pub tools: usize,
    /// What it says of its version.
    pub version: Option<String>,
    /// The process, if it has one that runs.
    pub pid: Option<u32>,
    /// Why it does not serve.
    pub reason: Option<String>,
    /// When it is started again, in milliseconds from now.
    pub retry_ms: Option<u64>,
}

/// There is no mounted server of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no upstream is called `{0}`; `tandem upstream list` shows them")]
pub struct UnknownUpstream(pub String);

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreams").field("running", &self.lock().keys()).finish_non_exhaustive()
    }
}

impl Upstreams {
    /// No servers yet.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { catalog, tasks, stop, running: Mutex::default(), ending: Mutex::default() }
    }

    /// Ends all servers, and waits until no process of them is left.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Runs these servers from now on, each in the background: one that changed is started again, one that is not among them is
    /// ended. Inside a runtime.
    pub fn exchange(&self, upstreams: &BTreeMap<Name, UpstreamConfig>) {
        let (mut running, mut ending) = (self.lock(), self.ending.lock().unwrap_or_else(PoisonError::into_inner));
        ending.retain(|_, ended| !ended.is_cancelled());
        running.retain(|name, running| {
            let same = upstreams.get(name.as_str()).is_some_and(|upstream| *upstream == running.link.upstream);
            if !same {
                running.stop.cancel();
                ending.insert(name.clone(), running.ended.clone());
            }
            same
        });
        for (name, upstream) in upstreams {
            if !running.contains_key(name.as_str()) {
                let link = Arc::new(Link::new(name.as_str(), upstream.clone()));
                let (stop, ended) = (self.stop.child_token(), CancellationToken::new());
                let supervisor = Supervisor { link: link.clone(), catalog: self.catalog.clone() };
                let (before, run, end) = (ending.get(name.as_str()).cloned(), stop.clone(), ended.clone().drop_guard());
                self.tasks.spawn(async move {
                    let _end = end;
                    if let Some(before) = before {
                        before.cancelled().await;
                    }
                    supervisor.run(run).await;
                });
                running.insert(name.to_string(), Running { link, stop, ended });
            }
        }
    }

    /// All of them, by name.
    #[must_use]
    pub fn list(&self) -> Vec<UpstreamStatus> {
        self.lock().values().map(|running| self.status(&running.link)).collect()
    }

    /// Starts one again now, whether it serves or not.
    ///
    /// # Errors
    /// There is no such one.
    pub fn restart(&self, name: &str) -> Result<(), UnknownUpstream> {
        let running = self.lock();
        running.get(name).ok_or_else(|| UnknownUpstream(name.to_owned()))?.link.restart.notify_one();
        Ok(())
    }

    fn status(&self, link: &Link) -> UpstreamStatus {
        let mounted = self.catalog.mounted(&link.name);
        let category = link.upstream.category.as_ref().map_or(&*link.name, |category| category.as_str());
        link.look(|state, since| {
            let (state, pid, reason, retry_at) = match state {
                State::Starting => ("starting", None, None, None),
                State::Up(up) => ("up", up.pid, None, None),
                State::Down { reason, retry_at: Some(at) } => ("waiting", None, Some(reason.clone()), Some(*at)),
                State::Down { reason, retry_at: None } => ("down", None, Some(reason.clone()), None),
            };
            UpstreamStatus {
                name: link.name.to_string(),
                category: category.to_owned(),
                state,
                since_ms: millis(since),
                tools: mounted.as_ref().map_or(0, |category| category.tools.len()),
                version: mounted.map(|category| category.version.clone()).filter(|version| !version.is_empty()),
                pid,
                reason,
                retry_ms: retry_at.map(|at| at.saturating_duration_since(Instant::now()).as_millis() as u64),
            }
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Upstreams {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn millis(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
