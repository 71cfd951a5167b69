//! What an operator changed at run time, laid over the configuration.
//!
//! A change concerns one item (`fs.data`, `cache`) or a whole kind (`fs`) of one plugin, for all tenants or for one.
//! The latest change of an item is the one that counts. A revocation takes away what the configuration grants,
//! and stays until the item is granted again or the changes are cleared; a later change of the file does not undo
//! it. A grant to all tenants lies over `[grants.PLUGIN]`, one to a tenant over
//! `[tenants.TENANT.grants.PLUGIN]`: as there, it narrows what the operator grants to all and cannot widen it.

use std::collections::BTreeMap;

use tandem_types::Name;

use super::{Given, GrantChange, GrantItem, GrantKind, HttpGrant};
use crate::capability::Grants;

/// Most changes for one plugin and party: as many as its manifest may request.
pub const MAX_CHANGES: usize = 256;

/// The changes for one plugin and one party, in the order in which they apply: all of a kind first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay(BTreeMap<GrantItem, GrantChange>);

impl Overlay {
    /// Takes a change over; what it settles anew is forgotten.
    pub fn record(&mut self, item: GrantItem, change: GrantChange) {
        match (item.name(), &change) {
            (None, GrantChange::Revoke) => self.0.retain(|other, _| other.kind() != item.kind()),
            (Some(name), GrantChange::Revoke) if item.kind() == GrantKind::Http => {
                self.0.retain(
                    |_, change| !matches!(change, GrantChange::Grant(Given::Http(rule)) if rule.is_named(name)),
                );
            }
            (_, GrantChange::Grant(Given::Http(rule))) => self.0.retain(|other, change| {
                let revoked = *change == GrantChange::Revoke && other.kind() == GrantKind::Http;
                !(revoked && other.name().is_some_and(|name| rule.is_named(name)))
            }),
            _ => {}
        }
        self.0.insert(item, change);
    }

    /// Puts a change back as [`Overlay::changes`] gave it: together they were settled already.
    pub fn restore(&mut self, item: GrantItem, change: GrantChange) {
        self.0.insert(item, change);
    }

    /// Forgets the changes of a kind, or all.
    pub fn clear(&mut self, kind: Option<GrantKind>) {
        self.0.retain(|item, _| kind.is_some_and(|kind| item.kind() != kind));
    }

    /// The changes.
    pub fn changes(&self) -> impl Iterator<Item = (&GrantItem, &GrantChange)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a capability, as [`super::Explained`] calls it, is revoked here.
    #[must_use]
    pub fn revokes(&self, capability: &str) -> bool {
        let Ok(item) = capability.parse::<GrantItem>() else { return false };
        let revoked = |item: &GrantItem| self.0.get(item) == Some(&GrantChange::Revoke);
        let whole = item.kind().as_str().parse::<GrantItem>();
        revoked(&item) || (whole.is_ok_and(|whole| revoked(&whole)) && !self.0.contains_key(&item))
    }

    /// The grants with the changes. Where a kind is not named in them, `above` is what it means.
    #[must_use]
    pub fn over(&self, mut grants: Grants, above: &Grants) -> Grants {
        for (item, change) in &self.0 {
            apply(&mut grants, above, item, change);
        }
        grants
    }
}

impl HttpGrant {
    /// Whether an operator means this rule by a name: its host, its host and port, or all of it.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        let host = self.0.host.to_string();
        let port = self.0.port.map(|port| format!("{host}:{port}"));
        name == host || port.as_deref() == Some(name) || name == self.0.to_string()
    }
}

fn apply(grants: &mut Grants, above: &Grants, item: &GrantItem, change: &GrantChange) {
    match item.kind() {
        GrantKind::Fs => named(&mut grants.fs, &above.fs, item, change, |given| match given {
            Given::Fs(grant) => Some(grant.clone()),
            _ => None,
        }),
        GrantKind::Env => named(&mut grants.env, &above.env, item, change, |given| match given {
            Given::Env(value) => Some(super::EnvGrant::Value(value.clone())),
            _ => None,
        }),
        GrantKind::Secrets => named(&mut grants.secrets, &above.secrets, item, change, |given| match given {
            Given::Secret(secret) => Some(secret.clone()),
            _ => None,
        }),
        GrantKind::Http => {
            http(grants.http.get_or_insert_with(|| above.http.clone().unwrap_or_default()), item, change)
        }
        GrantKind::Internal(kind) => kind.change(grants, *change != GrantChange::Revoke),
        GrantKind::Allow => {
            let allow = grants.allow.get_or_insert_with(|| above.allow.clone().unwrap_or_default());
            match (item.name().map(|name| serde_json::from_value(name.into())), change) {
                (None, _) => allow.clear(),
                (Some(Ok(what)), GrantChange::Grant(_)) => drop(allow.insert(what)),
                (Some(Ok(what)), GrantChange::Revoke) => drop(allow.remove(&what)),
                // An item is read only when its name is right.
                (Some(Err(_)), _) => {}
            }
        }
    }
}

fn named<K, V>(
    table: &mut Option<BTreeMap<K, V>>,
    above: &Option<BTreeMap<K, V>>,
    item: &GrantItem,
    change: &GrantChange,
    value: impl Fn(&Given) -> Option<V>,
) where
    K: Ord + Clone + std::str::FromStr,
    V: Clone,
{
    let table = table.get_or_insert_with(|| above.clone().unwrap_or_default());
    match (item.name().map(str::parse::<K>), change) {
        (None, _) => table.clear(),
        (Some(Ok(name)), GrantChange::Revoke) => drop(table.remove(&name)),
        (Some(Ok(name)), GrantChange::Grant(given)) => {
            if let Some(value) = value(given) {
                table.insert(name, value);
            }
        }
        // An item is read only when its name is right.
        (Some(Err(_)), _) => {}
    }
}

fn http(rules: &mut Vec<HttpGrant>, item: &GrantItem, change: &GrantChange) {
    match (item.name(), change) {
        (None, GrantChange::Revoke) => rules.clear(),
        (Some(name), GrantChange::Revoke) => rules.retain(|rule| !rule.is_named(name)),
        (_, GrantChange::Grant(Given::Http(rule))) if !rules.contains(rule) => rules.push(rule.clone()),
        (_, GrantChange::Grant(_)) => {}
    }
}

/// All changes: by plugin, and by tenant or for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlays(BTreeMap<(Name, Option<Name>), Overlay>);

impl Overlays {
    /// The changes for a plugin and a party, to be added to.
    pub fn entry(&mut self, plugin: Name, tenant: Option<Name>) -> &mut Overlay {
        self.0.entry((plugin, tenant)).or_default()
    }

    /// The changes for a plugin, of all parties or of one tenant.
    #[must_use]
    pub fn of(&self, plugin: &str, tenant: Option<&str>) -> Option<&Overlay> {
        let found = self.0.iter().find(|((p, t), _)| p.as_str() == plugin && t.as_ref().map(Name::as_str) == tenant);
        found.map(|(_, overlay)| overlay)
    }

    /// The tenants for whom there are changes of a plugin.
    pub fn tenants(&self, plugin: &str) -> impl Iterator<Item = &str> {
        let of = self.0.keys().filter(move |(name, _)| name.as_str() == plugin);
        of.filter_map(|(_, tenant)| tenant.as_ref().map(Name::as_str))
    }

    /// Everything, for a list.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, Option<&Name>, &Overlay)> {
        self.0.iter().map(|((plugin, tenant), overlay)| (plugin, tenant.as_ref(), overlay))
    }
}
