//! What counts as a name of something: a path, a test, a setting, a metric.

use std::collections::BTreeSet;

/// The directories of the tree that documents speak of.
const ROOTS: [&str; 9] = ["host/", "docs/", "plugins/", "sdk/", "tests/", "tools/", "wit/", "examples/", "fuzz/"];

/// The paths in a piece of code: `host/x.rs`, and all of `host/{a,b}.rs`.
pub(crate) fn paths(code: &str) -> Vec<String> {
    // Methods of MCP begin like the directory of scripts.
    let is_method = |text: &str| text.starts_with("tools/") && !text.contains('.');
    let is_path =
        |text: &&str| ROOTS.iter().any(|root| text.starts_with(root) && text.len() > root.len()) && !is_method(text);
    let words = code.split_whitespace().filter(is_path);
    // What is built or chosen by the reader, and patterns.
    let words =
        words.filter(|word| !word.contains(['*', '…', '$', '<']) && !word.contains("NAME") && !word.ends_with(".wasm"));
    words.flat_map(expanded).map(|path| path.trim_end_matches([',', ')', ':']).to_owned()).collect()
}

fn expanded(path: &str) -> Vec<String> {
    let Some((before, rest)) = path.split_once('{') else { return vec![path.to_owned()] };
    let Some((middle, after)) = rest.split_once('}') else { return vec![path.to_owned()] };
    middle.split(',').map(|one| format!("{before}{one}{after}")).collect()
}

/// A test as `module::name`; the name may be cut with `…`.
pub(crate) fn test(code: &str) -> Option<(String, &str)> {
    let (module, name) = code.rsplit_once("::")?;
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_')
    };
    let is_module = module == "…" || module.split("::").all(is_name);
    (is_module && is_name(name.trim_end_matches('…'))).then(|| (module.trim_matches('…').to_owned(), name))
}

/// The keys in the tables of a reference.
pub(crate) fn keys(reference: &str) -> Vec<String> {
    let rows = reference.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    rows.map(|(key, _)| key.to_owned()).collect()
}

/// A setting that is named as `table.key` or `table.key = value`.
pub(crate) fn setting<'c>(code: &'c str, tables: &BTreeSet<String>) -> Option<&'c str> {
    let key = code.split(" = ").next()?.trim();
    let part = |part: &str| {
        let inner = part.trim_matches(['"', '…']);
        !inner.is_empty() && inner.chars().all(|sign| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_'))
    };
    let parts: Vec<&str> = key.split('.').collect();
    let is_file = matches!(key, "audit.key" | "audit.gap")
        || matches!(*parts.last()?, "toml" | "rs" | "md" | "wasm" | "wit" | "json" | "sh" | "lock");
    (parts.len() > 1 && !is_file && tables.contains(parts[0]) && parts.iter().all(|one| part(one))).then_some(key)
}

/// Whether a known key is meant, or a table that has it. `NAME` is any name.
pub(crate) fn covers(known: &str, key: &str) -> bool {
    let (mut known, mut key) = (known.split('.'), key.split('.'));
    loop {
        match (known.next(), key.next()) {
            (_, None) => return true,
            (Some("NAME"), Some(_)) => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

pub(crate) fn is_metric(text: &str) -> bool {
    let kinds = [
        "_total",
        "_seconds",
        "_bytes",
        "_info",
        "_up",
        "_state",
        "_in_flight",
        "_sessions",
        "_kept",
        "_peers",
        "_tasks",
    ];
    let ends =
        kinds.iter().any(|kind| text.ends_with(kind)) || text.ends_with("_instances") || text.ends_with("_workflows");
    text.starts_with("tandem_")
        && ends
        && text.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_')
}
