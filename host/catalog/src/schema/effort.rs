//! How much work a check may be, and what it comes to.

/// How much work a check may be. A step is about a keyword at a member, some ten to a hundred nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Well below a millisecond: what may run between two awaits.
    Brief,
    /// Below a second. A body of the largest size with a schema as tools have takes a tenth of it; recursive alternatives
    /// over the same values would take for ever.
    Full,
}

impl Effort {
    pub(super) fn steps(self) -> u64 {
        match self {
            Self::Brief => 5_000,
            Self::Full => 5_000_000,
        }
    }
}

/// Where a value breaks its schema: JSON Pointer and message.
pub type Violations = Vec<(String, String)>;

/// Why a value does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It breaks the schema here.
    #[error("the value does not match its schema")]
    Violations(Violations),
    /// The effort did not suffice to tell.
    #[error("schema check exceeded its step limit")]
    Effort,
}

impl Unfit {
    /// What to tell the caller, where no more effort is made.
    #[must_use]
    pub fn violations(self) -> Violations {
        match self {
            Self::Violations(violations) => violations,
            Self::Effort => vec![(
                String::new(),
                format!(
                    "the value is too much to check against the schema ({} steps); send less at a time, or nest it less deeply",
                    Effort::Full.steps()
                ),
            )],
        }
    }
}
