//! Why an attempt failed, as a value. Whoever decides by it looks at the code; the message is for people, and nothing reads it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a failure. Its name is stable: it is stored, sent between hosts and shown to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "&'static str")]
pub enum FailureCode {
    /// The tool says that it failed.
    Failed,
    /// The tool does not take these arguments.
    InvalidArgument,
    /// There is no such tool where the task ran.
    NotFound,
    /// The task's caller may not call the tool.
    Unauthorized,
    /// A bound was reached; the message names it.
    LimitExceeded,
    /// The attempt took too long; the message names the limit.
    Timeout,
    /// It could not be run now.
    Unavailable,
    /// What the tool answered is no result.
    BadOutput,
    /// Somebody cancelled it.
    Cancelled,
    /// The host stopped it, and it may have had effects.
    Interrupted,
    /// Its worker did not renew the lease, and may have gone on all the same. Only the queue's host says so.
    LeaseExpired,
    /// One that this host does not know: from an older or a newer host, or an older store.
    Unknown,
}

impl FailureCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::Failed,
        Self::InvalidArgument,
        Self::NotFound,
        Self::Unauthorized,
        Self::LimitExceeded,
        Self::Timeout,
        Self::Unavailable,
        Self::BadOutput,
        Self::Cancelled,
        Self::Interrupted,
        Self::LeaseExpired,
        Self::Unknown,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::InvalidArgument => "invalid_argument",
            Self::NotFound => "not_found",
            Self::Unauthorized => "unauthorized",
            Self::LimitExceeded => "limit_exceeded",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::BadOutput => "bad_output",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::LeaseExpired => "lease_expired",
            Self::Unknown => "unknown",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|code| code.name() == name).unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<String> for FailureCode {
    fn from(name: String) -> Self {
        Self::of(&name)
    }
}

impl From<FailureCode> for &'static str {
    fn from(code: FailureCode) -> Self {
        code.name()
    }
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFailure {
    /// The kind.
    pub code: FailureCode,
    /// What went wrong, for people; at most [`MAX_ERROR`](super::MAX_ERROR) bytes are kept.
    pub message: String,
    /// What else its writer wants to know of it later, the text of a JSON value of at most
    /// [`MAX_ERROR`](super::MAX_ERROR) bytes. It does not leave the host.
    #[serde(skip)]
    pub detail: Option<String>,
    /// Whether another attempt might have helped. The store sets it by the outcome.
    #[serde(skip)]
    pub retryable: bool,
}

impl TaskFailure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, retryable: false }
    }
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_their_codes_and_others_for_none_that_is_known() {
        for code in FailureCode::ALL {
            assert_eq!(FailureCode::of(code.name()), code);
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
        assert_eq!(serde_json::from_str::<FailureCode>(r#""of tomorrow""#).unwrap(), FailureCode::Unknown);
    }
}
