//! Why an input was refused as a whole.

use crate::limits::{MAX_KEYS, MAX_TEXT, MAX_TOOL_LIST, MAX_TOOLS};

/// Why an input was refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The text is longer than [`MAX_TEXT`].
    #[error("the configuration has over {MAX_TEXT} bytes; migrate a configuration of the older host, not its data")]
    TooLong,
    /// The text is not YAML, has a key twice, or is beyond the bounds of [`crate::limits`].
    #[error("not valid YAML, or beyond its bounds: {0}")]
    Yaml(String),
    /// The text is a list or a single value.
    #[error("the configuration is not a table of keys; write `KEY: VALUE` lines")]
    NotATable,
    /// A line of an environment file is not `NAME=VALUE`.
    #[error("line {0} of the environment file is not `NAME=VALUE`")]
    EnvironmentLine(usize),
    /// There are more than [`MAX_KEYS`] keys.
    #[error("the configuration has over {MAX_KEYS} keys; the older host reads about 80")]
    TooManyKeys,
    /// The list of tools is longer than [`MAX_TOOL_LIST`], or has more than [`MAX_TOOLS`].
    #[error("the list of tools has over {MAX_TOOL_LIST} bytes or {MAX_TOOLS} tools; list those of one host")]
    TooManyTools,
    /// The list of tools is neither JSON of `tools/list` nor names.
    #[error("the list of tools is neither the answer of `tools/list` nor a name a line: {0}")]
    ToolList(String),
}
