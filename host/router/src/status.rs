//! The state of lanes and categories, for health pages and `tandem doctor`.

use serde::Serialize;
use tandem_catalog::PluginStatus;

/// Everything at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct RuntimeStatus {
    /// Whether plugins are loaded and calls are taken.
    pub ready: bool,
    /// The lanes.
    pub lanes: Vec<LaneStatus>,
    /// The categories, sorted by name.
    pub categories: Vec<CategoryStatus>,
    /// The plugin files, sorted by name: what serves, and why something does not.
    pub plugins: Vec<PluginStatus>,
}

/// One lane.
#[derive(Clone, Debug, Serialize)]
pub struct LaneStatus {
    /// `general` or `reactor`.
    pub lane: &'static str,
    /// `up`, `down`, or `off` where the host has no such lane.
    pub state: &'static str,
    /// Calls that ended, since the start.
    pub calls: u64,
    /// Of these, the ones that gave no answer.
    pub errors: u64,
    /// Calls that run.
    pub in_flight: u64,
    /// Calls that wait for their turn.
    pub queued: u64,
    /// Median latency of calls, in microseconds.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// Calls that ran here because their own lane was down.
    pub fallbacks: u64,
}

/// One category.
#[derive(Clone, Debug, Serialize)]
pub struct CategoryStatus {
    /// Its name.
    pub name: String,
    /// Its circuit: `closed`, `open` or `half-open`.
    pub circuit: &'static str,
    /// Calls that run.
    pub in_flight: u64,
    /// Calls that ended.
    pub calls: u64,
    /// Of these, the ones that gave no answer.
    pub errors: u64,
}
