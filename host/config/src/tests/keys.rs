//! Which keys there are, which are refused by name, and which of them changed.

use super::*;

#[test]
fn keys_of_features_that_are_not_there_are_refused_by_name() {
    for (text, expected) in [
        (
            "[server]\nrequest-timeout = '30s'\n",
            "tandem.toml:2:1: `server.request-timeout` is not offered by this host",
        ),
        ("[telemetry]\notlp-endpoint = ''\n", "tandem.toml:2:1: `telemetry.otlp-endpoint` is not offered"),
        ("[telemetry]\nmetrics = true\n", "`server.metrics-token`"),
        ("[store]\nurl = 'postgres://db/tandem'\n", "tandem.toml:2:7: this host keeps its state in SQLite only"),
    ] {
        let error = one_error(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
    let error =
        load_all("", &[("TANDEM_TELEMETRY__METRICS", "true")], &[("server.request-timeout", "1s")]).unwrap_err();
    let labels: Vec<_> = error.as_slice().iter().map(|error| error.file_label.as_str()).collect();
    assert_eq!(labels, ["flag server.request-timeout", "environment variable TANDEM_TELEMETRY__METRICS"]);
}

#[test]
fn what_changed_is_known_by_its_keys_secrets_too() {
    let changed = |old: &str, new: &str| load(old).changed(&load(new));
    assert!(changed(FULL, FULL).is_empty());
    assert!(changed("", "[server]\nport = 8000\n").is_empty(), "a default that is written down is no change");
    assert_eq!(
        changed(
            "[server]\nport = 1\n",
            "[server]\nallowed-hosts = ['a.test']\n[tenants.a]\nconcurrency = 1\n[general]\nworkers=1\n"
        ),
        ["general.workers", "server.allowed-hosts", "server.port"]
            .map(str::to_owned)
            .into_iter()
            .chain(
                load("[tenants.a]\nconcurrency = 1\n")
                    .entries()
                    .into_iter()
                    .map(|entry| entry.key)
                    .filter(|key| key.starts_with("tenants."))
            )
            .collect::<Vec<_>>()
    );
    let token = |reference: &str| format!("[server]\nmetrics-token = '${{env:{reference}}}'\n");
    assert_eq!(changed("", &token("PORT")), ["server.metrics-token"]);
    assert_eq!(changed(&token("EXAMPLE_TOKEN"), &token("PORT")), ["server.metrics-token"], "neither is shown");
}

/// Every key of every table in a value.
fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        found.push(key.clone());
        keys(value, found);
    }
}

#[test]
fn the_schema_has_every_key_of_the_file() {
    let schema = HostConfig::json_schema();
    let text = schema.to_string();
    let table: toml::Table = FULL.parse().unwrap();
    let mut found = Vec::new();
    keys(&serde_json::to_value(&table).unwrap(), &mut found);
    let names =
        ["data.read", "dataset", "acme", "data", "api-token", "LANG", "TZ", "HIDDEN", "depth", "legacy", "read_file"];
    for key in found.iter().filter(|key| !names.contains(&key.as_str())) {
        assert!(text.contains(&format!("\"{key}\":")), "{key}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert!(!text.contains("\"origins\":"), "what is not in the file is not in the schema");
}
