//! Limits of what one call of a meta-tool asks for.

/// Tools in one page.
pub(super) const MAX_LIST: usize = 1000;
/// Tools described at once.
pub(super) const MAX_SCHEMAS: usize = 64;
/// Unknown names of one request for which near ones are looked for.
pub(super) const MAX_GUESSED: usize = 8;
/// Tools found at once: who needs more should ask more precisely.
pub(super) const MAX_SEARCH: usize = 50;
/// Calls in one batch: each holds its arguments and its answer until the last one is done.
pub(super) const MAX_CALLS: usize = 64;
/// Calls of one batch that run at once.
pub(super) const MAX_CONCURRENCY: usize = 32;
/// Where the call says nothing: some of them at once, without taking a tenant's whole share.
pub(super) const DEFAULT_CONCURRENCY: usize = 8;
/// TenantLimiter named in one validation error.
pub(super) const MAX_VIOLATIONS: usize = 16;
/// Members beside `arguments` that one error names: enough to see what is meant.
pub(super) const MAX_NAMED: usize = 8;
