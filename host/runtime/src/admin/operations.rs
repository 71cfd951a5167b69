//! What answers an operator: in a running host, or beside it.

use std::sync::Arc;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tandem_package::{Given, GrantChange, GrantItem, GrantKind};
use tandem_store::{GrantEdit, Store, StoredKey};
use tandem_types::Name;
use tandem_upstream::Upstreams;
use tokio::sync::{Mutex, watch};

use super::{
    keys::{MAX_KEY_NAME, new_key, shown_key},
    p2p::P2pParts,
    records::{grant_event, key_event},
    request::{Ask, UpstreamRequest},
};
use crate::{
    config::resolve_data_path,
    live::Policy,
    reload::{self, Loaded, Reload},
};

/// What answers: in a running host, or beside it.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) store: Store,
    pub(crate) policy: Arc<Policy>,
    /// The keys as they are; whoever authenticates watches them.
    pub(crate) keys: watch::Sender<Arc<[StoredKey]>>,
    /// Changes are put in force in the order in which they were written.
    order: Arc<Mutex<()>>,
    /// The plugins of a running host.
    plugins: Loaded,
    /// The mounted servers of a running host.
    upstreams: Option<Arc<Upstreams>>,
    /// What reads its configuration again.
    reload: Option<Arc<Reload>>,
    /// The queue, and the network of a running host.
    p2p: P2pParts,
}

impl Admin {
    /// Beside a host, with the keys of the store.
    pub(crate) fn new(store: Store, policy: Arc<Policy>, keys: watch::Sender<Arc<[StoredKey]>>, p2p: P2pParts) -> Self {
        Self {
            store,
            policy,
            keys,
            order: Arc::default(),
            plugins: Loaded::default(),
            upstreams: None,
            reload: None,
            p2p,
        }
    }

    /// Of a host that runs.
    pub(crate) fn of_host(self, plugins: Loaded, reload: Option<Arc<Reload>>, upstreams: Arc<Upstreams>) -> Self {
        Self { plugins, reload, upstreams: Some(upstreams), ..self }
    }

    /// What only a running host can do; it has an order of its own.
    async fn of_plugins(&self, ask: Ask, actor: &str) -> anyhow::Result<Value> {
        let plugins = self.plugins.get().cloned();
        let plugins = plugins.context("no host runs with this configuration, or it has not loaded its plugins yet")?;
        let actor = actor.to_owned();
        match ask {
            Ask::Reload { plugin } => {
                let reload = self.reload.as_ref().filter(|_| plugin.is_none());
                let configuration = match reload {
                    Some(reload) => reload::configuration(reload, &actor).await,
                    None => Ok(Vec::new()),
                };
                let files = plugins.work(move |plugins| plugins.reload(plugin.as_deref(), &actor)).await??;
                Ok(match configuration {
                    Ok(restart) => json!({ "plugins": files, "needs_restart": restart }),
                    Err(refused) => json!({ "plugins": files, "refused": crate::errors::chain(&refused) }),
                })
            }
            Ask::RollBack { plugin, to } => {
                plugins.work(move |plugins| plugins.roll_back(&plugin, to.as_deref(), &actor)).await?
            }
            // Only looks, and does not wait for who compiles.
            _ => Ok(tokio::task::spawn_blocking(move || plugins.list(None)).await?),
        }
    }

    /// About mounted servers, which only a running host has.
    fn of_upstreams(&self, ask: UpstreamRequest) -> anyhow::Result<Value> {
        let upstreams = self.upstreams.as_ref().context("no host runs with this configuration")?;
        match ask {
            UpstreamRequest::List => Ok(serde_json::to_value(upstreams.list())?),
            UpstreamRequest::Restart { name } => {
                upstreams.restart(&name)?;
                Ok(Value::Null)
            }
        }
    }

    /// Takes over what others changed in the store.
    pub(crate) async fn refresh(&self) -> anyhow::Result<()> {
        let _order = self.order.lock().await;
        self.policy.replace(self.store.overlays().await?);
        self.take_keys(self.store.keys().await?.into());
        Ok(())
    }

    fn take_keys(&self, keys: Arc<[StoredKey]>) {
        self.keys.send_if_modified(|current| {
            let differ = *current != keys;
            *current = keys;
            differ
        });
    }

    /// Answers; `actor` stands in the record of a change.
    pub(crate) async fn answer(&self, ask: Ask, actor: &str) -> anyhow::Result<Value> {
        let ask = match ask {
            Ask::Plugins | Ask::Reload { .. } | Ask::RollBack { .. } => return self.of_plugins(ask, actor).await,
            // What it waits for may be long, and has nothing to do with the others.
            Ask::Upstream { what } => return self.of_upstreams(what),
            Ask::P2p { what } => return self.p2p.answer(what, &self.store, actor).await,
            other => other,
        };
        let _order = self.order.lock().await;
        match ask {
            Ask::Plugins | Ask::Reload { .. } | Ask::RollBack { .. } | Ask::P2p { .. } | Ask::Upstream { .. } => {
                Ok(Value::Null)
            }
            Ask::Grants { plugin, tenant } => {
                Ok(serde_json::to_value(self.policy.shown(plugin.as_deref(), tenant.as_deref()))?)
            }
            Ask::Change { plugin, tenant, changes } => {
                let changes = changes.iter().map(|(item, value)| change(item, value.as_deref()));
                let changes = changes.collect::<anyhow::Result<Vec<_>>>()?;
                self.check(&plugin, tenant.as_deref(), &changes)?;
                self.edit(plugin, tenant, GrantEdit::Record(changes), actor).await
            }
            Ask::Clear { plugin, tenant, kind } => {
                let kind = kind.map(|kind| kind.parse::<GrantItem>()).transpose()?.map(|item| item.kind());
                self.edit(plugin, tenant, GrantEdit::Clear(kind), actor).await
            }
            Ask::Keys { tenant } => {
                let keys = self.store.keys().await?;
                let of = keys.iter().filter(|key| tenant.as_ref().is_none_or(|tenant| *tenant == key.tenant));
                Ok(of.map(shown_key).collect())
            }
            Ask::Issue { tenant, name, expires_ms } => self.issue(tenant, name, expires_ms, actor).await,
            Ask::RevokeKey { tenant, name } => {
                let event = key_event("key.revoked", actor, &tenant, &name);
                if !self.store.remove_key(tenant.clone(), name.clone(), event).await? {
                    bail!("tenant `{tenant}` has no key `{name}`; `tandem key list` shows all");
                }
                self.take_keys(self.store.keys().await?.into());
                Ok(json!({ "tenant": tenant, "name": name, "revoked": true }))
            }
        }
    }

    /// What a change would silently not do is refused.
    fn check(&self, plugin: &str, tenant: Option<&str>, changes: &[(GrantItem, GrantChange)]) -> anyhow::Result<()> {
        let (config, overlays) = (self.policy.config(), self.policy.overlays());
        for (item, change) in changes {
            match (change, item.name()) {
                (GrantChange::Grant(Given::Fs(grant)), _) => {
                    let path = resolve_data_path(&config, grant.path.as_path());
                    if !path.is_dir() {
                        bail!("{item}: the directory {} does not exist; create it first", path.display());
                    }
                }
                (GrantChange::Revoke, Some(name))
                    if item.kind() == GrantKind::Http && !config.has_http(plugin, tenant, name, &overlays) =>
                {
                    bail!(
                        "`{plugin}` has no http grant `{name}`; name one as `tandem grant list` prints it, or revoke all with `http`"
                    );
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn edit(
        &self,
        plugin: String,
        tenant: Option<String>,
        edit: GrantEdit,
        actor: &str,
    ) -> anyhow::Result<Value> {
        let (name, party): (Name, Option<Name>) = (plugin.parse()?, tenant.as_ref().map(|t| t.parse()).transpose()?);
        let event = grant_event(&plugin, tenant.as_deref(), &edit, actor);
        self.policy.replace(self.store.edit_grants(name, party, edit, event).await?);
        tracing::info!(plugin, tenant, actor, "grants changed");
        Ok(serde_json::to_value(self.policy.shown(Some(&plugin), tenant.as_deref()))?)
    }

    async fn issue(&self, tenant: String, name: String, expires_ms: Option<u64>, actor: &str) -> anyhow::Result<Value> {
        let config = self.policy.config();
        let known = tenant == "default" || config.tenants.contains_key(tenant.as_str());
        if !known {
            bail!("there is no tenant `{tenant}`; add a table [tenants.{tenant}] to the configuration first");
        }
        if name.is_empty() || name.len() > MAX_KEY_NAME || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            bail!("a key's name has 1 to {MAX_KEY_NAME} characters without spaces");
        }
        let (key, stored) = new_key(tenant, name, expires_ms)?;
        let event = key_event("key.issued", actor, &stored.tenant, &stored.name).with("start", &stored.start);
        let mut answer = shown_key(&stored);
        self.store.add_key(stored, event).await?;
        self.take_keys(self.store.keys().await?.into());
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("key".to_owned(), key.into());
        }
        Ok(answer)
    }
}

fn change(item: &str, value: Option<&str>) -> anyhow::Result<(GrantItem, GrantChange)> {
    let item: GrantItem = item.parse()?;
    let change = GrantChange::from_kept(&item, value)?;
    Ok((item, change))
}
