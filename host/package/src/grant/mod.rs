//! Grants: what an operator, and then a tenant, lets a plugin have; and the capability that is left.
//!
//! A capability is what the manifest requests *and* the operator grants *and* the tenant's grants leave. So:
//!
//! - Files, HTTP, environment variables, secrets and P2P interfaces reach outside the plugin. Without an
//!   explicit grant there are none.
//! - Internal capabilities ([`crate::capability`]) stay inside: state that is private to one plugin and tenant
//!   and bounded by the manifest's own ceilings, or calls that are made as the caller, under the caller's rights
//!   and quotas. So they are granted when they are requested, until an operator sets them `false` or narrows
//!   them.
//! - A tenant's table narrows the kinds that it names and leaves the others as the operator grants them. What
//!   it names is a subset: an entry that the operator does not have grants nothing.
//! - Where both give a value (a directory, a variable, a secret, a setting), the tenant's is taken. Where both
//!   give a mode or a bound, the narrower one is: read-only wins over read-write.

mod allowance;
mod change;
mod effective;
mod entry;
mod explain;
mod idle;
mod overlay;

pub use allowance::Allowance;
pub use change::{ChangeError, Given, GrantChange, GrantItem, GrantKind};
pub use effective::{Effective, FsAccess};
pub use entry::{EnvGrant, FsGrant, GrantPath, HttpGrant};
pub use explain::Explained;
pub(crate) use explain::Party;
pub use idle::IdleGrant;
pub use overlay::{MAX_CHANGES, Overlay, Overlays};

#[cfg(test)]
mod tests;
