//! Why a plugin did not load, and why a call gave no answer: the guest's fault, the host's, or a trap.

use std::time::Duration;

use crate::{account::Exhausted, limit::Limit};

/// Why a component was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not a component that this host can compile.
    #[error("cannot compile the component: {0}")]
    Compile(String),
    /// It was compiled for as long as others wait for it, and is not ready.
    #[error("compiling the component takes longer than `plugins.compile-patience`")]
    Slow,
    /// Compiling it takes more of something than a setting allows.
    #[error("compiling the component takes more {0} than `{1}` allows; raise it if you trust the plugin")]
    Budget(&'static str, &'static str),
    /// It imports something that no interface of this host gives.
    #[error("cannot link the component: {0}")]
    Link(String),
    /// It lacks an export, or an export has another type.
    #[error("the component does not export `tandem:plugin/tools@0.1.0` with the contract's types: {0}")]
    Exports(String),
    /// It exports neither the contract's interface nor a function that can be a tool.
    #[error(
        "the component has no tools: it exports neither `tandem:plugin/tools@0.1.0` nor a function that can be one{}",
        if .0.is_empty() { String::new() } else { format!(": {}", .0) }
    )]
    NoTools(String),
    /// Its `describe` or `check` failed.
    #[error("{0}")]
    Probe(String),
    /// The host could not do its part.
    #[error("{0}")]
    Host(String),
}

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// A limit was hit.
    #[error("limit `{limit}` exceeded: {value}")]
    Limit {
        /// Its name, as in the manifest.
        limit: Limit,
        /// Its value with unit.
        value: String,
    },
    /// One of the caller's totals is used up.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// All instances of the host are in use.
    #[error("all {0} instances of the host are in use")]
    Overloaded(u32),
    /// The wall-clock deadline passed.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The client gave the call up.
    #[error("cancelled")]
    Cancelled,
    /// Another version took the plugin's place, and the call did not end in the time that such calls have.
    #[error("the plugin was replaced by another version while the call ran")]
    Replaced,
    /// The plugin has no code: it did not compile, or is not compiled yet.
    #[error("the plugin is not loaded: {0}")]
    NotLoaded(String),
    /// A mounted server does not run now.
    #[error("{reason}")]
    Unavailable {
        /// Why.
        reason: String,
        /// When trying again may help.
        retry_after: Option<Duration>,
    },
    /// A mounted server went away while the call ran. It may have had effects.
    #[error("{0}")]
    Disconnected(String),
    /// The guest trapped.
    #[error("{0}")]
    Trap(String),
    /// The guest answered, but not as the contract has it.
    #[error("{0}")]
    BadOutput(String),
    /// The component does not export what was asked for.
    #[error("the plugin does not export `{0}`")]
    NoExport(&'static str),
    /// The host could not do its part.
    #[error("{0}")]
    Host(String),
}
