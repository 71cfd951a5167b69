//! The capability itself: request ∩ operator ∩ tenant.

use std::collections::{BTreeMap, BTreeSet};

use tandem_types::{ByteSize, Name, Secret, Setting, ToolName, VariableName};

use super::{
    Allowance, EnvGrant, FsGrant, GrantPath,
    explain::{Explained, Party},
};
use crate::{
    capability::{Grants, Internal, InternalKind, Request},
    http::{HostPattern, HttpRule},
    plugin::{FsMode, P2pInterface},
};

/// What a directory may hold unless its grant says more or less: enough for work, too little to fill a disk.
const MAX_BYTES: u64 = 1 << 30;
const MAX_FILES: u64 = 100_000;

/// A directory that a plugin has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FsAccess {
    /// The name under which the plugin sees it.
    pub name: Name,
    /// The directory's path.
    pub path: GrantPath,
    /// What may be done there.
    pub mode: FsMode,
    /// What it may hold in all files.
    pub max_bytes: ByteSize,
    /// Files, directories and links that it may hold.
    pub max_files: u64,
}

/// What a plugin has for one tenant: never more than each of request, operator and tenant says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// Directories.
    pub fs: Vec<FsAccess>,
    /// Outgoing HTTP: a request is allowed when one of these allows it.
    pub http: Vec<HttpRule>,
    /// Environment variables.
    pub env: BTreeMap<VariableName, Setting>,
    /// Secrets that the host puts into requests to granted hosts.
    pub secrets: BTreeMap<Name, Secret>,
    /// Where each of them may be sent: to what every list covers.
    pub secret_hosts: BTreeMap<Name, Vec<Vec<HostPattern>>>,
    /// The plugin may read its secrets.
    pub reveal_secrets: bool,
    /// What stays inside the host.
    pub internal: Internal,
    /// P2P interfaces.
    pub p2p: BTreeSet<P2pInterface>,
    /// Settings.
    pub config: BTreeMap<ToolName, Setting>,
    /// What was asked for and what became of it, in the order of the request.
    pub explained: Vec<Explained>,
}

impl Effective {
    /// What `request` leaves of the operator's and the tenant's grants.
    #[must_use]
    pub fn intersect(request: &Request, operator: &Grants, tenant: Option<&Grants>) -> Self {
        let mut effective = Self::default();
        effective.fs(request, operator, tenant);
        effective.http(request, operator, tenant);
        effective.env(request, operator, tenant);
        effective.secrets(request, operator, tenant);
        for kind in InternalKind::all() {
            let explained = kind.intersect(request, operator, tenant, &mut effective.internal);
            effective.explained.extend(explained);
        }
        effective.p2p(request, operator, tenant);
        effective.config = operator.config.clone();
        effective.config.extend(tenant.iter().flat_map(|tenant| tenant.config.clone()));
        effective
    }

    /// Whether a request may be sent; see [`HttpRule::allows`]. The rule is needed for the addresses.
    #[must_use]
    pub fn allows_http(&self, method: &str, host: &str, port: u16, path: &str) -> Option<&HttpRule> {
        self.http.iter().find(|rule| rule.allows(method, host, port, path))
    }

    /// Everything that was requested, with what became of it, in the order of the manifest's keys.
    #[must_use]
    pub fn explain(&self) -> &[Explained] {
        &self.explained
    }

    fn fs(&mut self, request: &Request, operator: &Grants, tenant: Option<&Grants>) {
        for wanted in &request.fs {
            let name = &wanted.name;
            let outcome = entry(name, operator.fs.as_ref(), tenant.map(|tenant| tenant.fs.as_ref()));
            let outcome = outcome.map(|(grant, narrower)| {
                let mode = narrower.map_or(grant.mode, |narrower| narrower.mode.min(grant.mode)).min(wanted.mode);
                let path = narrower.unwrap_or(grant).path.clone();
                let by = if grant.mode < wanted.mode { Party::Operator } else { Party::Tenant };
                let text = format!("{} at {path}", mode_name(mode));
                let least = |one: Option<u64>, other: Option<u64>, default: u64| {
                    one.unwrap_or(default).min(other.unwrap_or(u64::MAX))
                };
                let bytes = |grant: &FsGrant| grant.max_bytes.map(ByteSize::as_u64);
                let max_bytes = ByteSize::bytes(least(bytes(grant), narrower.and_then(bytes), MAX_BYTES));
                let max_files = least(grant.max_files, narrower.and_then(|grant| grant.max_files), MAX_FILES);
                self.fs.push(FsAccess { name: name.clone(), path, mode, max_bytes, max_files });
                (text, (mode < wanted.mode).then(|| by.narrows()))
            });
            let requested = mode_name(wanted.mode).to_owned();
            self.explained.push(Explained::new(format!("fs.{name}"), requested, outcome, wanted.reason.clone()));
        }
    }

    fn http(&mut self, request: &Request, operator: &Grants, tenant: Option<&Grants>) {
        for wanted in &request.http {
            let rule = wanted.rule();
            let grants = operator.http.iter().flatten();
            let mut rules: Vec<HttpRule> = grants.filter_map(|grant| grant.0.narrowed(&rule)).collect();
            let mut by = Party::Operator;
            if let Some(grants) = tenant.and_then(|tenant| tenant.http.as_ref()) {
                if whole(&rules, &rule) {
                    by = Party::Tenant;
                }
                rules = rules.iter().flat_map(|rule| grants.iter().filter_map(|grant| rule.meet(&grant.0))).collect();
            }
            let outcome = if rules.is_empty() {
                let (party, grants) = match by {
                    Party::Operator => (by, operator.http.as_ref()),
                    Party::Tenant => (by, tenant.and_then(|tenant| tenant.http.as_ref())),
                };
                let near = grants.into_iter().flatten().find_map(|grant| Some((&grant.0, grant.0.differs(&rule)?)));
                Err(near.map_or_else(|| party.withholds(), |(grant, part)| party.differs(grant, part)))
            } else if wanted.host == HostPattern::Granted {
                // It asked for no more than the hosts that are named.
                let text: BTreeSet<String> = rules.iter().map(ToString::to_string).collect();
                Ok((text.into_iter().collect::<Vec<_>>().join(" | "), None))
            } else {
                let text: BTreeSet<String> = rules.iter().map(ToString::to_string).collect();
                let text: Vec<String> = text.into_iter().collect();
                Ok((text.join(" | "), (!whole(&rules, &rule)).then(|| by.narrows())))
            };
            for rule in rules {
                if !self.http.contains(&rule) {
                    self.http.push(rule);
                }
            }
            self.explained.push(Explained::new(
                format!("http.{}", wanted.host),
                rule.to_string(),
                outcome,
                wanted.reason.clone(),
            ));
        }
    }

    fn env(&mut self, request: &Request, operator: &Grants, tenant: Option<&Grants>) {
        for wanted in &request.env {
            let name = &wanted.name;
            let outcome = entry(name, operator.env.as_ref(), tenant.map(|tenant| tenant.env.as_ref()));
            let outcome = outcome.and_then(|(grant, narrower)| match narrower.unwrap_or(grant) {
                EnvGrant::Value(value) => {
                    self.env.insert(name.clone(), value.clone());
                    Ok((value.to_string(), None))
                }
                EnvGrant::Inherit => Err("the host's own environment does not have it".to_owned()),
            });
            self.explained.push(Explained::new(
                format!("env.{name}"),
                "read".to_owned(),
                outcome,
                wanted.reason.clone(),
            ));
        }
    }

    fn secrets(&mut self, request: &Request, operator: &Grants, tenant: Option<&Grants>) {
        let reveal = allowed(Allowance::RevealSecrets, operator, tenant).is_ok();
        for wanted in &request.secrets {
            let name = &wanted.name;
            let outcome = entry(name, operator.secrets.as_ref(), tenant.map(|tenant| tenant.secrets.as_ref()));
            let outcome = outcome.and_then(|(grant, narrower)| {
                let hosts = self.hosts_of(name, reveal, operator, tenant)?;
                self.secrets.insert(name.clone(), narrower.unwrap_or(grant).clone());
                self.secret_hosts.insert(name.clone(), hosts);
                self.reveal_secrets = reveal;
                Ok((if reveal { "use and read" } else { "use in requests" }.to_owned(), None))
            });
            self.explained.push(Explained::new(
                format!("secrets.{name}"),
                "use".to_owned(),
                outcome,
                wanted.reason.clone(),
            ));
        }
    }

    /// Where a secret may be sent. The granted hosts are known by now.
    fn hosts_of(
        &self,
        name: &Name,
        reveal: bool,
        operator: &Grants,
        tenant: Option<&Grants>,
    ) -> Result<Vec<Vec<HostPattern>>, String> {
        let given = [Some(operator), tenant].into_iter().flatten().filter_map(|grants| grants.secret_hosts.get(name));
        let given: Vec<Vec<HostPattern>> = given.cloned().collect();
        if !given.is_empty() {
            return Ok(given);
        }
        let mut granted: Vec<HostPattern> = Vec::new();
        for rule in &self.http {
            if !granted.contains(&rule.host) {
                granted.push(rule.host.clone());
            }
        }
        // A plugin that may read the secret can send it to all of them anyway.
        if granted.len() > 1 && !reveal {
            return Err(format!(
                "several hosts are granted and the secret says none; write secret-hosts.{name} = [\"HOST\"]"
            ));
        }
        Ok(vec![granted])
    }

    fn p2p(&mut self, request: &Request, operator: &Grants, tenant: Option<&Grants>) {
        for wanted in &request.p2p {
            let outcome = allowed(wanted.name.into(), operator, tenant).map(|()| {
                self.p2p.insert(wanted.name);
                ("use".to_owned(), None)
            });
            self.explained.push(Explained::new(
                format!("p2p.{}", wanted.name),
                "use".to_owned(),
                outcome,
                wanted.reason.clone(),
            ));
        }
    }
}

fn mode_name(mode: FsMode) -> &'static str {
    match mode {
        FsMode::ReadOnly => "read-only",
        FsMode::ReadWrite => "read-write",
    }
}

/// Whether one of the rules is all that was asked for.
fn whole(rules: &[HttpRule], wanted: &HttpRule) -> bool {
    rules.iter().any(|rule| HttpRule { allow_cidrs: Vec::new(), ..rule.clone() } == *wanted)
}

/// The operator's entry of a name, and the tenant's where its table names the kind.
fn entry<'g, K: Ord, V>(
    name: &K,
    operator: Option<&'g BTreeMap<K, V>>,
    tenant: Option<Option<&'g BTreeMap<K, V>>>,
) -> Result<(&'g V, Option<&'g V>), String> {
    let grant = operator.and_then(|operator| operator.get(name)).ok_or_else(|| Party::Operator.withholds())?;
    match tenant.flatten() {
        None => Ok((grant, None)),
        Some(tenant) => {
            tenant.get(name).map(|narrower| (grant, Some(narrower))).ok_or_else(|| Party::Tenant.withholds())
        }
    }
}

fn allowed(what: Allowance, operator: &Grants, tenant: Option<&Grants>) -> Result<(), String> {
    if !operator.allow.as_ref().is_some_and(|allow| allow.contains(&what)) {
        return Err(Party::Operator.withholds());
    }
    match tenant.and_then(|tenant| tenant.allow.as_ref()) {
        Some(allow) if !allow.contains(&what) => Err(Party::Tenant.withholds()),
        _ => Ok(()),
    }
}
