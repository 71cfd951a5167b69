use serde_json::{Value, json};
use tandem_config::HostConfig;

use super::*;
use crate::finding::Severity;

/// A host that is well.
fn well() -> Value {
    json!({
        "ready": true, "draining": false, "version": "0.1.0", "uptime_seconds": 7,
        "lanes": [{"lane": "general", "state": "up", "calls": 100, "errors": 1}],
        "network": {
            "up": true, "restarts": 0, "connected": 1, "max_connections": 10, "listening": ["/ip4/127.0.0.1/tcp/1"],
            "workers": 2, "running": 0, "workflows": 0, "waiting": [],
        },
        "store": {"ok": true, "commit_ms": 1.5},
        "plugins": [{"file": "a.wasm", "state": "serving", "error": null}],
        "categories": [{"name": "a", "circuit": "closed"}],
    })
}

/// What is said where one thing is otherwise: everything that is not well.
fn seen(pointer: &str, value: Value, config: &HostConfig) -> Vec<Finding> {
    let mut answer = well();
    *answer.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
    let mut findings = Vec::new();
    check(&answer, config, &mut findings);
    findings.retain(|finding| finding.state != Severity::Ok);
    findings
}

/// One that lets in the peers that it names.
fn config() -> HostConfig {
    let mut config = HostConfig::default();
    config.p2p.allow = vec![format!("12D3KooW{}", "a".repeat(44)).parse().unwrap()];
    config
}

#[test]
fn a_host_that_is_well_has_nothing_to_mend() {
    let mut findings = Vec::new();
    check(&well(), &config(), &mut findings);
    assert!(findings.iter().all(|finding| finding.state == Severity::Ok && finding.remedy.is_none()), "{findings:?}");
    let about: Vec<_> = findings.iter().map(|finding| finding.about.as_str()).collect();
    assert_eq!(about, ["host", "general lane", "network", "tasks", "commits"]);
}

#[test]
fn each_trouble_is_one_finding_with_its_remedy() {
    use Severity::{Problem, Warning};
    let lane = |state: &str, calls: u64, errors: u64| json!({"lane": "reactor", "state": state, "calls": calls, "errors": errors});
    let plugin = |state: &str| json!({"file": "b.wasm", "state": state, "error": {"reason": "not signed"}});
    let cases = [
        ("/draining", json!(true), Warning, "host", "start it again"),
        ("/ready", json!(false), Problem, "host", "which plugin"),
        ("/lanes/0", lane("down", 0, 0), Problem, "reactor lane", "see the log"),
        ("/lanes/0", lane("off", 0, 0), Warning, "reactor lane", "restart the host"),
        ("/lanes/0", lane("up", 100, 6), Warning, "reactor lane", "tandem plugin list"),
        ("/network/restarts", json!(1), Warning, "network", "report the panic"),
        ("/network/listening", json!([]), Problem, "network", "choose other ports"),
        ("/network/connected", json!(10), Warning, "network", "p2p.max-connections"),
        ("/network/paused", json!(true), Warning, "queue", "tandem task resume"),
        ("/network/failing", json!({"github": "no issue"}), Warning, "discovery", "p2p.discovery.github"),
        ("/store", json!({"ok": false, "error": "disk full"}), Problem, "commits", "free space"),
        ("/store/commit_ms", json!(300.0), Warning, "commits", "another one"),
        ("/plugins/0", plugin("refused"), Problem, "plugin b.wasm", "remove it"),
        ("/plugins/0", plugin("serving"), Warning, "plugin b.wasm", "remove it"),
        ("/categories/0/circuit", json!("open"), Warning, "category a", "retries by itself"),
    ];
    for (pointer, value, state, about, remedy) in cases {
        // Some are only told where there is something to tell.
        let mut answer = well();
        if let Some(network) = answer["network"].as_object_mut() {
            network.extend([("paused".to_owned(), json!(false)), ("failing".to_owned(), json!({}))]);
        }
        *answer.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value.clone();
        let mut findings = Vec::new();
        check(&answer, &config(), &mut findings);
        findings.retain(|finding| finding.state != Severity::Ok);
        let [finding] = &findings[..] else { panic!("{pointer} {value}: {findings:?}") };
        assert_eq!((finding.state, finding.about.as_str()), (state, about), "{pointer} {value}");
        assert!(finding.remedy.as_deref().is_some_and(|said| said.contains(remedy)), "{pointer}: {finding:?}");
    }
    let down = seen("/network/up", json!(false), &config());
    assert!(matches!(&down[..], [one] if one.about == "network" && one.state == Problem), "{down:?}");
}

#[test]
fn who_lets_nobody_in_and_who_lets_everybody_in_is_told() {
    let nobody = seen("/ready", json!(true), &HostConfig::default());
    assert!(
        matches!(&nobody[..], [one] if one.remedy.as_deref().is_some_and(|r| r.contains("p2p.allow"))),
        "{nobody:?}"
    );
    let mut open = HostConfig::default();
    open.p2p.admission = Admission::Open;
    open.p2p.listen = vec!["/ip4/0.0.0.0/tcp/4001".parse().unwrap()];
    let everybody = seen("/ready", json!(true), &open);
    assert!(
        matches!(&everybody[..], [one] if one.remedy.as_deref().is_some_and(|r| r.contains("[tenants.NAME]"))),
        "{everybody:?}"
    );
}
