//! `tandem doctor`: checks the configuration, the machine and the running host.

use std::io::Write as _;

use clap::Args;
use serde_json::Value;
use tandem_diagnostics::{Diagnosis, Severity, diagnose, invalid_configuration};

use crate::{
    exit::{Exit, chain},
    runtime::block_on,
    source::Source,
    terminal,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Checks the configuration, clock, disk, open files, store and plugin directory; and of the running host: both\nlanes (calls, latencies, errors, fallbacks), the network of hosts, commits, plugins and open circuit breakers.\nEach error and warning has a remedy.\n\nExamples:\n  tandem doctor\n  tandem doctor --config tandem.toml --url http://10.0.0.7:8000 --token \"$OPERATOR_TOKEN\"\n  tandem doctor --json | jq '.findings[] | select(.state != \"ok\")'\n\nExit codes: 0 no errors (there may be warnings), 1 errors, 2 usage."
)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub source: Source,
    /// The running host [default: where the configuration has it listen]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The operator's token [default: the configuration's server.metrics-token]
    #[arg(long, env = "TANDEM_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print JSON: `ok`, `findings`, and what the host answers under `runtime`
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Doctor) -> anyhow::Result<Exit> {
    let diagnosis = match args.source.load() {
        Err(error) => invalid_configuration(chain(&error)),
        Ok(config) => block_on(diagnose(&config, args.url.as_deref(), args.token.as_deref()))?,
    };
    match args.json {
        true => terminal::print_json(&diagnosis)?,
        false => report(&diagnosis)?,
    }
    Ok(if diagnosis.ok { Exit::Success } else { Exit::Failure })
}

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

fn report(diagnosis: &Diagnosis) -> anyhow::Result<()> {
    let mut out = terminal::out();
    let width = diagnosis.findings.iter().map(|finding| finding.about.chars().count()).max().unwrap_or(0);
    for finding in &diagnosis.findings {
        let mark = match finding.state {
            Severity::Ok => "ok     ",
            Severity::Warning => "warning",
            Severity::Problem => "ERROR  ",
        };
        writeln!(out, "{mark}  {:width$}  {}", finding.about, finding.seen)?;
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "         {:width$}  -> {remedy}", "")?;
        }
    }
    if let Some(lanes) = diagnosis.runtime.as_ref().and_then(|answer| answer.get("lanes")?.as_array()) {
        lanes_side_by_side(&mut out, lanes)?;
    }
    let (errors, warnings) = (diagnosis.count(Severity::Problem), diagnosis.count(Severity::Warning));
    writeln!(out, "\n{}, {}", counted(errors, "error"), counted(warnings, "warning"))?;
    Ok(())
}

/// `1 error`, `2 errors`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
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
