//! Who may call, as the configuration says it: what the gateway asks of callers, and its exchange while the host serves.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::{Context, bail};
use tandem_config::{AuthConfig, CategoryPattern, HostConfig, KeyConfig, TenantConfig};
use tandem_gateway::{ApiKey, Authenticator, KeyRing, LocalOnly, OAuthConfig, Rotation, Tenant, TenantAuth};
use tandem_store::StoredKey;
use tandem_types::{Access, Allow, Caller};

/// The tenant of a host without tenants.
const DEFAULT_TENANT: &str = "default";

/// What the configuration says of callers.
#[derive(Debug)]
pub(crate) struct Auth {
    /// Asked by the gateway for every request.
    pub authenticator: Arc<dyn Authenticator>,
    /// The tenants and keys that it takes; none where nobody authenticates.
    pub ring: Option<Arc<KeyRing>>,
}

impl Auth {
    /// Reads the configuration and the keys that were issued. `stdio` is whether a child's parent process is the caller.
    pub(crate) fn new(config: &HostConfig, issued: &[StoredKey], stdio: bool) -> anyhow::Result<Self> {
        let mut local = local_caller(config, stdio)?;
        if !asks(config, issued) {
            // Where nobody signs in, whoever is on this machine looks after the host.
            local.operator = true;
            return Ok(Self { authenticator: Arc::new(LocalOnly::new(local)), ring: None });
        }
        let ring = Arc::new(KeyRing::new(tenants(config, issued)));
        let auth = TenantAuth::new(ring.clone(), local);
        let auth = match &config.auth {
            Some(settings) => auth.with_tokens(oauth(settings)).context("auth: tokens cannot be checked")?,
            None => auth,
        };
        Ok(Self { authenticator: Arc::new(auth), ring: Some(ring) })
    }
}

/// The caller of standard input, or of a host without authentication.
fn local_caller(config: &HostConfig, stdio: bool) -> anyhow::Result<Caller> {
    let name = config.server.stdio_tenant.as_ref().filter(|_| stdio).map_or(DEFAULT_TENANT, |name| name.as_str());
    let tenant = config.tenants.get(name);
    if stdio && tenant.is_none() && !config.tenants.is_empty() {
        bail!(
            "server.stdio-tenant: there are tenants, and none is called `{name}`; name the one that standard input \
             speaks for, as `--set server.stdio-tenant={}`",
            config.tenants.keys().next().map_or(DEFAULT_TENANT, |name| name.as_str())
        );
    }
    let mut caller = Caller::new(name, if stdio { "stdio" } else { "anonymous" });
    caller.access = tenant.map_or_else(Access::everything, access);
    Ok(caller)
}

/// Whether callers have to say who they are.
pub(crate) fn asks(config: &HostConfig, issued: &[StoredKey]) -> bool {
    config.authenticates() || !issued.is_empty()
}

/// The tenants with their rights, and with their keys of the configuration and of the store.
fn tenants(config: &HostConfig, issued: &[StoredKey]) -> Vec<Tenant> {
    let tenant = |(name, tenant): (&tandem_types::Name, &TenantConfig)| Tenant {
        name: name.as_str().into(),
        access: access(tenant),
        keys: tenant
            .keys
            .iter()
            .map(key)
            .chain(issued.iter().filter(|key| key.tenant == name.as_str()).map(issued_key))
            .collect(),
    };
    config.tenants.iter().map(tenant).collect()
}

/// What of the catalog is there for a tenant.
pub(crate) fn access(tenant: &TenantConfig) -> Access {
    Access::everything().and(tenant.categories.iter().map(allow).collect())
}

fn allow(pattern: &CategoryPattern) -> Allow {
    match pattern.as_str() {
        "*" => Allow::All,
        name => Allow::Category(name.into()),
    }
}

fn key(key: &KeyConfig) -> ApiKey {
    let mut api_key = ApiKey::new(*key.hash.as_bytes());
    if let Some(name) = &key.name {
        api_key = api_key.named(name.as_str());
    }
    match &key.expires {
        Some(expires) => api_key.until(expires.as_system_time()),
        None => api_key,
    }
}

fn issued_key(key: &StoredKey) -> ApiKey {
    let api_key = ApiKey::new(key.hash).named(key.name.as_str());
    match key.expires {
        Some(expires) => api_key.until(expires),
        None => api_key,
    }
}

fn oauth(auth: &AuthConfig) -> OAuthConfig {
    let scopes = auth.scopes.iter().map(|(name, scope)| {
        let tools = scope.tools.iter().map(|tool| Allow::Tool(tool.as_str().into()));
        (name.to_string(), scope.categories.iter().map(allow).chain(tools).collect())
    });
    OAuthConfig {
        tenant_claim: auth.tenant_claim.to_string(),
        scopes: scopes.collect::<BTreeMap<_, _>>(),
        ..OAuthConfig::new(auth.issuer.as_str(), auth.audience.as_str())
    }
}

/// Whether the host may listen there: beyond loopback only where callers say who they are, or where the operator says
/// that nobody has to.
pub(crate) fn check_listener(config: &HostConfig, asks: bool, address: &SocketAddr) -> anyhow::Result<()> {
    if asks || address.ip().is_loopback() {
        return Ok(());
    }
    if config.server.allow_unauthenticated {
        tracing::warn!(%address, "server.allow-unauthenticated: everybody who reaches this address may call every tool");
        return Ok(());
    }
    bail!(
        "server.host: {} is not loopback, and nobody would have to say who they are; give a tenant API keys \
         (`[tenants.NAME]` with `keys`), take tokens (`[auth]`), or listen on 127.0.0.1. To let everybody in who \
         reaches that address, set server.allow-unauthenticated = true",
        address.ip()
    )
}

/// Puts tenants and keys of another configuration in the place of the present ones.
pub(crate) fn reload(ring: Option<&KeyRing>, config: &HostConfig, issued: &[StoredKey]) -> anyhow::Result<Rotation> {
    let Some(ring) = ring else {
        if !asks(config, issued) {
            return Ok(Rotation::default());
        }
        bail!("this host was started without authentication; restart it to turn that on");
    };
    if !asks(config, issued) {
        tracing::warn!("the new configuration has no keys and no `[auth]`: every request is refused until a restart");
    }
    Ok(ring.replace(tenants(config, issued)))
}

#[cfg(test)]
mod tests {
    use tandem_config::ConfigSources;

    use super::*;

    const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn config(text: &str) -> HostConfig {
        let environment = BTreeMap::new();
        let sources = ConfigSources {
            file: Some(("tandem.toml", text)),
            environment: &environment,
            flags: &[],
            bases: Default::default(),
            resolve: &|_| Ok(KEY.to_owned()),
        };
        HostConfig::load(&sources).unwrap()
    }

    fn refusal(text: &str) -> String {
        let config = config(text);
        let address = SocketAddr::new(config.server.host, 1);
        check_listener(&config, asks(&config, &[]), &address).unwrap_err().to_string()
    }

    #[test]
    fn only_loopback_is_for_everybody() {
        for right in [
            "",
            "[server]\nhost = '127.0.0.2'\n",
            "[server]\nhost = '0.0.0.0'\n[tenants.a]\nkeys = ['${env:KEY}']\n",
            "[server]\nhost = '0.0.0.0'\nallow-unauthenticated = true\n",
        ] {
            let config = config(right);
            check_listener(&config, asks(&config, &[]), &SocketAddr::new(config.server.host, 1)).unwrap();
        }
        for wrong in ["[server]\nhost = '0.0.0.0'\n", "[server]\nhost = '::'\n[tenants.a]\n"] {
            let text = refusal(wrong);
            for remedy in ["[tenants.NAME]", "[auth]", "127.0.0.1", "server.allow-unauthenticated"] {
                assert!(text.contains(remedy), "{text}");
            }
        }
    }

    #[test]
    fn standard_input_speaks_for_a_tenant_that_is_there() {
        let caller = |text: &str| local_caller(&config(text), true);
        assert_eq!(&*caller("").unwrap().tenant, "default");
        let acme = caller("[server]\nstdio-tenant = 'acme'\n[tenants.acme]\ncategories = ['search']\n").unwrap();
        assert_eq!((&*acme.tenant, acme.access.category("search"), acme.access.category("x")), ("acme", true, false));
        let error = caller("[tenants.acme]\n").unwrap_err().to_string();
        assert!(error.contains("--set server.stdio-tenant=acme"), "{error}");
        assert!(local_caller(&config("[tenants.acme]\n"), false).is_ok(), "over HTTP there is no such caller");
    }

    #[test]
    fn a_host_without_authentication_does_not_get_it_while_it_runs() {
        let keyed = config("[tenants.a]\nkeys = ['${env:KEY}']\n");
        assert!(reload(None, &keyed, &[]).unwrap_err().to_string().contains("restart"));
        let auth = Auth::new(&keyed, &[], false).unwrap();
        let rotation = reload(auth.ring.as_deref(), &config(""), &[]).unwrap();
        assert_eq!((rotation.removed, rotation.tenants), (vec!["a/9f86d081".to_owned()], vec!["a".to_owned()]));
    }
}
