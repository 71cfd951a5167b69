//! Asks the running host for what it says of itself.

use std::time::Duration;

use serde_json::Value;
use tandem_config::HostConfig;

use crate::finding::Finding;

/// How long the running host may take for its answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the host did not answer.
pub(crate) enum Unreached {
    /// Nobody answers.
    Nobody(String),
    /// It answers, and refuses.
    Refused(u16),
    /// The answer is none.
    Other(String),
}

impl Unreached {
    pub(crate) fn finding(self, url: &str) -> Finding {
        match self {
            Self::Nobody(error) => Finding::problem(
                "host",
                format!("no answer from {url}: {error}"),
                "start it with `tandem serve`, or name another with --url",
            ),
            Self::Refused(status) => Finding::problem(
                "host",
                format!("{url} returned {status}: operator token required"),
                "set server.metrics-token, and pass it with --token or TANDEM_TOKEN",
            ),
            Self::Other(error) => {
                Finding::problem("host", format!("{url}: {error}"), "check that it is a tandem host of this version")
            }
        }
    }
}

/// Where the host is asked, and with which token.
pub(crate) fn target(config: &HostConfig, url: Option<&str>, token: Option<&str>) -> (String, Option<String>) {
    let base = url.map_or_else(|| format!("http://{}", config.server.local_address()), str::to_owned);
    let token =
        token.map(str::to_owned).or_else(|| config.server.metrics_token.as_ref().map(|t| t.expose().to_owned()));
    (format!("{}/health/runtime", base.trim_end_matches('/')), token)
}

pub(crate) async fn ask(url: &str, token: Option<&str>) -> Result<Value, Unreached> {
    // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build();
    let client = client.map_err(|error| Unreached::Other(error.to_string()))?;
    let mut request = client.get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Unreached::Nobody(cause.to_string())
    })?;
    let status = response.status();
    if !status.is_success() {
        return Err(match status.as_u16() {
            401 | 403 => Unreached::Refused(status.as_u16()),
            other => Unreached::Other(format!("HTTP status {other}")),
        });
    }
    response.json::<Value>().await.map_err(|error| Unreached::Other(format!("the answer is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn a_host_that_does_not_tell_is_a_problem_whose_remedy_fits() {
        for (unreached, remedy) in [
            (Unreached::Nobody("refused".to_owned()), "tandem serve"),
            (Unreached::Refused(401), "server.metrics-token"),
            (Unreached::Other("no JSON".to_owned()), "tandem host of this version"),
        ] {
            let finding = unreached.finding("http://h");
            assert!(finding.state == Severity::Problem && finding.seen.contains("http://h"), "{finding:?}");
            assert!(finding.remedy.as_deref().is_some_and(|said| said.contains(remedy)), "{finding:?}");
        }
    }
}
