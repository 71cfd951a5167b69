//! Which lane a tool runs in, by its manifest and its name.

use tandem_catalog::{Category, Tool};
use tandem_package::Affinity;

use crate::api::Lane;

/// Name patterns of tools that need the network, in the order in which they are looked at.
const PATTERNS: [Pattern; 5] = [
    Pattern::Prefix("p2p_"),
    Pattern::Contains("workflow"),
    Pattern::Contains("taskqueue"),
    Pattern::Contains("peer"),
    Pattern::Contains("bootstrap"),
];

enum Pattern {
    Prefix(&'static str),
    Contains(&'static str),
}

impl Pattern {
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Prefix(text) => name.starts_with(text),
            Self::Contains(text) => name.contains(text),
        }
    }
}

/// Why a tool is in the reactor lane that could as well be in the general one.
pub(crate) const PREFERRED: &str = "preferred";

/// The lane, and the reason as it stands in metrics and `_meta`. Without a tool, the lane of the category's resources and prompts.
#[must_use]
pub fn choose(category: &Category, tool: Option<&Tool>) -> (Lane, &'static str) {
    if category.backend.is_upstream() {
        return (Lane::Upstream, "upstream");
    }
    let affinity = tool.map_or(category.affinity, |tool| tool.affinity);
    let name = tool.map_or("", |tool| &tool.descriptor.name);
    match decide(affinity, category.requires_p2p, name) {
        (Lane::General, "default") if category.prefers_reactor && tool.is_some() => (Lane::Reactor, PREFERRED),
        decided => decided,
    }
}

fn decide(affinity: Affinity, requires_p2p: bool, tool: &str) -> (Lane, &'static str) {
    match affinity {
        Affinity::General => (Lane::General, "affinity"),
        Affinity::Reactor => (Lane::Reactor, "affinity"),
        Affinity::Auto if requires_p2p => (Lane::Reactor, "requires_p2p"),
        Affinity::Auto if PATTERNS.iter().any(|pattern| pattern.fits(tool)) => (Lane::Reactor, "pattern"),
        Affinity::Auto => (Lane::General, "default"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_affinity_wins_then_need_then_name() {
        assert_eq!(decide(Affinity::General, true, "p2p_x"), (Lane::General, "affinity"));
        assert_eq!(decide(Affinity::Reactor, false, "add"), (Lane::Reactor, "affinity"));
        assert_eq!(decide(Affinity::Auto, true, "add"), (Lane::Reactor, "requires_p2p"));
        assert_eq!(decide(Affinity::Auto, false, "my_workflow_run"), (Lane::Reactor, "pattern"));
        assert_eq!(decide(Affinity::Auto, false, "add"), (Lane::General, "default"));
    }
}
