//! How a client's file is written, and what of an entry is ours.

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    /// With comments and trailing commas, which its client reads too.
    JsonWithComments,
    Toml,
    Yaml,
}

/// Fields that say how a server is reached. Those that the new entry does not have go; others are the user's.
pub(crate) const TRANSPORT: [&str; 11] = [
    "type",
    "command",
    "cmd",
    "args",
    "url",
    "uri",
    "httpUrl",
    "headers",
    "bearer_token_env_var",
    "env_keys",
    "startup_timeout_sec",
];
