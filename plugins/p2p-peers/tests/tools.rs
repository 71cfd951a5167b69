//! The tools, called as the host calls them; the network is a script.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

#[path = "../../lib/p2p-forms/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use tandem_plugin_p2p_peers::Peers;
use tandem_sdk::prelude::*;

const PEER: &str = "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const ADDRESS: &str = "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const THEN: &str = "2026-03-01T12:00:00Z";

fn passes(tool: &str, arguments: Value, function: &str, answer: Value, required: &[&str]) -> Value {
    let (tool, function) = (format!("p2p_peer_{tool}"), format!("peers.{function}"));
    support::passes::<Peers>(&tool, &arguments, &function, &answer, required)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("p2p_peer_{name}")).collect()
}

#[test]
fn the_tools_say_what_they_do_to_the_world() {
    assert_eq!(support::annotated::<Peers>(true, false, true), set(&["get_public_ip", "list"]));
    assert_eq!(support::annotated::<Peers>(false, true, true), set(&["cleanup"]));
    assert_eq!(support::annotated::<Peers>(false, false, true), set(&["register", "discover", "bootstrap"]));
    assert_eq!(support::names::<Peers>().len(), 6);
}

#[test]
fn parameters_and_their_defaults() {
    let all: [(&str, &[&str]); 6] = [
        ("register", &["addresses?", "metadata?", "ttl_s=1800"]),
        ("discover", &["max_peers=10", "sources?", "timeout_s=5", "tool?"]),
        ("bootstrap", &["min_connections=1", "nodes?", "timeout_s=30"]),
        ("cleanup", &["dry_run=false", "older_than_s?"]),
        ("get_public_ip", &["methods?", "timeout_s=5"]),
        ("list", &["cursor?", "limit=100", "sort=\"last_seen\"", "state?"]),
    ];
    for (tool, expected) in all {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(support::parameters::<Peers>(&format!("p2p_peer_{tool}")), expected, "{tool}");
    }
}

#[test]
fn schemas_refuse_what_does_not_fit_and_name_it() {
    let refused = [
        ("register", json!({ "addresses": ["192.0.2.1:4001"] }), "/addresses/0"),
        ("register", json!({ "addresses": vec![ADDRESS; 9] }), "/addresses"),
        ("register", json!({ "ttl_s": 86_401 }), "/ttl_s"),
        ("register", json!({ "metadata": [] }), "/metadata"),
        ("register", json!({ "adresses": [] }), "adresses"),
        ("discover", json!({ "sources": ["env"] }), "/sources"),
        ("discover", json!({ "sources": ["file", "file", "file", "file", "file", "file"] }), "/sources"),
        ("discover", json!({ "max_peers": 1_001 }), "/max_peers"),
        ("discover", json!({ "timeout_s": 61 }), "/timeout_s"),
        ("discover", json!({ "tool": "a b" }), "/tool"),
        ("bootstrap", json!({ "nodes": ["/a b"] }), "/nodes/0"),
        ("bootstrap", json!({ "nodes": vec![ADDRESS; 65] }), "/nodes"),
        ("bootstrap", json!({ "min_connections": 0 }), "/min_connections"),
        ("bootstrap", json!({ "timeout_s": 301 }), "/timeout_s"),
        ("cleanup", json!({ "older_than_s": -1 }), "/older_than_s"),
        ("get_public_ip", json!({ "methods": ["upnp"] }), "/methods"),
        ("get_public_ip", json!({ "timeout_s": 0 }), "/timeout_s"),
        ("list", json!({ "state": "lost" }), "/state"),
        ("list", json!({ "sort": "name" }), "/sort"),
        ("list", json!({ "limit": 0 }), "/limit"),
    ];
    for (tool, arguments, culprit) in refused {
        let refusal = support::refusal::<Peers>(&format!("p2p_peer_{tool}"), &arguments);
        assert!(refusal.contains(culprit), "{tool} {arguments}: `{refusal}`");
    }
}

#[test]
fn this_host_is_registered() {
    let registered = json!({ "peer_id": PEER, "record": { "payload": "p", "signature": "s" }, "registries": ["file"] });
    let register =
        |arguments| passes("register", arguments, "register", registered.clone(), &["peer_id", "record", "registries"]);
    assert_eq!(register(json!({})), json!({ "addresses": [], "ttl_s": 1_800, "metadata": null }));
    let all = json!({ "addresses": [ADDRESS], "ttl_s": 1, "metadata": { "region": null } });
    assert_eq!(register(all.clone()), all);
}

#[test]
fn peers_are_looked_for_where_asked() {
    let found = json!({
        "peers": [{ "peer_id": PEER, "addresses": [ADDRESS], "source": "file", "expires_at": THEN }],
        "by_source": { "file": 1, "mdns": 0 }, "errors": [{ "source": "github", "error": "no token" }],
    });
    let discover =
        |arguments| passes("discover", arguments, "discover", found.clone(), &["peers", "by_source", "errors"]);
    assert_eq!(discover(json!({})), json!({ "sources": [], "max_peers": 10, "timeout_s": 5, "tool": null }));
    let sources = ["file", "mdns", "dht", "rendezvous", "github"];
    let all = json!({ "sources": sources, "max_peers": 1, "timeout_s": 60, "tool": "add" });
    assert_eq!(discover(all.clone()), all);
}

#[test]
fn peers_are_connected_to() {
    let connected = json!({ "connected": 1, "failed": [{ "address": ADDRESS, "error": "refused" }], "ready": true });
    let connect =
        |arguments| passes("bootstrap", arguments, "connect", connected.clone(), &["connected", "failed", "ready"]);
    assert_eq!(connect(json!({})), json!({ "nodes": [], "min_connections": 1, "timeout_s": 30 }));
    let all = json!({ "nodes": [ADDRESS], "min_connections": 2, "timeout_s": 300 });
    assert_eq!(connect(all.clone()), all);
}

#[test]
fn old_peers_are_forgotten() {
    let cleaned = json!({ "removed": [PEER], "kept": 3 });
    let cleanup = |arguments| passes("cleanup", arguments, "cleanup", cleaned.clone(), &["removed", "kept"]);
    assert_eq!(cleanup(json!({})), json!({ "older_than_s": null, "dry_run": false }));
    let all = json!({ "older_than_s": 0, "dry_run": true });
    assert_eq!(cleanup(all.clone()), all);
}

#[test]
fn public_addresses_come_with_how_they_were_found() {
    let seen = json!({
        "addresses": [
            { "ip": "192.0.2.1", "port": 4001, "method": "identify", "confirmations": 2 },
            { "ip": "2001:db8::1", "method": "http", "confirmations": 1 },
        ],
        "reachability": "unknown",
    });
    let addresses = |arguments| {
        passes("get_public_ip", arguments, "public-addresses", seen.clone(), &["addresses", "reachability"])
    };
    assert_eq!(addresses(json!({})), json!({ "methods": [], "timeout_s": 5 }));
    let all = json!({ "methods": ["identify", "autonat", "http"], "timeout_s": 1 });
    assert_eq!(addresses(all.clone()), all);
}

#[test]
fn peers_are_listed_in_pages() {
    let peer = json!({
        "peer_id": PEER, "name": "north-1", "addresses": [ADDRESS], "state": "connected", "rtt_ms": 0.5, "score": -2, "tools": ["add"],
        "first_seen": THEN, "last_seen": THEN, "source": "mdns",
    });
    let page = json!({ "peers": [peer], "total": 2, "next_cursor": "n" });
    let list = |arguments| passes("list", arguments, "list-peers", page.clone(), &["peers", "total"]);
    assert_eq!(list(json!({})), json!({ "filter": { "sort": "last_seen", "limit": 100 } }));
    let all = json!({ "state": "connected", "sort": "rtt", "limit": 1, "cursor": "c" });
    assert_eq!(list(all.clone()), json!({ "filter": all }));
    let mut lacking = page.clone();
    lacking["peers"][0].as_object_mut().unwrap().remove("score");
    let (_, answered) = support::call::<Peers>("p2p_peer_list", &json!({}), "peers.list-peers", &lacking);
    assert!(answered.unwrap_err().to_string().contains("`score`"));
}
