//! What the host itself adds to `GET /health/runtime`: the network of hosts, and the store.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tandem_cluster::ClusterHandle;
use tandem_config::{HostConfig, ReadyPart};
use tandem_gateway::{HealthPart, Unready};
use tandem_router::Router;
use tandem_store::Store;
use tandem_types::Caller;

/// A store that answers no sooner is not well, and a probe waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The parts, by their names in the answer.
pub(crate) fn parts(reactor: Option<Arc<ClusterHandle>>, store: Store) -> Vec<HealthPart> {
    let network: HealthPart = Box::new(move || {
        let reactor = reactor.clone();
        Box::pin(async move {
            let status = match reactor {
                Some(reactor) => Some(reactor.status().await),
                None => None,
            };
            ("network", serde_json::to_value(status).unwrap_or_default())
        })
    });
    let store: HealthPart = Box::new(move || {
        let store = store.clone();
        Box::pin(async move { ("store", probe(&store).await) })
    });
    vec![network, store]
}

/// Why the host should get no calls: what `audit` says, and what the configuration wants to be up.
pub(crate) fn unready(config: &HostConfig, router: &Router, audit: Unready) -> Unready {
    let (wanted, router) = (config.server.ready_requires.clone(), router.clone());
    let down = move |part: &ReadyPart| match part {
        ReadyPart::Reactor => (router.has_reactor() == Some(false)).then_some("the reactor lane is down"),
        ReadyPart::Plugins => {
            let view = router.view(&Caller::local());
            let compiling = view.categories().any(|category| category.backend.is_compiling());
            let left_out = compiling || view.rejected().iter().any(|rejected| !rejected.is_disabled());
            left_out.then_some("a plugin is refused or still compiling; `tandem plugin list` says why")
        }
    };
    Box::new(move || audit().or_else(|| wanted.iter().find_map(&down)))
}

/// How long a commit takes now, behind all that waits.
async fn probe(store: &Store) -> Value {
    let start = Instant::now();
    let error = match tokio::time::timeout(PATIENCE, store.flush()).await {
        Ok(Ok(())) => return json!({"ok": true, "commit_ms": start.elapsed().as_secs_f64() * 1e3}),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("nothing was committed in {} s", PATIENCE.as_secs()),
    };
    json!({"ok": false, "error": error})
}
