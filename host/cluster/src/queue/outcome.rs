//! How a worker ends its attempt at a task: another host, or a worker outside of all hosts.

use serde::{Deserialize, Serialize};
use tandem_queue::{FailureCode, Outcome, TaskFailure};

/// What the attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OutcomeKind {
    Ok,
    Retry,
    Fatal,
    Release,
}

impl OutcomeKind {
    /// What it is for the queue, `unsaid` where the worker gives no code; none for `ok`, of which the result decides.
    pub(crate) fn without_result(
        self,
        code: Option<FailureCode>,
        unsaid: FailureCode,
        error: Option<String>,
    ) -> Option<Outcome> {
        // Whether a lease was lost is this host's to say.
        let code = code.filter(|code| *code != FailureCode::LeaseExpired).unwrap_or(unsaid);
        let failure = || TaskFailure::new(code, error.unwrap_or_else(|| "the worker did not say why".to_owned()));
        match self {
            Self::Ok => None,
            Self::Retry => Some(Outcome::Retry { failure: failure(), delay: None }),
            Self::Fatal => Some(Outcome::Fatal { failure: failure() }),
            Self::Release => Some(Outcome::Release),
        }
    }
}
