//! Why nothing was fetched or published.

use std::{
    io,
    path::{Path, PathBuf},
};

use tandem_package::Sha256Digest;

use crate::{source::SourceError, text::shown};

/// Why a transfer did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The reference is none.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The HTTP client could not be made.
    #[error("cannot create an http client: {0}")]
    Client(String),
    /// The server could not be reached, or the connection broke again and again.
    #[error("unexpected response from {place}: {reason}")]
    Unreachable {
        /// Which server.
        place: String,
        /// What went wrong.
        reason: String,
    },
    /// The server refuses.
    #[error("{place} answered {status}{message}")]
    Status {
        /// What was asked for.
        place: String,
        /// The HTTP status.
        status: u16,
        /// `: ` and what the server said, if it said something.
        message: String,
    },
    /// The server is busy, for longer than anybody waits.
    #[error("{place} is rate limited; retry in {seconds} s")]
    Busy {
        /// Which server.
        place: String,
        /// When to come back.
        seconds: u64,
    },
    /// There is no such thing.
    #[error(
        "{0} is not there; check the name and the tag, and whether you may see it (`docker login` for private ones)"
    )]
    NotFound(String),
    /// Whoever asks may not.
    #[error("{place} refuses access{user}; log in with `docker login {host}`, or ask for the right to {what}")]
    Unauthorized {
        /// What was asked for.
        place: String,
        /// The registry.
        host: String,
        /// ` for USER`, or that nobody is logged in.
        user: String,
        /// `pull` or `push`.
        what: &'static str,
    },
    /// The credentials of the docker configuration cannot be had.
    #[error("credentials for {host}: {reason}")]
    Credential {
        /// The registry.
        host: String,
        /// What went wrong.
        reason: String,
    },
    /// An answer that no registry should give.
    #[error("invalid response from {place}: {reason}")]
    Protocol {
        /// What was asked for.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// It is something else than a plugin.
    #[error("{place} is not a plugin: {reason}")]
    NotAPlugin {
        /// What was asked for.
        place: String,
        /// What it is.
        reason: String,
    },
    /// It is larger than anybody reads.
    #[error("{place} has {size} bytes; the limit is {limit}")]
    TooLarge {
        /// What was asked for.
        place: String,
        /// How large it is, as far as was seen.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// What came is not what was asked for.
    #[error("digest mismatch: {place} delivered {found} instead of {expected}; the download is discarded")]
    Digest {
        /// What was asked for.
        place: String,
        /// The digest that it must have.
        expected: Sha256Digest,
        /// The digest that it has.
        found: Sha256Digest,
    },
    /// A tag names something else already.
    #[error("{tag} is {found} already; publish under another version, or replace it with `--force`")]
    TagTaken {
        /// The reference.
        tag: String,
        /// What it names.
        found: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RegistryError {
    pub(crate) fn protocol(place: &str, reason: impl Into<String>) -> Self {
        Self::Protocol { place: place.to_owned(), reason: reason.into() }
    }

    pub(crate) fn unreachable(place: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Unreachable { place: place.to_owned(), reason: chain(error) }
    }

    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}

/// An error with its causes, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut said: Vec<String> = Vec::new();
    for cause in causes {
        // Some repeat their cause's text.
        if !said.last().is_some_and(|last| last.contains(&cause)) {
            said.push(cause);
        }
    }
    shown(&said.join(": "))
}
