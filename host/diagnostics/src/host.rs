//! What the running host says of itself.

use serde_json::Value;
use tandem_config::{Admission, HostConfig};

use crate::{
    fields::{all, number, text},
    finding::Finding,
    peers, tasks,
};

/// Share of a lane's calls that may fail before it is worth a warning, once there were enough of them.
const FAILING: (f64, f64) = (0.05, 50.0);
/// A commit that takes longer, in milliseconds, blocks every writer.
const SLOW_COMMIT: f64 = 250.0;

pub(crate) fn check(answer: &Value, config: &HostConfig, findings: &mut Vec<Finding>) {
    findings.push(ready(answer));
    findings.extend(all(answer, "lanes").iter().map(|lane| self::lane(lane, config)));
    if let Some(network) = answer.get("network").filter(|network| !network.is_null()) {
        findings.push(self::network(network, config));
        peers::check(network, findings);
        tasks::check(network, findings);
    }
    if let Some(store) = answer.get("store") {
        findings.push(self::store(store));
    }
    findings.extend(all(answer, "plugins").iter().filter_map(plugin));
    findings.extend(all(answer, "categories").iter().filter_map(circuit));
}

fn ready(answer: &Value) -> Finding {
    let seen = format!("version {}, up for {} s", text(answer, "version"), number(answer, "uptime_seconds"));
    if answer.get("draining") == Some(&Value::Bool(true)) {
        return Finding::warning(
            "host",
            format!("{seen}, shutting down"),
            "wait until it has stopped, then start it again",
        );
    }
    match answer.get("ready") {
        Some(Value::Bool(true)) => Finding::ok("host", seen),
        _ => Finding::problem("host", format!("{seen}, not ready"), "see in its log which plugin is still loading"),
    }
}

fn lane(lane: &Value, config: &HostConfig) -> Finding {
    let name = format!("{} lane", text(lane, "lane"));
    let (calls, errors) = (number(lane, "calls"), number(lane, "errors"));
    let seen = format!("{}, {calls} calls, {errors} errors", text(lane, "state"));
    match text(lane, "state") {
        "down" => {
            let remedy = "it restarts by itself; if it stays down, see the log: port in use, wrong swarm key";
            Finding::problem(&name, seen, remedy)
        }
        "off" if config.reactor.enabled => {
            Finding::warning(&name, seen, "enabled in the configuration: restart the host")
        }
        _ if calls >= FAILING.1 && errors > calls * FAILING.0 => {
            Finding::warning(&name, seen, "`tandem plugin list` shows which category fails; see its lines in the log")
        }
        _ => Finding::ok(&name, seen),
    }
}

fn network(network: &Value, config: &HostConfig) -> Finding {
    let (connected, most) = (number(network, "connected"), number(network, "max_connections"));
    let seen = format!(
        "{} ({}): {connected} peers, listening at {} addresses, {} of {} workers busy, {} workflows, {} restarts",
        network.get("name").and_then(Value::as_str).unwrap_or("this host"),
        text(network, "peer_id"),
        all(network, "listening").len(),
        number(network, "running"),
        number(network, "workers"),
        number(network, "workflows"),
        number(network, "restarts"),
    );
    if network.get("up") != Some(&Value::Bool(true)) {
        return Finding::problem("network", "it is down", "see the reactor's lines in the log, and restart the host");
    }
    if number(network, "restarts") > 0.0 {
        return Finding::warning("network", seen, "the reactor thread panicked: report the panic from the log");
    }
    if all(network, "listening").is_empty() {
        return Finding::problem("network", seen, "no address of p2p.listen can be bound; choose other ports");
    }
    if connected >= most && most > 0.0 {
        return Finding::warning("network", seen, "no further peer can connect: raise p2p.max-connections");
    }
    if config.p2p.admission == Admission::Closed && config.p2p.allow.is_empty() {
        let remedy = "no peer may connect: add peers to p2p.allow, or set p2p.admission";
        return Finding::warning("network", seen, remedy);
    }
    if tandem_runtime::peers::is_open_to_everybody(config) {
        let remedy =
            "every peer that reaches p2p.listen may call every tool: add peers to p2p.allow, or add `[tenants.NAME]`";
        return Finding::warning("network", seen, remedy);
    }
    Finding::ok("network", seen)
}

fn store(store: &Value) -> Finding {
    if store.get("ok") != Some(&Value::Bool(true)) {
        let remedy = "check that the disk has free space and is writable; the log has the database's error";
        return Finding::problem("commits", text(store, "error"), remedy);
    }
    let took = number(store, "commit_ms");
    let seen = format!("{took:.1} ms");
    if took > SLOW_COMMIT {
        return Finding::warning("commits", seen, "the disk is slow or busy; move the data directory to another one");
    }
    Finding::ok("commits", seen)
}

fn plugin(plugin: &Value) -> Option<Finding> {
    let reason = plugin.pointer("/error/reason").and_then(Value::as_str)?;
    let name = format!("plugin {}", text(plugin, "file"));
    let remedy = "fix the file and copy it again, or remove it; `tandem plugin list` shows the result";
    Some(match text(plugin, "state") {
        "refused" => Finding::problem(&name, format!("not served: {reason}"), remedy),
        _ => Finding::warning(&name, format!("an earlier version is served: {reason}"), remedy),
    })
}

fn circuit(category: &Value) -> Option<Finding> {
    let (name, circuit) = (text(category, "name"), text(category, "circuit"));
    let seen = || format!("circuit breaker {circuit} after repeated failures");
    let remedy = "see the failures in the log; the breaker retries by itself";
    (circuit != "closed").then(|| Finding::warning(&format!("category {name}"), seen(), remedy))
}

#[cfg(test)]
mod tests;
