//! What a token's scopes allow, within what its tenant has.
//!
//! `tandem` is everything, `tandem:category:NAME` one category, `tandem:tool:NAME` one tool. Other scopes mean what the
//! configuration says, and nothing where it says nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tandem_types::Allow;

/// The scope for all that the tenant has.
pub(super) const ALL: &str = "tandem";

/// The scopes that a token carries: `scope` as text (RFC 8693), or `scp` as list or text.
pub(super) fn of(claims: &Map<String, Value>) -> Vec<String> {
    let split = |text: &str| text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(text)) => split(text),
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The union of what the scopes allow. Empty when none means anything.
pub(super) fn allowed(scopes: &[String], table: &BTreeMap<String, Vec<Allow>>) -> Vec<Allow> {
    scopes.iter().flat_map(|scope| one(scope, table)).collect()
}

fn one(scope: &str, table: &BTreeMap<String, Vec<Allow>>) -> Vec<Allow> {
    if scope == ALL {
        return vec![Allow::All];
    }
    match scope.strip_prefix("tandem:").and_then(|rest| rest.split_once(':')) {
        Some(("category", name)) if !name.is_empty() => vec![Allow::Category(name.into())],
        Some(("tool", name)) if !name.is_empty() => vec![Allow::Tool(name.into())],
        Some(_) => Vec::new(),
        None => table.get(scope).cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_claims_and_both_forms_are_read() {
        let read = |claims: Value| of(claims.as_object().unwrap());
        assert_eq!(read(json!({"scope": "a  b"})), ["a", "b"]);
        assert_eq!(read(json!({"scp": ["a", "b", 5]})), ["a", "b"]);
        assert_eq!(read(json!({"scp": "a"})), ["a"]);
        assert!(read(json!({"scope": {"a": 1}})).is_empty() && read(json!({})).is_empty());
    }

    #[test]
    fn scopes_mean_what_is_built_in_or_configured_and_nothing_else() {
        let table = BTreeMap::from([("data.read".to_owned(), vec![Allow::Category("dataset".into())])]);
        let meaning = |scope: &str| allowed(&[scope.to_owned()], &table);
        assert_eq!(meaning("tandem"), [Allow::All]);
        assert_eq!(meaning("tandem:category:search"), [Allow::Category("search".into())]);
        assert_eq!(meaning("tandem:tool:search_query"), [Allow::Tool("search_query".into())]);
        assert_eq!(meaning("data.read"), [Allow::Category("dataset".into())]);
        for nothing in ["openid", "tandem:", "tandem:category", "tandem:category:", "tandem:all:x", "Tandem", "tandem2"]
        {
            assert!(meaning(nothing).is_empty(), "{nothing}");
        }
    }
}
