//! Which categories and tools a caller may see and call: one evaluator for listing and calling.
//!
//! An [`Access`] is made by whoever authenticates (tenant's categories, token's scopes) and travels with the
//! [`Caller`](crate::Caller). What it does not allow is not there for the caller: not listed, and not found by name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One thing that is allowed. As JSON: `"all"`, `{"category": NAME}` or `{"tool": NAME}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allow {
    /// Every category.
    All,
    /// All of one category: its tools, prompts and resources.
    Category(Arc<str>),
    /// One tool, by its public name.
    Tool(Arc<str>),
}

/// A conjunction of lists: each list must allow what is asked for. No list allows everything. As JSON: an array of arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Access(Arc<[Vec<Allow>]>);

impl Access {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// What this and the list both allow.
    #[must_use]
    pub fn and(&self, mut list: Vec<Allow>) -> Self {
        if list.contains(&Allow::All) {
            return self.clone();
        }
        list.sort();
        list.dedup();
        Self(self.0.iter().cloned().chain([list]).collect())
    }

    /// What this and the other both allow.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(other.0.iter()).cloned().collect())
    }

    /// Whether nothing is held back.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a tool of a category may be seen and called.
    #[must_use]
    pub fn tool(&self, category: &str, tool: &str) -> bool {
        self.0.iter().all(|list| {
            list.iter().any(|allow| match allow {
                Allow::All => true,
                Allow::Category(name) => **name == *category,
                Allow::Tool(name) => **name == *tool,
            })
        })
    }

    /// Whether the whole of a category, its prompts and resources among it, may be seen and used.
    #[must_use]
    pub fn category(&self, category: &str) -> bool {
        self.0.iter().all(|list| {
            list.iter().any(|allow| match allow {
                Allow::All => true,
                Allow::Category(name) => **name == *category,
                Allow::Tool(_) => false,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_must_allow() {
        let tenant = Access::everything().and(vec![Allow::Category("a".into()), Allow::Category("b".into())]);
        assert!(tenant.tool("a", "x") && tenant.category("b") && !tenant.tool("c", "x"));
        let token = tenant.and(vec![Allow::Tool("x".into()), Allow::Category("c".into())]);
        assert!(token.tool("a", "x") && !token.tool("a", "y"));
        assert!(!token.tool("c", "z"), "the token cannot widen the tenant");
        assert!(!token.category("a"), "one tool is not its category");
    }

    #[test]
    fn no_list_and_a_list_of_all_hold_nothing_back() {
        assert!(Access::everything().tool("a", "x"));
        assert!(Access::everything().and(vec![Allow::All]).is_everything());
        assert!(!Access::everything().and(Vec::new()).tool("a", "x"), "an empty list allows nothing");
    }
}
