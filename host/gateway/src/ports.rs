//! What a host tells its gateway when it is asked.

use futures::future::BoxFuture;
use serde_json::Value;

/// Why the host should get no calls now, if it should not. Everybody may read it.
pub type Unready = Box<dyn Fn() -> Option<&'static str> + Send + Sync>;

/// A part of `GET /health/runtime` that the gateway does not know by itself: its name there, and what it is now.
pub type HealthPart = Box<dyn Fn() -> BoxFuture<'static, (&'static str, Value)> + Send + Sync>;
