//! `tandem doctor`: looks at the configuration, the machine and the running host, and says what is wrong and what mends it.
//!
//! **Promises.** It changes nothing. It exits with 1 when something is wrong; what only may become so is a warning.
//!
//! **Bounds.** Each look has a time ([`PATIENCE`] for the host); one that fails hides no other.

mod host;
mod machine;
mod peers;
mod report;
mod tasks;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::{args::Doctor, config, exit::Exit};

/// How long the running host may take for its answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Ok,
    /// It may become a problem.
    Warning,
    /// Something does not work.
    Problem,
}

/// One look.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    about: String,
    state: Severity,
    /// What was seen.
    seen: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn ok(about: &str, seen: impl Into<String>) -> Self {
        Self { about: about.to_owned(), state: Severity::Ok, seen: seen.into(), remedy: None }
    }

    fn warning(about: &str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: Severity::Warning, remedy: Some(remedy.into()), ..Self::ok(about, seen) }
    }

    fn problem(about: &str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { state: Severity::Problem, remedy: Some(remedy.into()), ..Self::ok(about, seen) }
    }
}

/// Everything that was seen.
#[derive(Debug, Serialize)]
struct Diagnosis {
    ok: bool,
    findings: Vec<Finding>,
    /// What the host answered at `/health/runtime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<Value>,
}

/// Runs the command.
pub(crate) fn run(args: &Doctor) -> anyhow::Result<Exit> {
    let (mut findings, mut runtime) = (Vec::new(), None);
    match config::load(&args.source) {
        Err(error) => findings.push(Finding::problem(
            "configuration",
            crate::exit::chain(&error),
            "correct it, and see with `tandem config check`; nothing else can be looked at before",
        )),
        Ok(config) => {
            findings.push(Finding::ok("configuration", "OK"));
            machine::look(&config, &mut findings);
            let (url, token) = host::target(args, &config);
            let asked = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            match asked.block_on(host::ask(&url, token.as_deref())) {
                Ok(answer) => {
                    host::look(&answer, &config, &mut findings);
                    runtime = Some(answer);
                }
                Err(unreached) => findings.push(unreached.finding(&url)),
            }
        }
    }
    let ok = findings.iter().all(|finding| finding.state != Severity::Problem);
    let diagnosis = Diagnosis { ok, findings, runtime };
    if args.json {
        report::json(&diagnosis)?
    } else {
        report::text(&diagnosis)?
    }
    Ok(if ok { Exit::Success } else { Exit::Failure })
}
