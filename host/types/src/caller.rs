//! On whose behalf a call runs.

use std::sync::Arc;

use crate::Access;

/// The scope of tokens whose bearers may do what concerns the whole host.
pub const OPERATE: &str = "tandem:operate";

/// On whose behalf a call runs. Made by a gateway after authentication, never by a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose quotas, files and keys the call uses.
    pub tenant: Arc<str>,
    /// The authenticated subject, or `anonymous`.
    pub subject: Arc<str>,
    /// The scopes that the subject was given.
    pub scopes: Arc<[String]>,
    /// What of the catalog is there for it.
    pub access: Access,
    /// Whether it may do what concerns the whole host and all of its tenants. Never so for requests of other hosts, and
    /// for tasks.
    pub operator: bool,
}

impl Caller {
    /// A caller without scopes and operator rights, for whom the whole catalog is there.
    #[must_use]
    pub fn new(tenant: &str, subject: &str) -> Self {
        Self {
            tenant: tenant.into(),
            subject: subject.into(),
            scopes: Arc::new([]),
            access: Access::everything(),
            operator: false,
        }
    }

    /// The caller of a host without authentication: tenant `default`, subject `anonymous`, no scopes.
    #[must_use]
    pub fn local() -> Self {
        Self::new("default", "anonymous")
    }
}
