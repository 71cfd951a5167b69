//! May a call run, where, and now.
//!
//! **Promises.** Arguments reach a guest only when they fit its schema, and a structured result leaves only when
//! it fits. A call that may have had effects is never run twice: only tools that are marked idempotent are
//! retried, and only read-only idempotent ones are answered from the cache. The lane and the reason for it are in
//! every answer and in the metrics.
//!
//! **Bounds.** A bounded queue for each lane, highest priority first; calls at once for each tenant's use of a plugin,
//! with a circuit breaker; every tenant's totals; nested calls to a depth; a deadline for everything.
//!
//! **Refuses.** What is over a bound, at once and typed ([`CallError::Limited`]), instead of letting it wait
//! without one.

#![forbid(unsafe_code)]

mod admission;
mod api;
mod audit;
mod breaker;
mod cache;
mod call;
mod entries;
mod lane;
mod meters;
mod nested;
mod outcome;
mod peers;
mod reserve;
mod router;
mod status;
mod tenant;
mod trial;
mod work;

pub use api::{CallError, Lane, NO_NETWORK, Output, RequestContext};
pub use audit::AuditedCalls;
pub use call::{unknown_category, unknown_tool};
pub use lane::choose;
pub use reserve::Reserve;
pub use router::{Router, RouterConfig};
pub use status::{CategoryStatus, LaneStatus, RuntimeStatus};
pub use tandem_types::{exact::Arguments, exact::ExactNumbers, exact::Violation};
pub use tenant::{CallUse, Denial, TenantLimits, TenantPolicy, Unlimited};
pub use work::is_small;

use tandem_types::exact;
