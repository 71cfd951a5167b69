//! The one error of everything that is written by hand: where, what, and what to do.

use std::{fmt, ops::Range};

/// One thing that is wrong in a manifest or a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The file as its reader called it, or `environment variable NAME`, or `flag KEY`.
    pub file_label: String,
    /// The line from 1; 0 where there are no lines.
    pub line: usize,
    /// The column in characters from 1; 0 where there are no lines.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do, where more can be said than the message says.
    pub help: Option<String>,
    pub(crate) excerpt: Option<Excerpt>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_label)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl std::error::Error for ManifestError {}

/// One line and what in it is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: String,
    pub(crate) span: Range<usize>,
}

/// All that is wrong in a text; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestErrors(Vec<ManifestError>);

impl ManifestErrors {
    /// In the order of the text. None when `errors` is empty.
    pub fn new(mut errors: Vec<ManifestError>) -> Option<Self> {
        errors.truncate(super::limits::MAX_ERRORS);
        errors.sort_by_key(|error| (error.line, error.column));
        (!errors.is_empty()).then_some(Self(errors))
    }

    /// The errors, in the order of the text.
    #[must_use]
    pub fn as_slice(&self) -> &[ManifestError] {
        &self.0
    }
}

impl From<ManifestError> for ManifestErrors {
    fn from(error: ManifestError) -> Self {
        Self(vec![error])
    }
}

impl<'a> IntoIterator for &'a ManifestErrors {
    type Item = &'a ManifestError;
    type IntoIter = std::slice::Iter<'a, ManifestError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// The first error, and how many more there are.
impl fmt::Display for ManifestErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => one.fmt(f),
            [first, rest @ ..] => write!(f, "{first} (and {} more)", rest.len()),
        }
    }
}

impl std::error::Error for ManifestErrors {}
