//! Grants of what a plugin does not request: they have no effect, and are most likely slips.

use tandem_types::text::nearest;

use super::{Allowance, Given, GrantChange, GrantItem, GrantKind, HttpGrant};
use crate::capability::{Grants, InternalKind, Request};

/// A grant without effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleGrant {
    /// What is granted, as `fs.data`.
    pub item: String,
    /// What is requested and was probably meant, as `fs.date`.
    pub meant: Option<String>,
}

impl IdleGrant {
    fn new(item: &str) -> Self {
        Self { item: item.to_owned(), meant: None }
    }

    fn named<'a>(kind: &str, name: &str, requested: impl IntoIterator<Item = &'a str>) -> Self {
        let meant = nearest(name, requested).map(|near| format!("{kind}.{near}"));
        Self { item: format!("{kind}.{name}"), meant }
    }
}

impl Grants {
    /// The grants that have no effect for a plugin with this request.
    #[must_use]
    pub fn idle(&self, request: &Request) -> Vec<IdleGrant> {
        let mut idle = Vec::new();
        idle.extend(self.fs.iter().flatten().filter_map(|(name, _)| idle_fs(request, name.as_str())));
        idle.extend(self.http.iter().flatten().filter_map(|grant| idle_http(request, grant)));
        idle.extend(self.env.iter().flatten().filter_map(|(name, _)| idle_env(request, name.as_str())));
        idle.extend(self.secrets.iter().flatten().filter_map(|(name, _)| idle_secret(request, name.as_str())));
        let unused = |kind: &InternalKind| kind.is_granted(self) && !kind.is_requested(request);
        idle.extend(InternalKind::all().filter(unused).map(|kind| IdleGrant::new(kind.as_str())));
        idle.extend(self.allow.iter().flatten().filter_map(|allowance| idle_allowance(request, *allowance)));
        idle
    }
}

impl GrantChange {
    /// Whether the change gives what a plugin with this request does not ask for.
    #[must_use]
    pub fn idle(&self, item: &GrantItem, request: &Request) -> Option<IdleGrant> {
        let Self::Grant(given) = self else { return None };
        let name = item.name().unwrap_or_default();
        match (item.kind(), given) {
            (_, Given::Fs(_)) => idle_fs(request, name),
            (_, Given::Http(grant)) => idle_http(request, grant),
            (_, Given::Env(_)) => idle_env(request, name),
            (_, Given::Secret(_)) => idle_secret(request, name),
            (GrantKind::Internal(kind), Given::On) => {
                (!kind.is_requested(request)).then(|| IdleGrant::new(&item.to_string()))
            }
            (_, Given::On) => {
                let allowance = serde_json::from_value(name.into()).ok()?;
                idle_allowance(request, allowance)
            }
        }
    }
}

fn idle_fs(request: &Request, name: &str) -> Option<IdleGrant> {
    idle_name("fs", name, request.fs.iter().map(|wanted| wanted.name.as_str()))
}

fn idle_env(request: &Request, name: &str) -> Option<IdleGrant> {
    idle_name("env", name, request.env.iter().map(|wanted| wanted.name.as_str()))
}

fn idle_secret(request: &Request, name: &str) -> Option<IdleGrant> {
    idle_name("secrets", name, request.secrets.iter().map(|wanted| wanted.name.as_str()))
}

fn idle_name<'a>(kind: &str, name: &str, requested: impl Iterator<Item = &'a str> + Clone) -> Option<IdleGrant> {
    let idle = requested.clone().all(|requested| requested != name);
    idle.then(|| IdleGrant::named(kind, name, requested))
}

fn idle_http(request: &Request, HttpGrant(rule): &HttpGrant) -> Option<IdleGrant> {
    let idle = request.http.iter().all(|wanted| rule.narrowed(&wanted.rule()).is_none());
    idle.then(|| IdleGrant::new(&format!("http.{rule}")))
}

fn idle_allowance(request: &Request, allowance: Allowance) -> Option<IdleGrant> {
    let requested = match allowance {
        Allowance::RevealSecrets => !request.secrets.is_empty(),
        other => request.p2p.iter().any(|wanted| Allowance::from(wanted.name) == other),
    };
    let name = serde_json::to_value(allowance).ok()?;
    (!requested).then(|| IdleGrant::new(&format!("allow.{}", name.as_str().unwrap_or_default())))
}
