//! Errors of calls that never reached a guest.

use tandem_catalog::{RemovedTool, View, Violations, shown, shown_name};
use tandem_engine::Limit;
use tandem_package::MAX_URI;

use crate::{
    admission::Full,
    api::{CallError, Violation},
};

/// What is said of a tool that is not there: what became of it, if it once was. `near` are the names that may be meant,
/// best first.
#[must_use]
pub fn unknown_tool(view: &View, name: &str, near: Vec<String>) -> CallError {
    if view.tool_lacks_network(name) {
        return CallError::NoNetwork { kind: "tool", name: name.to_owned() };
    }
    match view.vanished(name) {
        Some(RemovedTool { category, version, near }) => {
            CallError::Removed { name: name.to_owned(), category: category.to_string(), version, near }
        }
        None => missing(view, "tool", name, near),
    }
}

/// The same of a category.
#[must_use]
pub fn unknown_category(view: &View, name: &str) -> CallError {
    if view.category_lacks_network(name) {
        return CallError::NoNetwork { kind: "category", name: name.to_owned() };
    }
    missing(view, "category", name, view.near_categories(name))
}

/// Its names are known when a plugin is compiled, so until then nobody can say that there is no such tool.
fn missing(view: &View, kind: &'static str, name: &str, near: Vec<String>) -> CallError {
    match view.compiling() {
        0 => not_found(kind, name, near),
        plugins => CallError::Compiling { kind, name: shown_name(name).into_owned(), plugins, near },
    }
}

pub(crate) fn not_found(kind: &'static str, name: &str, near: Vec<String>) -> CallError {
    let name = if kind == "resource" { shown(name, MAX_URI) } else { shown_name(name) };
    CallError::NotFound { kind, name: name.into_owned(), near }
}

pub(crate) fn invalid(name: &str, violations: Violations) -> CallError {
    let violations = violations.into_iter().map(|(pointer, message)| Violation { pointer, message }).collect();
    CallError::InvalidArguments { tool: name.to_owned(), violations }
}

pub(crate) fn queue_full(limit: Limit, full: &Full) -> CallError {
    CallError::Limited { limit, value: format!("{} waiting calls", full.0), retryable: true, retry_after: None }
}
