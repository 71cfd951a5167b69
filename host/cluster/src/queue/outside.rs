//! What workers outside of all hosts ask for: a tool that nobody else has may be one of theirs.
//!
//! **Bounds.** [`TOOLS`] tools of all tenants; a note is forgotten [`FRESH`] after the last claim.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Tools that are remembered, each for its tenant. A claim names up to a thousand.
const TOOLS: usize = 4_096;
/// How long a worker is believed to be there that claims nothing more: a few of its longest waits.
const FRESH: Duration = Duration::from_secs(300);

/// See the module.
#[derive(Default)]
pub(crate) struct OutsideWorkers(Mutex<HashMap<String, HashMap<String, Instant>>>);

impl OutsideWorkers {
    /// A worker of a tenant asks for calls of these tools.
    pub(crate) fn note(&self, tenant: &str, tools: &[String]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for of in all.values_mut() {
            of.retain(|_, at| at.elapsed() < FRESH);
        }
        all.retain(|_, of| !of.is_empty());
        let room = TOOLS.saturating_sub(all.values().map(HashMap::len).sum());
        let of = all.entry(tenant.to_owned()).or_default();
        let (mut known, mut new) = (Vec::new(), Vec::new());
        tools.iter().for_each(|tool| if of.contains_key(tool) { known.push(tool) } else { new.push(tool) });
        for tool in known.into_iter().chain(new.into_iter().take(room)) {
            of.insert(tool.clone(), Instant::now());
        }
    }

    /// Whether one asked not long ago.
    pub(crate) fn has(&self, tenant: &str, tool: &str) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(tenant).and_then(|of| of.get(tool)).is_some_and(|at| at.elapsed() < FRESH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_to_its_tenant_and_no_more_than_so_many_are() {
        let outside = OutsideWorkers::default();
        outside.note("acme", &["resize".to_owned()]);
        assert!(outside.has("acme", "resize") && !outside.has("globex", "resize") && !outside.has("acme", "other"));
        let many: Vec<_> = (0..TOOLS + 10).map(|n| format!("t{n}")).collect();
        outside.note("globex", &many);
        assert_eq!(many.iter().filter(|tool| outside.has("globex", tool)).count(), TOOLS - 1);
        outside.note("acme", &["late".to_owned(), "resize".to_owned()]);
        assert!(!outside.has("acme", "late") && outside.has("acme", "resize"));
    }
}
