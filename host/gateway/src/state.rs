//! What all requests of one gateway share.

use std::{sync::Arc, time::Instant};

use metrics_exporter_prometheus::PrometheusHandle;
use rmcp::model::{MetaObject, ServerConfig};
use serde_json::Value;
use tandem_router::Router;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::{Authenticator, Refused},
    config::GatewayConfig,
    drain::InFlight,
    endpoints::NamedEndpoints,
    guard::Guard,
    limiter::TenantLimiter,
    mcp::{
        lists::Lists,
        mrtr::{Sealer, SuspendedCalls},
        tasks::Tasks,
    },
    ports::{HealthPart, Unready},
    results::Results,
};

/// What all requests share.
pub(crate) struct AppState {
    pub(crate) router: Router,
    pub(crate) config: GatewayConfig,
    pub(crate) auth: Arc<dyn Authenticator>,
    pub(crate) guard: Guard,
    pub(crate) info: ServerConfig,
    /// `info.server_info`, as it stands in results.
    pub(crate) server_info: Arc<Value>,
    pub(crate) endpoints: NamedEndpoints,
    pub(crate) lists: Lists,
    pub(crate) suspended: SuspendedCalls,
    pub(crate) sealer: Sealer,
    /// None where every result is sent whole.
    pub(crate) results: Option<Results>,
    /// None where calls stay calls.
    pub(crate) tasks: Option<Arc<Tasks>>,
    /// Credentials that were refused.
    pub(crate) refused: Refused,
    /// Why the host is not ready though it serves; none where nobody says so.
    pub(crate) unready: Option<Unready>,
    pub(crate) listeners: Arc<TenantLimiter>,
    pub(crate) in_flight: Arc<InFlight>,
    /// Cancelled when the host begins to shut down.
    pub(crate) draining: CancellationToken,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) health: Vec<HealthPart>,
    pub(crate) started: Instant,
}

impl AppState {
    /// The `_meta` that names this server.
    pub(crate) fn server_meta(&self) -> MetaObject {
        let mut meta = MetaObject::new();
        meta.insert("io.modelcontextprotocol/serverInfo".to_owned(), Value::clone(&self.server_info));
        meta
    }
}
