//! What the reactor asks about peers. The newest configuration answers, so a hang-up signal that exchanges it counts from a
//! peer's next request on; an API key or token is looked at as over HTTP.

use std::sync::Arc;

use anyhow::bail;
use axum::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use futures::future::BoxFuture;
use tandem_cluster::ClusterHandle;
use tandem_config::HostConfig;
use tandem_gateway::Authenticator;
use tandem_reactor::{Authority, BearerError};
use tandem_types::{Access, Caller};
use tandem_types::{MAX_PRIORITY, Secret};

use crate::{auth::access, live::Policy};

/// The operator's word about peers.
pub struct Operator {
    policy: Arc<Policy>,
    /// None where nobody authenticates.
    authenticator: Option<Arc<dyn Authenticator>>,
}

impl Operator {
    pub fn new(policy: Arc<Policy>, authenticator: Option<Arc<dyn Authenticator>>) -> Arc<Self> {
        Arc::new(Self { policy, authenticator })
    }
}

impl Authority for Operator {
    /// Of its own tenant or the one for peers, with that tenant's rights. Where there are tenants but not this one, it sees
    /// nothing.
    fn caller(&self, peer: &str) -> Caller {
        let config = self.policy.config();
        let name = config.p2p.tenant_of(peer);
        let mut caller = Caller::new(name, peer);
        caller.access = match config.tenants.get(name) {
            Some(tenant) => access(tenant),
            None if config.authenticates() || !config.tenants.is_empty() => Access::everything().and(Vec::new()),
            None => Access::everything(),
        };
        caller
    }

    fn own_tenant(&self, peer: &str) -> Option<String> {
        let config = self.policy.config();
        let own = config.p2p.tenant_of(peer);
        (own != config.p2p.common_tenant()).then(|| own.to_owned())
    }

    fn bearer(&self, token: String) -> BoxFuture<'static, Result<Caller, BearerError>> {
        let authenticator = self.authenticator.clone();
        Box::pin(async move {
            let authenticator = authenticator.ok_or(BearerError::Off)?;
            let mut headers = HeaderMap::new();
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            headers.insert(AUTHORIZATION, value.map_err(|error| BearerError::Refused(error.to_string()))?);
            authenticator.authenticate(&headers).await.map_err(|error| BearerError::Refused(error.to_string()))
        })
    }

    fn requires_token(&self) -> bool {
        self.policy.config().p2p.require_token
    }

    fn token_for(&self, peer: &str) -> Option<Secret> {
        self.policy.config().p2p.tokens.get(peer).cloned()
    }

    fn max_priority(&self, tenant: &str) -> u8 {
        self.policy.config().tenants.get(tenant).map_or(MAX_PRIORITY, |tenant| tenant.max_priority)
    }
}

/// Lets the reactor take what a configuration that was read again says of peers.
pub async fn admit(config: &HostConfig, reactor: Option<&ClusterHandle>) {
    let Some(reactor) = reactor else { return };
    if let Err(error) = reactor.policy_changed(&config.p2p.allow, &config.p2p.block).await {
        tracing::warn!(%error, "p2p: cannot apply p2p.allow and p2p.block before the reactor restarts");
    }
}

/// Whether strangers from other machines may call every tool with all of its grants.
pub fn is_open_to_everybody(config: &HostConfig) -> bool {
    config.reactor.enabled && config.tenants.is_empty() && config.p2p.is_open_to_strangers()
}

/// Refuses a host that asks peers for what it gives nobody; says where everybody is let in.
pub fn check(config: &HostConfig, asks: bool) -> anyhow::Result<()> {
    if config.reactor.enabled && config.p2p.require_token && !asks {
        bail!(
            "p2p.require-token: there is no API key and no `[auth]`, so no peer could ask for anything; issue a key with \
             `tandem key issue --tenant NAME`, give a tenant `keys`, or take tokens (`[auth]`)"
        );
    }
    if is_open_to_everybody(config) {
        let addresses: Vec<_> = config.p2p.listen.iter().map(|address| address.as_str()).collect();
        tracing::warn!(
            addresses = addresses.join(" "),
            "p2p.allow-unauthenticated: every peer that reaches these addresses may call every tool"
        );
    }
    Ok(())
}
