//! All capabilities: a field for each in the request, the grants, and what is left.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::Findings;
use tandem_types::{ByteSize, Name, Secret, Setting, ToolName, VariableName};

use super::{
    cache::{Cache, CacheGrant, CacheRequest},
    invoke::{Invoke, InvokeRequest},
    kv::{Kv, KvGrant, KvQuota, KvRequest},
    port::{GrantForm as _, InternalCapability, Met},
};
use crate::{
    grant::{Allowance, EnvGrant, Explained, FsGrant, HttpGrant, Party},
    http::HostPattern,
    plugin::{FsRequest, HttpRequest, P2pInterface, Switch, Wanted},
};

/// The capabilities that a plugin asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Request {
    /// Directories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fs: Vec<FsRequest>,
    /// Outgoing HTTP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRequest>,
    /// Environment variables.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<Wanted<VariableName>>,
    /// Secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Wanted<Name>>,
    /// The in-memory cache.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub cache: Switch<CacheRequest>,
    /// The durable key-value store.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub kv: Switch<KvRequest>,
    /// Calls of other tools.
    #[serde(skip_serializing_if = "Switch::is_off")]
    pub invoke: Switch<InvokeRequest>,
    /// P2P interfaces of the host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub p2p: Vec<Wanted<P2pInterface>>,
}

/// The grants for one plugin: of the operator (`[grants.PLUGIN]`) or of a tenant
/// (`[tenants.TENANT.grants.PLUGIN]`). A kind that is none is not named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Grants {
    /// Directories, by the names of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fs: Option<BTreeMap<Name, FsGrant>>,
    /// Outgoing HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<Vec<HttpGrant>>,
    /// Environment variables: values, or `{ inherit = true }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<BTreeMap<VariableName, EnvGrant>>,
    /// Secrets, by the names of the manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<BTreeMap<Name, Secret>>,
    /// The hosts that each secret may be sent to. A secret without hosts goes to the one host that is granted, and nowhere when
    /// several are. A tenant's hosts count beside the operator's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_hosts: BTreeMap<Name, Vec<HostPattern>>,
    /// The cache: `false`, or its bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Switch<CacheGrant>>,
    /// The key-value store: `false`, or its bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv: Option<Switch<KvGrant>>,
    /// Calls of other tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoke: Option<bool>,
    /// What is allowed by its name alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<BTreeSet<Allowance>>,
    /// Settings that the plugin may read. They need no request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<ToolName, Setting>,
}

/// What a plugin has of the capabilities that stay inside the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Internal {
    /// The size of the cache, if there is one.
    pub cache: Option<ByteSize>,
    /// The bounds of the key-value store, if there is one.
    pub kv: Option<KvQuota>,
    /// The plugin may call other tools.
    pub invoke: bool,
}

/// Those that stay inside the host, in the order in which grants are listed.
static INTERNAL: &[&dyn Entry] = &[
    &Fields::<Cache> {
        request: |request| request.cache.on(),
        grant: |grants| grants.cache,
        set_grant: |grants, grant| grants.cache = Some(grant),
        set_granted: |internal, size| internal.cache = Some(size),
    },
    &Fields::<Kv> {
        request: |request| request.kv.on(),
        grant: |grants| grants.kv,
        set_grant: |grants, grant| grants.kv = Some(grant),
        set_granted: |internal, quota| internal.kv = Some(quota),
    },
    &Fields::<Invoke> {
        request: |request| request.invoke.on(),
        grant: |grants| grants.invoke,
        set_grant: |grants, grant| grants.invoke = Some(grant),
        set_granted: |internal, ()| internal.invoke = true,
    },
];

/// Where a capability stands in the three structures.
struct Fields<C: InternalCapability> {
    request: fn(&Request) -> Option<&C::Request>,
    grant: fn(&Grants) -> Option<C::Grant>,
    set_grant: fn(&mut Grants, C::Grant),
    set_granted: fn(&mut Internal, C::Granted),
}

/// The same for each capability, whatever its types are.
trait Entry: Sync {
    fn name(&self) -> &'static str;
    fn interface(&self) -> &'static str;
    fn is_requested(&self, request: &Request) -> bool;
    fn is_granted(&self, grants: &Grants) -> bool;
    fn check_request(&self, request: &Request, findings: &mut Findings);
    fn check_grants(&self, grants: &Grants, findings: &mut Findings);
    fn change(&self, grants: &mut Grants, on: bool);
    fn intersect(
        &self,
        request: &Request,
        operator: &Grants,
        tenant: Option<&Grants>,
        left: &mut Internal,
    ) -> Option<Explained>;
}

impl<C: InternalCapability> Fields<C> {
    /// The bounds of a grant that is there and is no refusal.
    fn bounds(&self, grants: &Grants) -> Option<C::Bounds> {
        (self.grant)(grants).and_then(C::Grant::bounds)
    }

    /// What one party leaves of the capability: all of it, or what is within its bounds.
    fn left_by(&self, party: Party, grants: Option<&Grants>) -> Result<Option<C::Bounds>, String> {
        match grants.and_then(self.grant) {
            None => Ok(None),
            Some(grant) => grant.bounds().map(Some).ok_or_else(|| party.switched_off()),
        }
    }
}

impl<C: InternalCapability> Entry for Fields<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn interface(&self) -> &'static str {
        C::INTERFACE
    }

    fn is_requested(&self, request: &Request) -> bool {
        (self.request)(request).is_some()
    }

    fn is_granted(&self, grants: &Grants) -> bool {
        self.bounds(grants).is_some()
    }

    fn check_request(&self, request: &Request, findings: &mut Findings) {
        if let Some(wanted) = (self.request)(request) {
            findings.within(C::NAME, |findings| C::check_request(wanted, findings));
        }
    }

    fn check_grants(&self, grants: &Grants, findings: &mut Findings) {
        if let Some(bounds) = self.bounds(grants) {
            findings.within(C::NAME, |findings| C::check_bounds(bounds, findings));
        }
    }

    fn change(&self, grants: &mut Grants, on: bool) {
        let bounds = self.bounds(grants).unwrap_or_default();
        (self.set_grant)(grants, if on { C::Grant::on(bounds) } else { C::Grant::off() });
    }

    fn intersect(
        &self,
        request: &Request,
        operator: &Grants,
        tenant: Option<&Grants>,
        left: &mut Internal,
    ) -> Option<Explained> {
        let wanted = (self.request)(request)?;
        let outcome = self.left_by(Party::Operator, Some(operator)).and_then(|operator| {
            let bounds = [operator, self.left_by(Party::Tenant, tenant)?];
            let Met { granted, text, narrowed } = C::meet(wanted, bounds);
            (self.set_granted)(left, granted);
            Ok((text, narrowed))
        });
        Some(Explained::new(C::NAME.to_owned(), C::describe(wanted), outcome, C::reason(wanted).cloned()))
    }
}

/// One of the capabilities that stay inside the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InternalKind(usize);

impl InternalKind {
    /// All, in the order in which grants are listed.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..INTERNAL.len()).map(Self)
    }

    /// Their names, as a list for people.
    #[must_use]
    pub fn names() -> String {
        Self::all().map(Self::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        INTERNAL.iter().position(|entry| entry.name() == name).map(Self)
    }

    fn entry(self) -> Option<&'static dyn Entry> {
        INTERNAL.get(self.0).copied()
    }

    /// The word for it in manifests and grants.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.entry().map_or("", Entry::name)
    }

    /// The WIT interface that it is for, without the version.
    #[must_use]
    pub fn interface(self) -> &'static str {
        self.entry().map_or("", Entry::interface)
    }

    /// Its position in the order.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }

    /// Whether a manifest asks for it.
    #[must_use]
    pub fn is_requested(self, request: &Request) -> bool {
        self.entry().is_some_and(|entry| entry.is_requested(request))
    }

    pub(crate) fn is_granted(self, grants: &Grants) -> bool {
        self.entry().is_some_and(|entry| entry.is_granted(grants))
    }

    pub(crate) fn check_request(self, request: &Request, findings: &mut Findings) {
        self.entry().into_iter().for_each(|entry| entry.check_request(request, findings));
    }

    pub(crate) fn check_grants(self, grants: &Grants, findings: &mut Findings) {
        self.entry().into_iter().for_each(|entry| entry.check_grants(grants, findings));
    }

    /// Grants it, within the bounds that were there, or refuses it.
    pub(crate) fn change(self, grants: &mut Grants, on: bool) {
        self.entry().into_iter().for_each(|entry| entry.change(grants, on));
    }

    /// What is left of the request; none where there is no request.
    pub(crate) fn intersect(
        self,
        request: &Request,
        operator: &Grants,
        tenant: Option<&Grants>,
        left: &mut Internal,
    ) -> Option<Explained> {
        self.entry()?.intersect(request, operator, tenant, left)
    }
}
