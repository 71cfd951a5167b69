//! What each metric means: the `HELP` of the Prometheus page. Counters and histograms that other crates record stand here too,
//! so that the page is described in one place; a test finds those that are missing.

use metrics::{describe_counter, describe_gauge, describe_histogram};

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

use Kind::{Counter, Gauge, Histogram};

/// Name, kind, meaning.
pub(crate) const METRICS: &[(&str, Kind, &str)] = &[
    ("tandem_audit_records_lost_total", Counter, "Audit records that could not be written."),
    (
        "tandem_background_calls_total",
        Counter,
        "Calls that went on in the background class because their guest computed for long, by category.",
    ),
    ("tandem_build_info", Gauge, "Always 1; the label says which version runs."),
    ("tandem_cache_requests_total", Counter, "Lookups in a cache, by cache and result (hit or miss)."),
    ("tandem_calls_in_flight", Gauge, "Calls that run, by category, tool and lane."),
    ("tandem_circuit_state", Gauge, "Circuit breaker of a category: 0 closed, 1 half open, 2 open."),
    ("tandem_compile_seconds", Histogram, "Time to compile or load a plugin's code."),
    ("tandem_guest_cpu_seconds_total", Gauge, "Execution time of guests, by category and tenant."),
    ("tandem_guest_memory_bytes", Gauge, "Linear memory of a category's instances."),
    ("tandem_http_responses_total", Counter, "Answers to HTTP requests, by status code."),
    ("tandem_instances", Gauge, "Instances of a plugin, by category and state."),
    ("tandem_lane_up", Gauge, "Whether a lane takes calls."),
    ("tandem_limit_hits_total", Counter, "Calls that hit a limit, by category and limit."),
    (
        "tandem_mcp_sessions",
        Gauge,
        "MCP sessions that were opened and have not been closed; idle ones go when the next is opened.",
    ),
    ("tandem_mcp_tasks_total", Counter, "MCP tasks, by what became of them."),
    ("tandem_p2p_dead_connections_total", Counter, "Connections to peers that answered no pings."),
    ("tandem_p2p_oldest_wait_seconds", Gauge, "How long the oldest of those tasks waits, by reason."),
    ("tandem_p2p_outcomes_kept", Gauge, "Outcomes of tasks that their coordinator has not taken yet."),
    ("tandem_p2p_peers", Gauge, "Peers, by state."),
    ("tandem_p2p_refused_total", Counter, "Connections and requests of peers that were refused, by reason."),
    ("tandem_p2p_rpc_duration_seconds", Histogram, "Requests to peers, by method."),
    ("tandem_p2p_task_duration_seconds", Histogram, "Time that a leased task ran on this host."),
    ("tandem_p2p_tasks", Gauge, "Tasks in the queue, by state."),
    ("tandem_p2p_waiting_tasks", Gauge, "Tasks that wait for a worker, by the reason."),
    ("tandem_p2p_workflows", Gauge, "Workflows that this host coordinates, by state."),
    ("tandem_queue_wait_seconds", Histogram, "Time that calls waited for admission, by lane."),
    ("tandem_refused_credentials_total", Counter, "Requests with credentials that do not count."),
    ("tandem_reloads_total", Counter, "Plugins that were loaded while the host serves, by category and result."),
    ("tandem_results_total", Counter, "Results that were too large for a message, by what became of them."),
    ("tandem_routing_total", Counter, "Decisions where a call runs, by lane and reason."),
    ("tandem_store_commit_seconds", Histogram, "Commits of the store: the disk's share of a write."),
    ("tandem_tasks_dropped_total", Counter, "Ended tasks that were deleted, by reason."),
    ("tandem_tenant_calls_total", Counter, "Calls that ended, by tenant and status."),
    ("tandem_tenant_rejections_total", Counter, "Calls that a tenant's total refused (429), by tenant and total."),
    ("tandem_tool_call_duration_seconds", Histogram, "Duration of calls, by category, tool and lane."),
    ("tandem_tool_calls_total", Counter, "Calls, by category, tool, lane and status."),
    (
        "tandem_unknown_calls_total",
        Counter,
        "Calls of tools, or with results, that are not there, by tenant and outcome.",
    ),
    ("tandem_upstream_failures_total", Counter, "Ends and failed starts of mounted servers, by upstream."),
    ("tandem_upstream_up", Gauge, "Whether a mounted server serves, by upstream."),
];

/// Tells the recorder that was installed.
pub(crate) fn describe(version: &str) {
    for (name, kind, help) in METRICS {
        match kind {
            Counter => describe_counter!(*name, *help),
            Gauge => describe_gauge!(*name, *help),
            Histogram => describe_histogram!(*name, *help),
        }
    }
    metrics::gauge!("tandem_build_info", "version" => version.to_owned()).set(1.0);
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// Names that follow one of the macros of `metrics`, here or in the next line.
    fn recorded(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                recorded(&path, found);
                continue;
            }
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let code = text.split("#[cfg(test)]").next().unwrap();
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                for rest in code.split(kind).skip(1) {
                    let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                    found.insert(rest.split('"').next().unwrap().to_owned());
                }
            }
        }
    }

    #[test]
    fn every_metric_that_the_host_records_is_described() {
        let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(host).unwrap() {
            let source = entry.unwrap().path().join("src");
            if source.is_dir() {
                recorded(&source, &mut found);
            }
        }
        let described: BTreeSet<String> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        assert_eq!(described.len(), METRICS.len(), "none twice");
        assert_eq!(described, found);
    }
}
