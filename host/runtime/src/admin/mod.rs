//! The operator's door: what may be changed while a host runs.
//!
//! **Promises.** A change is on disk with its audit record, and in force, when it is answered. A running host is
//! reached through a Unix socket (`run/admin.sock` in the data directory, socket 0600 in a directory 0700) by
//! processes of its own user and of root only. Without a running host the same operations work on the store
//! itself. Hosts over standard input may share a data directory ([`Alone`](crate::alone::Alone)): the first one has the door;
//! for the others, and of what is done beside a host, changes are seen within [`LOOK`].
//!
//! **Bounds.** Requests of [`MAX_REQUEST`] bytes, [`MAX_CONNECTIONS`] at a time.
//!
//! **Refuses.** Other users; secrets on the command line; a directory that is not there.

mod client;
mod p2p;
mod server;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
pub use client::{ask, runs};
pub use p2p::AboutP2p;
pub(crate) use p2p::P2pParts;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
pub(crate) use server::{open, watch};
use tandem_package::{Given, GrantChange, GrantItem, GrantKind, Sha256Digest};
use tandem_store::{EventRecord, GrantEdit, Store, StoredKey};
use tandem_types::Name;
use tokio::sync::{Mutex, watch};

use crate::{
    config::{below_data, millis},
    live::Policy,
    reload::{self, Loaded, Reload},
};

/// How often a host looks for changes that were not made through its own door.
pub(crate) const LOOK: Duration = Duration::from_secs(1);
/// The largest request: a secret with its frame.
const MAX_REQUEST: usize = 256 << 10;
/// Requests at a time. Operators are few.
const MAX_CONNECTIONS: usize = 16;
/// Longest name of a key, in bytes: it stands in records and logs.
const MAX_KEY_NAME: usize = 64;
/// What API keys begin with, so that scanners for leaked keys know them.
const KEY_PREFIX: &str = "tdm_";
/// Characters of a key, after the prefix, that are kept to know it again: 48 of its 256 bits.
const KEY_START: usize = 8;

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// What plugins have.
    Grants { plugin: Option<String>, tenant: Option<String> },
    /// Change what a plugin has; values are as [`GrantChange::from_kept`] reads them, none revokes.
    Change { plugin: String, tenant: Option<String>, changes: Vec<(String, Option<String>)> },
    /// Forget changes.
    Clear { plugin: String, tenant: Option<String>, kind: Option<String> },
    /// The API keys.
    Keys { tenant: Option<String> },
    /// Make a key.
    Issue { tenant: String, name: String, expires_ms: Option<u64> },
    /// Forget a key.
    RevokeKey { tenant: String, name: String },
    /// The plugins and their versions.
    Plugins,
    /// Read the configuration again and take the plugin directory over, or one plugin of it.
    Reload { plugin: Option<String> },
    /// Go back to a kept version or digest of a plugin, or to the one before.
    RollBack { plugin: String, to: Option<String> },
    /// About the queue and peers.
    P2p { what: AboutP2p },
}

impl Ask {
    /// The plugin whose grants it is about.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Self::Grants { plugin, .. } => plugin.as_deref(),
            Self::Change { plugin, .. } | Self::Clear { plugin, .. } => Some(plugin),
            _ => None,
        }
    }
}

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
    /// What reads its configuration again.
    reload: Option<Arc<Reload>>,
    /// The queue, and the network of a running host.
    p2p: P2pParts,
}

impl Admin {
    /// Beside a host, with the keys of the store.
    pub(crate) fn new(store: Store, policy: Arc<Policy>, keys: watch::Sender<Arc<[StoredKey]>>, p2p: P2pParts) -> Self {
        Self { store, policy, keys, order: Arc::default(), plugins: Loaded::default(), reload: None, p2p }
    }

    /// Of a host that runs.
    pub(crate) fn of_host(self, plugins: Loaded, reload: Option<Arc<Reload>>) -> Self {
        Self { plugins, reload, ..self }
    }

    async fn record(&self, event: EventRecord) -> anyhow::Result<()> {
        Ok(self.store.audit_append(vec![event.into()]).await?)
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
            Ask::P2p { what } => return self.of_p2p(what, actor).await,
            other => other,
        };
        let _order = self.order.lock().await;
        match ask {
            Ask::Plugins | Ask::Reload { .. } | Ask::RollBack { .. } | Ask::P2p { .. } => Ok(Value::Null),
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
                    bail!("tenant `{tenant}` has no key called `{name}`; `tandem keys list` shows all");
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
                    let path = below_data(&config, grant.path.as_path());
                    if !path.is_dir() {
                        bail!("{item}: the directory {} does not exist; make it first", path.display());
                    }
                }
                (GrantChange::Revoke, Some(name))
                    if item.kind() == GrantKind::Http && !config.has_http(plugin, tenant, name, &overlays) =>
                {
                    bail!(
                        "`{plugin}` has no http grant called `{name}`; name one as `tandem grants` prints it, or revoke all with `http`"
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

/// The record of a change of grants: which items, never their values.
fn grant_event(plugin: &str, tenant: Option<&str>, edit: &GrantEdit, actor: &str) -> EventRecord {
    let what = match edit {
        GrantEdit::Record(changes) => changes.iter().map(|(item, change)| match change {
            GrantChange::Revoke => format!("-{item}"),
            GrantChange::Grant(Given::Fs(grant)) => format!("+{item} at {}", grant.path),
            GrantChange::Grant(_) => format!("+{item}"),
        }),
        GrantEdit::Clear(kind) => {
            return of_actor("grant.changed", actor, tenant)
                .with("plugin", plugin)
                .with("cleared", kind.map_or("all", GrantKind::as_str));
        }
    };
    let what: Vec<String> = what.collect();
    of_actor("grant.changed", actor, tenant).with("plugin", plugin).with("changes", what.join(" "))
}

fn key_event(event: &str, actor: &str, tenant: &str, name: &str) -> EventRecord {
    of_actor(event, actor, Some(tenant)).with("name", name)
}

fn of_actor(event: &str, actor: &str, tenant: Option<&str>) -> EventRecord {
    EventRecord { actor: actor.to_owned(), tenant: tenant.map(str::to_owned), ..EventRecord::of_host(event) }
}

/// A key of 256 random bits, and what is kept of it.
fn new_key(tenant: String, name: String, expires_ms: Option<u64>) -> anyhow::Result<(String, StoredKey)> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gave no random bytes: {error}"))?;
    let key = format!("{KEY_PREFIX}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes));
    let created = std::time::SystemTime::now();
    let stored = StoredKey {
        tenant,
        name,
        start: key.chars().take(KEY_PREFIX.len() + KEY_START).collect(),
        hash: *Sha256Digest::of(key.as_bytes()).as_bytes(),
        created,
        expires: expires_ms.and_then(|ms| created.checked_add(Duration::from_millis(ms))),
    };
    Ok((key, stored))
}

fn shown_key(key: &StoredKey) -> Value {
    json!({
        "tenant": key.tenant, "name": key.name, "start": key.start, "created_ms": millis(key.created),
        "expires_ms": key.expires.map(millis),
        "expired": key.expires.is_some_and(|expires| expires <= std::time::SystemTime::now()),
    })
}
