//! All checks, one after another.

use serde::Serialize;
use serde_json::Value;
use tandem_config::HostConfig;

use crate::{
    finding::{Finding, Severity},
    host, machine, running,
};

/// Everything that was found.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Whether no finding is a problem.
    pub ok: bool,
    /// One for each check.
    pub findings: Vec<Finding>,
    /// What the host answered at `/health/runtime`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Value>,
}

impl Diagnosis {
    fn new(findings: Vec<Finding>, runtime: Option<Value>) -> Self {
        Self { ok: findings.iter().all(|finding| finding.state != Severity::Problem), findings, runtime }
    }

    /// How many findings have this severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.state == severity).count()
    }
}

/// The diagnosis where the configuration cannot be read: nothing else can be checked.
#[must_use]
pub fn invalid_configuration(error: String) -> Diagnosis {
    let remedy = "correct it, and check it with `tandem config check`; the other checks need it";
    Diagnosis::new(vec![Finding::problem("configuration", error, remedy)], None)
}

/// Runs all checks. The host is asked at `url`, else where the configuration has it listen; with `token`, else that of the
/// configuration. Inside a tokio runtime.
pub async fn diagnose(config: &HostConfig, url: Option<&str>, token: Option<&str>) -> Diagnosis {
    let mut findings = vec![Finding::ok("configuration", "OK")];
    machine::check(config, &mut findings);
    let (url, token) = running::target(config, url, token);
    match running::ask(&url, token.as_deref()).await {
        Ok(answer) => {
            host::check(&answer, config, &mut findings);
            Diagnosis::new(findings, Some(answer))
        }
        Err(unreached) => {
            findings.push(unreached.finding(&url));
            Diagnosis::new(findings, None)
        }
    }
}
