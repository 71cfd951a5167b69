//! The diagnosis, for people and for programs.

use std::io::Write as _;

use serde_json::Value;

use super::{Diagnosis, Severity};

/// What is shown of a lane: the heading, and the key in `/health/runtime`.
const LANES: [(&str, &str); 9] = [
    ("state", "state"),
    ("calls", "calls"),
    ("errors", "errors"),
    ("fallbacks", "fallbacks"),
    ("running", "in_flight"),
    ("waiting", "queued"),
    ("p50 us", "p50_us"),
    ("p90 us", "p90_us"),
    ("p99 us", "p99_us"),
];

pub(super) fn json(diagnosis: &Diagnosis) -> anyhow::Result<()> {
    Ok(writeln!(crate::terminal::out(), "{}", crate::terminal::json(diagnosis)?)?)
}

pub(super) fn text(diagnosis: &Diagnosis) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    let width = diagnosis.findings.iter().map(|finding| finding.about.chars().count()).max().unwrap_or(0);
    for finding in &diagnosis.findings {
        let mark = match finding.state {
            Severity::Ok => "ok     ",
            Severity::Warning => "warning",
            Severity::Problem => "PROBLEM",
        };
        writeln!(out, "{mark}  {:width$}  {}", finding.about, finding.seen)?;
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "         {:width$}  -> {remedy}", "")?;
        }
    }
    if let Some(lanes) = diagnosis.runtime.as_ref().and_then(|answer| answer.get("lanes")?.as_array()) {
        lanes_side_by_side(&mut out, lanes)?;
    }
    let count = |state| diagnosis.findings.iter().filter(|finding| finding.state == state).count();
    match (count(Severity::Problem), count(Severity::Warning)) {
        (0, 0) => writeln!(out, "\nall is well")?,
        (0, warnings) => writeln!(out, "\nnothing is wrong; {warnings} to keep an eye on")?,
        (problems, warnings) => writeln!(out, "\n{problems} wrong, {warnings} to keep an eye on")?,
    }
    Ok(())
}

fn lanes_side_by_side(out: &mut impl std::io::Write, lanes: &[Value]) -> anyhow::Result<()> {
    let cell = |lane: &Value, key: &str| match lane.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    let head: String = lanes.iter().map(|lane| format!("{:>12}", cell(lane, "lane"))).collect();
    writeln!(out, "\n{:12}{head}", "lane")?;
    for (heading, key) in LANES {
        let row: String = lanes.iter().map(|lane| format!("{:>12}", cell(lane, key))).collect();
        writeln!(out, "{heading:12}{row}")?;
    }
    Ok(())
}
