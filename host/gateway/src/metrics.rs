//! The Prometheus page. Router and engine record through the `metrics` facade; here is what they record into.

use std::{sync::LazyLock, time::Duration};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use metrics::Counter;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::{described, problem::Problem, state::AppState};

/// From 50 µs to 60 s, about three a decade: a call to a small guest takes tens of microseconds, a slow one a minute.
const BUCKETS: [f64; 19] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
    30.0, 60.0,
];
/// How often recorded samples are folded into their buckets: between two folds each sample takes memory of its own.
const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: LazyLock<Option<PrometheusHandle>> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .inspect_err(|error| tracing::error!(%error, "metrics: cannot start the recorder"));
    let recorder = builder.ok()?.build_recorder();
    let handle = recorder.handle();
    match metrics::set_global_recorder(recorder) {
        Ok(()) => {
            described::describe(env!("CARGO_PKG_VERSION"));
            Some(handle)
        }
        Err(_) => {
            tracing::warn!("metrics: another recorder is installed, /metrics stays empty");
            None
        }
    }
});

/// The process's recorder, installed when first asked for.
pub(crate) fn recorder() -> Option<PrometheusHandle> {
    RECORDER.clone()
}

/// Folds samples until the host stops.
pub(crate) async fn upkeep(handle: PrometheusHandle, stop: CancellationToken) {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => handle.run_upkeep(),
        }
    }
}

/// Counts an answer by its status. There are few codes; the counter of the usual one is looked up once.
pub(crate) fn count(status: StatusCode) {
    static OK: LazyLock<Counter> = LazyLock::new(|| counter(StatusCode::OK));
    match status {
        StatusCode::OK => OK.increment(1),
        status => counter(status).increment(1),
    }
}

fn counter(status: StatusCode) -> Counter {
    metrics::counter!("tandem_http_responses_total", "status" => status.as_u16().to_string())
}

pub(crate) async fn page(State(shared): State<std::sync::Arc<AppState>>) -> Response {
    let Some(handle) = &shared.metrics else {
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "another metrics recorder is in use")
            .into_response();
    };
    // It only grows; the library has counters of whole numbers only.
    let cpu = ("# TYPE tandem_guest_cpu_seconds_total gauge", "# TYPE tandem_guest_cpu_seconds_total counter");
    let text = format!("{}{}", handle.render().replace(cpu.0, cpu.1), process());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// The `process_*` metrics that Prometheus defines, where `/proc` has them.
#[cfg(target_os = "linux")]
fn process() -> String {
    use std::fmt::Write as _;

    let mut out = String::new();
    let mut gauge = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
    };
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).ok();
    let status = read("status");
    let kilobytes = |key: &str| {
        let line = status.as_deref()?.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb * 1024.0)
    };
    gauge("process_resident_memory_bytes", "gauge", "Resident memory.", kilobytes("VmRSS:"));
    gauge("process_virtual_memory_bytes", "gauge", "Virtual memory.", kilobytes("VmSize:"));
    let files = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
    gauge("process_open_fds", "gauge", "Open file descriptors.", files);
    let threads = status.as_deref().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("Threads:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    gauge("process_threads", "gauge", "Threads.", threads);
    // User and system time, in clock ticks, which Linux fixes at 100 a second for programs.
    let cpu = read("stat").and_then(|stat| {
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let ticks = |i: usize| fields.get(i).and_then(|text| text.parse::<f64>().ok());
        Some((ticks(11)? + ticks(12)?) / 100.0)
    });
    gauge("process_cpu_seconds_total", "counter", "User and system CPU time.", cpu);
    out
}

#[cfg(not(target_os = "linux"))]
fn process() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_and_reach_a_minute() {
        assert!(BUCKETS.is_sorted());
        assert_eq!((BUCKETS.first(), BUCKETS.last()), (Some(&0.000_05), Some(&60.0)));
    }

    #[test]
    fn durations_are_histograms_and_not_summaries() {
        let handle = recorder().unwrap();
        metrics::histogram!("gateway_test_seconds").record(0.003);
        let text = handle.render();
        assert!(text.contains("gateway_test_seconds_bucket{le=\"0.005\"} 1"), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_process_tells_of_itself() {
        let text = process();
        for name in
            ["process_resident_memory_bytes", "process_open_fds", "process_cpu_seconds_total", "process_threads"]
        {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
            let value: f64 = line.split(' ').nth(1).unwrap().parse().unwrap();
            assert!(value >= 0.0, "{line}");
        }
    }
}
