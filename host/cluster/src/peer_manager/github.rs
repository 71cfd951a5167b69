//! The GitHub registry as a source of peers. It is asked on the general lane: its answers are long.

use std::sync::Arc;

use tandem_reactor::{
    discovery::{
        github::{GithubRegistry, GithubSettings},
        record::HostRecord,
    },
    trust::{Source, UnixMillis},
};
use tokio::{runtime::Handle, sync::Mutex};

use super::{
    intake::{SourceResult, add_records, not_announced},
    own_record::OwnRecord,
    renewal::Renewal,
    source_error::SourceError,
};
use crate::peers::PeerDirectory;

/// See the module.
pub(super) struct GithubSource {
    registry: Arc<Mutex<GithubRegistry>>,
    general: Handle,
    renewal: Renewal,
}

impl GithubSource {
    /// None where the settings cannot be used; why is logged.
    pub(super) fn new(settings: &GithubSettings, general: Handle) -> Option<Self> {
        let registry = GithubRegistry::new(settings)
            .inspect_err(|error| tracing::error!(%error, "github registry failed to start"))
            .ok()?;
        Some(Self { registry: Arc::new(Mutex::new(registry)), general, renewal: Renewal::default() })
    }

    /// Writes a record.
    pub(super) async fn publish(&self, record: &HostRecord) -> Result<(), SourceError> {
        let (registry, own) = (self.registry.clone(), record.clone());
        let published = self.general.spawn(async move { registry.lock().await.publish(&own, UnixMillis::now()).await });
        published.await??;
        self.renewal.done();
        Ok(())
    }

    /// Takes in what the registry has, and renews this host's record there when half of its time is over.
    pub(super) async fn read(&self, peers: &PeerDirectory, record: &OwnRecord) -> Result<SourceResult, SourceError> {
        let due = self.renewal.is_due(record.half_life(), &peers.network);
        let own = due.then(|| record.renew()).transpose();
        let (own, error) = own.map_or_else(|error| (None, Some(not_announced(&error))), |own| (own, None));
        let (announced, registry) = (own.is_some(), self.registry.clone());
        let asked = self.general.spawn(async move {
            let mut registry = registry.lock().await;
            let now = UnixMillis::now();
            if let Some(own) = own {
                registry.publish(&own, now).await?;
            }
            registry.list(now).await
        });
        let listing = asked.await??;
        if announced {
            self.renewal.done();
        }
        let bad = listing.bad.first().map(|bad| format!("comment {}: {}", bad.comment, bad.error));
        Ok(add_records(peers, listing.records, Source::Github).or_error(bad).or_error(error))
    }
}
