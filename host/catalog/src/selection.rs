//! A chosen part of a view.

use std::fmt::Debug;

use crate::Tool;

/// Which of the tools that a caller may use are there for it. It can only take some away.
pub trait Selection: Debug + Send + Sync {
    /// Whether a tool is there.
    fn has_tool(&self, tool: &Tool) -> bool;
    /// Whether the prompts and resources of a category are there.
    fn has_category(&self, category: &str) -> bool;
}
