//! How a check or a test ended.

/// How a check or a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing that counts was found.
    Passed,
    /// Something was.
    Failed,
}
