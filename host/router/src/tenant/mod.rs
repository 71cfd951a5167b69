//! What each tenant may use in all, and what its calls used.
//!
//! **Promises.** A tenant's totals bind over all of its calls, nested ones included, and over every plugin. No total of
//! one tenant depends on what another one does: places of a plugin, circuits and queues are kept for each tenant. While
//! several tenants are active, the long-running guests of each take turns, so that they never hold every thread.
//!
//! **Bounds.** [`TenantLimits`]; `MAX_TENANTS` states. Totals over time are token buckets (GCRA, by `governor`).
//!
//! **Refuses.** What is over a total, naming the total, its value and when there will be something again.

mod account;
mod descriptors;
mod policy;
mod tenants;
mod totals;
mod turns;

pub(crate) use account::{CallAccount, LaneBounds};
pub use policy::{TenantLimits, TenantPolicy, Unlimited};
pub(crate) use tenants::Tenants;
pub(crate) use totals::Tenant;
