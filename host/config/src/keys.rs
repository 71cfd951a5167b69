//! The keys that a configuration may have, as its JSON Schema has them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::HostConfig;

/// Deepest table, as a bound for schemas that refer to themselves; ours do not.
const MAX_TABLES: usize = 12;

impl HostConfig {
    /// Every key, dotted and sorted; `*` stands for a name that the operator chooses, as in `tenants.*.concurrency`.
    #[must_use]
    pub fn keys() -> Vec<String> {
        let (schema, mut keys) = (Self::json_schema(), BTreeSet::new());
        collect(&schema, &schema, "", MAX_TABLES, &mut keys);
        keys.into_iter().collect()
    }
}

/// Notes the keys below a value; its own where it can be something else than a table.
fn collect(root: &Json, schema: &Json, key: &str, depth: usize, keys: &mut BTreeSet<String>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.into_iter().for_each(|target| collect(root, target, key, depth + 1, keys));
    }
    let either = ["anyOf", "oneOf"].iter().filter_map(|word| schema.get(word)?.as_array()).flatten();
    let either: Vec<&Json> = either.filter(|branch| branch.get("type").is_none_or(|kind| kind != "null")).collect();
    either.iter().for_each(|branch| collect(root, branch, key, depth, keys));
    let fields = schema.get("properties").and_then(Json::as_object);
    fields.into_iter().flatten().for_each(|(name, field)| collect(root, field, &below(name), depth, keys));
    // Names that the operator chooses: any, or those of a form.
    let any = schema.get("additionalProperties").filter(|any| any.is_object());
    let formed = schema.get("patternProperties").and_then(Json::as_object);
    let named: Vec<&Json> = any.into_iter().chain(formed.into_iter().flat_map(|formed| formed.values())).collect();
    named.iter().for_each(|named| collect(root, named, &below("*"), depth, keys));
    if either.is_empty() && fields.is_none() && named.is_empty() && !key.is_empty() {
        keys.insert(key.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_through_tables_options_and_names() {
        let keys = HostConfig::keys();
        for key in [
            "server.port",
            "server.session-limit-per-tenant",
            "auth.issuer",
            "plugins.canary.share",
            "tenants.*.rate.burst",
            "tenants.*.keys",
            "p2p.discovery.github.repository",
            "plugins.aliases.*.*",
            "grants.*.invoke",
        ] {
            assert!(keys.iter().any(|other| other == key), "{key}\n{keys:#?}");
        }
        assert!(keys.iter().all(|key| !key.is_empty() && !key.starts_with('.')));
    }
}
