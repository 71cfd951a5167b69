//! The tools, called as the host calls them; the network is a script.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure fails the test")]

#[path = "../../lib/p2p-forms/tests/support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use tandem_plugin_p2p_bootstrap::Bootstrap;
use tandem_sdk::prelude::*;
use tandem_sdk::testing;

const ADDRESS: &str = "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp";
const THEN: &str = "2026-03-01T12:00:00Z";

fn passes(tool: &str, arguments: Value, function: &str, answer: Value, required: &[&str]) -> Value {
    let (tool, function) = (format!("p2p_bootstrap_{tool}"), format!("bootstrap.{function}"));
    support::passes::<Bootstrap>(&tool, &arguments, &function, &answer, required)
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| format!("p2p_bootstrap_{name}")).collect()
}

fn nodes() -> Value {
    json!({ "nodes": [ADDRESS], "connected": 0, "failed": [{ "address": ADDRESS, "error": "refused" }] })
}

#[test]
fn the_tools_say_what_they_do_to_the_world() {
    assert_eq!(support::annotated::<Bootstrap>(true, false, true), set(&["list"]));
    assert_eq!(support::annotated::<Bootstrap>(false, false, true), set(&["from_file", "from_env", "from_public"]));
    assert_eq!(support::names::<Bootstrap>().len(), 4);
}

#[test]
fn parameters_and_their_defaults() {
    let all: [(&str, &[&str]); 4] = [
        ("from_file", &["connect=true", "path?"]),
        ("from_env", &["connect=true", "variable=\"TANDEM_BOOTSTRAP\""]),
        ("from_public", &["connect=true"]),
        ("list", &[]),
    ];
    for (tool, expected) in all {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(support::parameters::<Bootstrap>(&format!("p2p_bootstrap_{tool}")), expected, "{tool}");
    }
}

#[test]
fn schemas_refuse_what_does_not_fit_and_name_it() {
    let refused = [
        ("from_file", json!({ "path": "" }), "/path"),
        ("from_file", json!({ "file": "a" }), "file"),
        ("from_env", json!({ "variable": "A=B" }), "/variable"),
        ("from_env", json!({ "variable": "A".repeat(65) }), "/variable"),
        ("from_public", json!({ "connect": "yes" }), "/connect"),
        ("list", json!({ "limit": 1 }), "limit"),
    ];
    for (tool, arguments, culprit) in refused {
        let refusal = support::refusal::<Bootstrap>(&format!("p2p_bootstrap_{tool}"), &arguments);
        assert!(refusal.contains(culprit), "{tool} {arguments}: `{refusal}`");
    }
}

#[test]
fn the_text_of_a_variable_goes_to_the_host_as_it_is() {
    // What is set in every environment stands for the granted variable.
    let text = std::env::var("PATH").unwrap();
    let required = ["nodes", "connected", "failed"];
    let asked = passes("from_env", json!({ "variable": "PATH", "connect": false }), "from-text", nodes(), &required);
    assert_eq!(asked, json!({ "source": "env", "text": text, "connect": false }));
}

#[test]
fn without_a_grant_nothing_reaches_the_host() {
    let refused = |tool, arguments: Value| testing::call::<Bootstrap>(tool, &arguments).unwrap_err();
    assert!(matches!(refused("p2p_bootstrap_from_env", json!({})), Error::NotFound(_)));
    assert!(matches!(refused("p2p_bootstrap_from_file", json!({})), Error::Denied(_)));
    assert!(matches!(refused("p2p_bootstrap_from_file", json!({ "path": "../a" })), Error::InvalidArguments(_)));
    assert_eq!(testing::take_p2p_requests(), []);
}

#[test]
fn public_nodes_are_asked_of_the_host() {
    let public =
        |arguments| passes("from_public", arguments, "from-public", nodes(), &["nodes", "connected", "failed"]);
    assert_eq!(public(json!({})), json!({ "connect": true }));
    assert_eq!(public(json!({ "connect": false })), json!({ "connect": false }));
}

#[test]
fn sources_are_listed() {
    let sources = json!({ "sources": [
        { "source": "file", "nodes": 2, "last_used": THEN, "last_error": "no address" },
        { "source": "public", "nodes": 0 },
    ] });
    assert_eq!(passes("list", json!({}), "list-sources", sources, &["sources"]), json!({}));
}
