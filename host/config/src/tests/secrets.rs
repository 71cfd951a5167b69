//! References to secrets, and that none is shown.

use super::*;

#[test]
fn references_give_any_value_and_never_print() {
    let text = format!("{FULL}\n[plugins.prefixes]\na = '${{env:PORT}}_'\n")
        .replace("port = 8000", "port = '${env:PORT}'")
        .replace("sqlite:tandem.db", "sqlite:${file:/run/secrets/db}");
    let config = load(&text);
    assert_eq!(config.server.port, 9_100);
    assert_eq!(config.plugins.prefixes["a"].as_str(), "9100_");
    assert_eq!(config.store.url.path(), "s3cret-db");
    let entries = config.entries();
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).unwrap().value.clone();
    assert_eq!(entry("store.url"), "\"sqlite:${file:/run/secrets/db}\"");
    assert_eq!(entry("server.port"), "\"${env:PORT}\"");
    assert_eq!(
        entry("tenants.acme.keys"),
        "[\"${env:ACME_KEY_SHA256}\",{\"expires\":\"2027-01-01T00:00:00Z\",\"hash\":\"${env:CI_KEY_SHA256}\",\"name\":\"ci\"}]"
    );
    let printed = format!("{config:?} {} {entries:?}", serde_json::to_string(&config).unwrap());
    let printed = printed.replace("s3cret-db", "the path of a database is no secret");
    assert!(!printed.contains("s3cret") && !printed.contains(HASH), "{printed}");
    assert!(!format!("{config:?}").contains("159, 134"), "nor the bytes of a hash");
}

#[test]
fn secrets_in_clear_text_are_refused_and_not_repeated() {
    let clear = "[grants.a]\nsecrets.token = 'hunter2'\n[tenants.b]\nkeys = ['hunter2']\n[p2p]\npsk = 'hunter2'\nadmission = 'psk'\n\
        listen = []\n[p2p.discovery.github]\ntoken = 'hunter2'\n[store]\nurl = 'postgres://u:hunter2@db/t'\n";
    let errors = load_all(clear, &[], &[]).unwrap_err();
    assert_eq!(errors.as_slice().len(), 5, "{errors:?}");
    let text = errors.render(false);
    assert!(text.contains("refused") && text.contains("tandem.toml:2:17"), "{text}");
    assert!(!text.contains("hunter2") && !format!("{errors:?}").contains("hunter2"), "{text}");

    let flag = load_all("", &[], &[("grants.a.secrets.token", "hunter2")]).unwrap_err();
    assert_eq!(flag.as_slice()[0].file_label, "flag grants.a.secrets.token");
    assert!(!flag.render(false).contains("hunter2"), "a process list shows flags");
    let partly = one_error("[grants.a]\nsecrets.token = 'x${env:EXAMPLE_TOKEN}'\n");
    assert!(partly.contains("clear text"), "{partly}");
}

#[test]
fn other_errors_near_a_secret_hide_it_too() {
    for text in [
        "[grants.a]\nsecrets = { token = 'hunter2', other = 5 }\n",
        "[grants.a.secrets]\ntoken = 'hunter2\n",
        "[tenants.a]\nkeys = 'hunter2'\n",
        "[grants.a]\nsecrets = { token = 'hunter2' }, x = 1\n",
        "[store]\nurl = { x = 'postgres://u:hunter2@h/d' }\n",
        "[grants.a.secrets]\ntoken = \"\"\"\nhunter2\n\"\"\" 5\n",
        "[upstreams.a]\nurl = 'https://u:hunter2@h/mcp'\n",
        "[server]\nhost = '${env:EXAMPLE_TOKEN}'\n",
        "[server]\nallowed-origins = '${env:EXAMPLE_TOKEN},x'\n",
        "[limits]\nmemory = '${env:EXAMPLE_TOKEN}'\n",
        "[server]\nexposure = '${env:EXAMPLE_TOKEN}'\n",
    ] {
        let errors = load_all(text, &[], &[]).unwrap_err();
        let shown = format!("{} {errors} {errors:?}", errors.render(false));
        assert!(!shown.contains("hunter2") && !shown.contains("s3cret"), "{text}\n{shown}");
    }
}
