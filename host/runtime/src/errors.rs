//! How errors are shown.

use std::{
    fmt::{self, Write as _},
    io,
    path::PathBuf,
    sync::Arc,
};

use tandem_document::ManifestErrors;

/// The errors of a hand-written file, which are drawn with the lines that they are about.
#[derive(Debug)]
pub struct Diagnostics(pub ManifestErrors);

/// How each of them begins.
pub const HEADING: &str = "error: ";

impl fmt::Display for Diagnostics {
    /// Without the heading of the first: whoever shows it has one of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.render(false);
        f.write_str(text.strip_prefix(HEADING).unwrap_or(&text).trim_end())
    }
}

impl std::error::Error for Diagnostics {}

/// An error with its causes in one line. A cause that the message before it ends with is said once: many libraries repeat the
/// cause in their own words.
pub fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            let _infallible = write!(text, ": {cause}");
        }
    }
    text
}

/// The errors of a hand-written file, drawn with the lines that they are about.
#[must_use]
pub fn render_diagnostics(errors: &ManifestErrors) -> anyhow::Error {
    anyhow::Error::new(Diagnostics(errors.clone()))
}

/// The errors of a hand-written file, if an error is just that.
#[must_use]
pub fn diagnostics_in(error: &anyhow::Error) -> Option<&Diagnostics> {
    if error.chain().count() != 1 {
        return None;
    }
    let configuration = || match error.downcast_ref::<ConfigError>()? {
        ConfigError::Invalid(diagnostics) => Some(diagnostics),
        _ => None,
    };
    error
        .downcast_ref::<Diagnostics>()
        .or_else(configuration)
        .or_else(|| error.downcast_ref::<HostError>()?.diagnostics())
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, a variable or a flag is wrong.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
    /// The file cannot be read.
    #[error("cannot read the configuration {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A flag is no setting.
    #[error("--set {0}: write it as KEY=VALUE")]
    Setting(String),
    /// The working directory is gone.
    #[error("the working directory does not exist")]
    WorkingDirectory(#[source] io::Error),
    /// Where the user's files are is not known.
    #[error("there is no home directory; set HOME, or name a configuration with --config")]
    NoHome,
    /// A directory that paths count from.
    #[error("the name of the directory {} is not UTF-8", .0.display())]
    NotUtf8(PathBuf),
}

/// An error with its causes, which many may ask for.
#[derive(Clone, Debug)]
pub struct Cause(Arc<anyhow::Error>);

impl Cause {
    /// The errors of a hand-written file, if it is just that.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        diagnostics_in(&self.0)
    }
}

impl From<anyhow::Error> for Cause {
    fn from(error: anyhow::Error) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Why a host does not start, or serves no more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HostError {
    /// The configuration asks for what is not there, or contradicts itself.
    #[error(transparent)]
    Configuration(Cause),
    /// The data directory is another host's, or it or the store cannot be used.
    #[error(transparent)]
    Data(Cause),
    /// An address cannot be listened on, or its listener failed.
    #[error(transparent)]
    Listener(Cause),
    /// The plugin directory cannot be read.
    #[error(transparent)]
    Plugins(Cause),
    /// The plugins are not loaded yet.
    #[error("the host has not loaded its plugins yet")]
    Loading,
}

impl HostError {
    pub(crate) fn configuration(error: impl Into<anyhow::Error>) -> Self {
        Self::Configuration(error.into().into())
    }

    pub(crate) fn data(error: impl Into<anyhow::Error>) -> Self {
        Self::Data(error.into().into())
    }

    pub(crate) fn listener(error: impl Into<anyhow::Error>) -> Self {
        Self::Listener(error.into().into())
    }

    pub(crate) fn plugins(error: impl Into<anyhow::Error>) -> Self {
        Self::Plugins(error.into().into())
    }

    /// The errors of a hand-written file, if it is just that.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Configuration(cause) | Self::Data(cause) | Self::Listener(cause) | Self::Plugins(cause) => {
                cause.diagnostics()
            }
            Self::Loading => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug)]
        struct Repeats(io::Error);

        impl fmt::Display for Repeats {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "/tmp/x: {}", self.0)
            }
        }

        impl std::error::Error for Repeats {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }

        let error = || Repeats(io::Error::from_raw_os_error(17));
        let text = chain(&anyhow::Error::new(error()).context("cannot write"));
        assert_eq!(text, "cannot write: /tmp/x: File exists (os error 17)");
        let other = Err::<(), _>(io::Error::other("inner")).context("outer").unwrap_err();
        assert_eq!(chain(&other), "outer: inner");
    }

    #[test]
    fn errors_of_a_file_have_one_heading() {
        let wrong = tandem_package::PluginManifest::parse("plugin.toml", "[plugin]\nnmae = 1\n").unwrap_err();
        let diagnostics = anyhow::Error::new(Diagnostics(wrong));
        assert!(
            !chain(&diagnostics).starts_with(HEADING) && chain(&diagnostics).contains("nmae"),
            "{}",
            chain(&diagnostics)
        );
        let text = format!("{HEADING}{}", chain(&diagnostics.context("the configuration is refused")));
        assert!(text.starts_with("error: the configuration is refused: unknown key"), "{text}");
    }
}
