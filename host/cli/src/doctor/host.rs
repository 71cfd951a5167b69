//! What the running host says of itself.

use anyhow::Context as _;
use serde_json::Value;
use tandem_config::{Admission, HostConfig};

use super::{Finding, PATIENCE};
use crate::args::Doctor;

/// Share of a lane's calls that may fail before it is worth a warning, once there were enough of them.
const FAILING: (f64, f64) = (0.05, 50.0);
/// A commit that takes longer, in milliseconds, holds every writer up.
const SLOW_COMMIT: f64 = 250.0;

/// Why the host did not tell.
pub(super) enum Unreached {
    /// Nobody answers.
    Nobody(String),
    /// It answers, and refuses.
    Refused(u16),
    /// The answer is none.
    Other(String),
}

impl Unreached {
    pub(super) fn finding(self, url: &str) -> Finding {
        match self {
            Self::Nobody(error) => Finding::problem(
                "host",
                format!("no host answers at {url}: {error}"),
                "start it with `tandem serve`, or name another with --url",
            ),
            Self::Refused(status) => Finding::problem(
                "host",
                format!("{url} answers {status}: lanes and plugins are for the operator"),
                "set server.metrics-token, and show it with --token or TANDEM_TOKEN",
            ),
            Self::Other(error) => {
                Finding::problem("host", format!("{url}: {error}"), "see that this is a tandem host of this version")
            }
        }
    }
}

/// Where the host is asked, and with which token: the flags', else the configuration's.
pub(super) fn target(args: &Doctor, config: &HostConfig) -> (String, Option<String>) {
    let configured = || {
        // Who listens everywhere is reached at home.
        let address = std::net::SocketAddr::new(config.server.host, config.server.port);
        let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
        let host = if address.is_ipv6() && !address.ip().is_unspecified() { format!("[{host}]") } else { host };
        format!("http://{host}:{}", address.port())
    };
    let base = args.url.clone().unwrap_or_else(configured);
    let token = args.token.clone().or_else(|| config.server.metrics_token.as_ref().map(|t| t.expose().to_owned()));
    (format!("{}/health/runtime", base.trim_end_matches('/')), token)
}

pub(super) async fn ask(url: &str, token: Option<&str>) -> Result<Value, Unreached> {
    // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build();
    let client = client.map_err(|error| Unreached::Other(error.to_string()))?;
    let mut request = client.get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.map_err(|error| {
        let why = anyhow::Error::from(error).root_cause().to_string();
        Unreached::Nobody(why)
    })?;
    let status = response.status();
    if !status.is_success() {
        return Err(match status.as_u16() {
            401 | 403 => Unreached::Refused(status.as_u16()),
            other => Unreached::Other(format!("it answers {other}")),
        });
    }
    let answer = response.json::<Value>().await.context("the answer is no JSON");
    answer.map_err(|error| Unreached::Other(crate::exit::chain(&error)))
}

pub(super) fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or_default()
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn all<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn look(answer: &Value, config: &HostConfig, findings: &mut Vec<Finding>) {
    findings.push(ready(answer));
    findings.extend(all(answer, "lanes").iter().map(|lane| self::lane(lane, config)));
    if let Some(network) = answer.get("network").filter(|network| !network.is_null()) {
        findings.push(self::network(network, config));
        super::peers::look(network, findings);
        super::tasks::look(network, findings);
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
            format!("{seen}, and shutting down"),
            "wait for it to end, then start it again",
        );
    }
    match answer.get("ready") {
        Some(Value::Bool(true)) => Finding::ok("host", seen),
        _ => Finding::problem("host", format!("{seen}, not ready"), "its log says which plugin it still loads"),
    }
}

fn lane(lane: &Value, config: &HostConfig) -> Finding {
    let name = format!("{} lane", text(lane, "lane"));
    let (calls, errors) = (number(lane, "calls"), number(lane, "errors"));
    let seen = format!("{}, {calls} calls, {errors} without an answer", text(lane, "state"));
    match text(lane, "state") {
        "down" => {
            let remedy =
                "its thread starts anew by itself; where that fails, the log says why: a taken port, a wrong key";
            Finding::problem(&name, seen, remedy)
        }
        "off" if config.reactor.enabled => {
            Finding::warning(&name, seen, "the configuration wants it: restart the host to have it")
        }
        _ if calls >= FAILING.1 && errors > calls * FAILING.0 => {
            Finding::warning(&name, seen, "see which category fails with `tandem list`, and its lines in the log")
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
        return Finding::warning("network", seen, "its thread panicked: report the panic in the log");
    }
    if all(network, "listening").is_empty() {
        return Finding::problem("network", seen, "no address of p2p.listen can be had; choose other ports");
    }
    if connected >= most && most > 0.0 {
        return Finding::warning("network", seen, "no further peer gets in: raise p2p.max-connections");
    }
    if config.p2p.admission == Admission::Closed && config.p2p.allow.is_empty() {
        let remedy = "no peer may connect: name them in p2p.allow, or set p2p.admission, if this host should have any";
        return Finding::warning("network", seen, remedy);
    }
    if tandem_runtime::peers::is_open_to_everybody(config) {
        let remedy =
            "every peer that reaches p2p.listen may call every tool: name peers in p2p.allow, or add `[tenants.NAME]`";
        return Finding::warning("network", seen, remedy);
    }
    Finding::ok("network", seen)
}

fn store(store: &Value) -> Finding {
    if store.get("ok") != Some(&Value::Bool(true)) {
        let remedy = "see that the disk has room and can be written; the log has the database's own words";
        return Finding::problem("commits", text(store, "error"), remedy);
    }
    let took = number(store, "commit_ms");
    let seen = format!("{took:.1} ms for one");
    if took > SLOW_COMMIT {
        return Finding::warning("commits", seen, "the disk is slow or busy; put the data directory on another one");
    }
    Finding::ok("commits", seen)
}

fn plugin(plugin: &Value) -> Option<Finding> {
    let reason = plugin.pointer("/error/reason").and_then(Value::as_str)?;
    let name = format!("plugin {}", text(plugin, "file"));
    let remedy = "mend the file and put it there again, or take it out; `tandem list` follows it";
    Some(match text(plugin, "state") {
        "refused" => Finding::problem(&name, format!("nothing of it is served: {reason}"), remedy),
        _ => Finding::warning(&name, format!("an earlier version is served: {reason}"), remedy),
    })
}

fn circuit(category: &Value) -> Option<Finding> {
    let (name, circuit) = (text(category, "name"), text(category, "circuit"));
    let seen = || format!("paused after repeated failures ({circuit})");
    let remedy = "the log has what failed; it is tried again by itself";
    (circuit != "closed").then(|| Finding::warning(&format!("category {name}"), seen(), remedy))
}

#[cfg(test)]
mod tests;
