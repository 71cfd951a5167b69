//! Every setting is read by something that acts on it.
//!
//! The keys come from the configuration's JSON Schema. One counts as consumed where the sources, outside of what reads and
//! checks configurations, and outside of tests, take its field from its table: `server.drain` from `server.drain`,
//! `p2p.task-queue.workers` from `task_queue.workers`. The few that are taken by another way are listed with the very text.

use std::path::Path;

use tandem_config::HostConfig;

/// Keys whose table has another name where they are used: the file, and the text in it that takes them.
const OTHERWISE: [(&str, &str, &str); 14] = [
    ("audit.calls", "runtime/src/tenants.rs", "audited_calls()"),
    ("audit.required", "runtime/src/settings.rs", "config.audit_required()"),
    ("grants.*.config.*", "package/src/grant/effective.rs", "operator.config"),
    ("grants.*.env.*.inherit", "config/src/layers.rs", "EnvGrant::Inherit"),
    ("grants.*.fs.*.max-bytes", "package/src/grant/effective.rs", "grant.max_bytes"),
    ("grants.*.fs.*.max-files", "package/src/grant/effective.rs", "grant.max_files"),
    ("grants.*.fs.*.mode", "package/src/grant/effective.rs", "grant.mode"),
    ("grants.*.fs.*.path", "package/src/grant/effective.rs", "unwrap_or(grant).path"),
    ("limits.concurrency-per-plugin", "package/src/plugin/limits.rs", "ceilings.concurrency_per_plugin"),
    // It only decides whether the configuration is one to start with.
    ("p2p.allow-unauthenticated", "config/src/config.rs", "self.p2p.allow_unauthenticated"),
    ("p2p.connection-timeout", "cluster/src/settings.rs", "config.connection_timeout"),
    ("p2p.discovery.github.api-base", "cluster/src/settings.rs", "config.api_base"),
    ("p2p.discovery.github.repository", "cluster/src/settings.rs", "config.repository"),
    ("p2p.name", "cluster/src/settings.rs", "config.name"),
];

fn host() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code of every source that may consume a setting: without comments and unit tests.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("config/src") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(code(&path));
        }
    }
}

fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || sign == '_'
}

/// Whether `field` is taken from something that is called `table`, or like one of them.
fn takes(code: &str, table: &str, field: &str) -> bool {
    let one = table.strip_suffix('s').unwrap_or(table);
    code.match_indices(field).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + field.len()..]);
        let Some(owner) = before.trim_end().strip_suffix('.') else { return false };
        let owner = owner.trim_end();
        let owner = &owner[owner.rfind(|sign| !is_word(sign)).map_or(0, |end| end + 1)..];
        !after.starts_with(is_word) && (owner == table || owner == one)
    })
}

/// Whether a capability's own module takes this bound of its grants; `None` where the key is not such a bound.
fn is_bound(key: &str) -> Option<bool> {
    let (capability, field) = key.strip_prefix("grants.*.")?.split_once('.')?;
    let module = host().join("package/src/capability").join(capability).with_extension("rs");
    module.exists().then(|| code(&module).contains(&format!("bounds?.{}", field.replace('-', "_"))))
}

fn is_consumed(key: &str, sources: &[String]) -> bool {
    if let Some(is_bound) = is_bound(key) {
        return is_bound;
    }
    if let Some((_, file, text)) = OTHERWISE.iter().find(|(other, _, _)| *other == key) {
        return code(&host().join(file)).contains(text);
    }
    let parts: Vec<String> = key.split('.').filter(|part| *part != "*").map(|part| part.replace('-', "_")).collect();
    let (field, tables) = parts.split_last().unwrap();
    let table = tables.last().map_or("config", String::as_str);
    sources.iter().any(|code| takes(code, table, field))
}

#[test]
fn every_setting_has_a_consumer() {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(host()).unwrap() {
        sources(&entry.unwrap().path().join("src"), &mut all);
    }
    let keys = HostConfig::keys();
    assert!(keys.len() > 100 && all.len() > 100, "{} keys, {} sources", keys.len(), all.len());
    // A tenant's grants have the type of the operator's, and what narrows the ones reads the others.
    let distinct = keys.iter().filter(|key| !key.starts_with("tenants.*.grants."));
    let unread: Vec<&String> = distinct.filter(|key| !is_consumed(key, &all)).collect();
    assert!(
        unread.is_empty(),
        "nothing reads {unread:?}; use them, or take them out (`config/src/absent.rs` says of a key that it is not \
         offered)"
    );
    for (key, _, _) in OTHERWISE {
        assert!(keys.iter().any(|other| other == key), "{key} is no setting any more");
    }
    for absent in ["server.request-timeout", "grants.*.kv.max-values"] {
        assert!(!is_consumed(absent, &all), "the search finds {absent}, which is not there");
    }
}
