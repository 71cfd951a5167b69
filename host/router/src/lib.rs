//! Admission control, lane selection and execution of calls.
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
mod alias;
mod api;
mod audit;
mod breaker;
mod cache;
mod call;
mod call_status;
mod compiling;
mod config;
mod entries;
mod job;
mod lane;
mod meters;
mod nested;
mod outcome;
mod peers;
mod permits;
mod recorder;
mod refusal;
mod reserve;
mod router;
mod routing;
mod scope;
mod size;
mod status;
mod tenant;
mod threads;
mod work;

pub use api::{CallError, DeprecatedName, Lane, NO_NETWORK, Output};
pub use config::{AuditedCalls, RouterConfig};
pub use refusal::{unknown_category, unknown_tool};
pub use reserve::Reserve;
pub use router::Router;
pub use routing::choose;
pub use size::is_small;
pub use status::{CategoryStatus, LaneStatus, RuntimeStatus};
pub use tandem_types::exact::{Arguments, ExactNumbers, Violation};
pub use tenant::{TenantLimits, TenantPolicy, Unlimited};

use tandem_types::exact;
