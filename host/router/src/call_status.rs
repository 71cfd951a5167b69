//! How a call ended, as counted.

use crate::api::CallError;

/// The values of the label `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CallStatus {
    /// It answered.
    Ok,
    /// The tool said that it failed, or its arguments did not fit.
    ToolError,
    Denied,
    Limited,
    Timeout,
    Trapped,
    Cancelled,
    Unavailable,
}

impl CallStatus {
    /// In the order of the variants: a status is its own index.
    pub(crate) const ALL: [Self; 8] = [
        Self::Ok,
        Self::ToolError,
        Self::Denied,
        Self::Limited,
        Self::Timeout,
        Self::Trapped,
        Self::Cancelled,
        Self::Unavailable,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Timeout => "timeout",
            Self::Trapped => "trapped",
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
        }
    }

    /// Of an answer that may say that the tool failed.
    pub(crate) fn of_answer(is_error: bool) -> Self {
        if is_error { Self::ToolError } else { Self::Ok }
    }

    /// Whether the caller got no answer of the tool.
    pub(crate) fn is_failure(self) -> bool {
        self > Self::ToolError
    }
}

impl From<&CallError> for CallStatus {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::Denied(_) => Self::Denied,
            CallError::Limited { .. } => Self::Limited,
            CallError::Timeout { .. } => Self::Timeout,
            CallError::Trapped { .. } | CallError::BadOutput { .. } | CallError::Internal(_) => Self::Trapped,
            CallError::Cancelled => Self::Cancelled,
            CallError::Unavailable { .. } | CallError::Compiling { .. } | CallError::Unrecorded { .. } => {
                Self::Unavailable
            }
            CallError::NotFound { .. }
            | CallError::Removed { .. }
            | CallError::NoNetwork { .. }
            | CallError::InvalidArguments { .. }
            | CallError::MissingCapability(_) => Self::ToolError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_its_own_index() {
        for (at, status) in CallStatus::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, at, "{}", status.as_str());
        }
    }
}
