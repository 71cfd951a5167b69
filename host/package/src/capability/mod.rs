//! The capabilities of plugins: what is requested, what is granted, and, of those that stay inside the host, what is left.
//!
//! **Promises.** A capability that stays inside the host is one module here, with its request, its bounds and how they meet, and one
//! entry in each place of `table.rs`. Requests, grants, changes at run time, explanations and warnings follow from it.
//!
//! **Bounds.** Each module has those of its own, with the reason beside them.

mod cache;
mod check;
mod invoke;
mod kv;
mod port;
mod table;

pub use self::{
    cache::{Cache, CacheGrant, CacheRequest},
    invoke::{Invoke, InvokeRequest},
    kv::{Kv, KvGrant, KvQuota, KvRequest},
    port::{GrantForm, InternalCapability, Met},
    table::{Grants, Internal, InternalKind, Request},
};
