//! An exported function that is not a tool.

use std::fmt;

/// An exported function that is not a tool, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsupportedExport {
    /// The function's name, with its interface before it.
    pub function: String,
    /// What is in the way.
    pub reason: String,
}

impl fmt::Display for UnsupportedExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "function `{}` is not a tool: {}", self.function, self.reason)
    }
}
