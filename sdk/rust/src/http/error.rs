//! Why a request has no answer.

use std::fmt;

/// Why there is no answer. Turns into [`tandem_sdk::Error`](crate::Error) by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// No grant covers its host, port, method and path.
    Denied(String),
    /// It cannot be reached now, did not answer in time, or broke off.
    Unavailable(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// The URL, the method or a header is malformed or forbidden.
    Invalid(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(m) | Self::Unavailable(m) | Self::Invalid(m) | Self::Other(m) => write!(f, "http: {m}"),
            Self::TooLarge(bound) => write!(f, "http: the answer is larger than {bound} bytes"),
        }
    }
}

impl std::error::Error for Error {}
