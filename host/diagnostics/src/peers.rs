//! What keeps hosts from finding each other, and from meeting where they found each other.

use serde_json::Value;

use crate::{
    fields::{all, number, text},
    finding::Finding,
};

pub(crate) fn check(network: &Value, findings: &mut Vec<Finding>) {
    let failing = network.get("failing").and_then(Value::as_object).into_iter().flatten();
    findings.extend(failing.map(|(source, error)| source_of(source, error.as_str().unwrap_or_default())));
    findings.extend(handshakes(all(network, "failed_handshakes")));
}

/// A source of peers that fails.
fn source_of(name: &str, error: &str) -> Finding {
    let remedy = match name {
        "registry" => {
            "check that this host may read and write p2p.discovery.directory, or set another; `file = false` turns it off"
        }
        "github" => {
            "see p2p.discovery.github: the repository, its issue with the label `tandem-peers`, and the token's rights"
        }
        "rendezvous" => "check that the points of p2p.discovery.rendezvous are reachable and admit this host",
        _ => "no peer is found there until this is fixed; see the log and `p2p_bootstrap_list`",
    };
    Finding::warning("discovery", format!("p2p.discovery, {name}: {error}"), remedy)
}

/// Peers that were reached, and with which nothing came of it.
fn handshakes(failed: &[Value]) -> Option<Finding> {
    let last = failed.last()?;
    let seen = format!(
        "{} handshakes failed in ten minutes, the last one {:.0} s ago with {}: {}",
        failed.len(),
        number(last, "age_s"),
        text(last, "address"),
        text(last, "error"),
    );
    Some(Finding::warning("handshakes", seen, text(last, "remedy")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Severity;

    #[test]
    fn each_failing_source_and_the_last_failed_handshake_are_told() {
        let network = json!({
            "failing": {"github": "no open issue of the repository has the label `tandem-peers`", "registry": "read-only"},
            "failed_handshakes": [
                {"address": "/ip4/10.0.0.1/tcp/1", "error": "first", "remedy": "r", "age_s": 9},
                {"address": "/ip4/10.0.0.2/tcp/1", "error": "second", "remedy": "compare p2p.psk of both hosts", "age_s": 3},
            ],
        });
        let mut findings = Vec::new();
        check(&network, &mut findings);
        assert!(findings.iter().all(|finding| finding.state == Severity::Warning), "{findings:?}");
        let texts: Vec<_> = findings.iter().map(|one| (one.seen.as_str(), one.remedy.as_deref().unwrap())).collect();
        assert!(texts[0].0.contains("github") && texts[0].1.contains("tandem-peers"), "{texts:?}");
        assert!(texts[1].0.contains("read-only") && texts[1].1.contains("p2p.discovery.directory"), "{texts:?}");
        assert!(texts[2].0.starts_with("2 handshakes") && texts[2].0.contains("10.0.0.2"), "{texts:?}");
        assert_eq!(texts[2].1, "compare p2p.psk of both hosts");
        let mut none = Vec::new();
        check(&json!({"failing": {}, "failed_handshakes": []}), &mut none);
        assert!(none.is_empty());
    }
}
