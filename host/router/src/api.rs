//! What a gateway asks of the router, and what it gets.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tandem_engine::{Content, Limit, ToolAnswer};
pub(crate) use tandem_types::exact::Violation;

use crate::size;

/// Where a call ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// tokio's work-stealing executor.
    General,
    /// The thread that owns the network.
    Reactor,
    /// A mounted MCP server: another process, or another host.
    Upstream,
}

impl Lane {
    /// The name in metrics, logs and `_meta`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Reactor => "reactor",
            Self::Upstream => "upstream",
        }
    }
}

/// What a tool answered.
#[derive(Clone, Debug)]
pub struct Output {
    /// Blocks for a model or a person.
    pub content: Vec<Content>,
    /// The structured result, valid against the tool's output schema.
    pub structured: Option<Value>,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// Where it ran.
    pub lane: Lane,
    /// Why it ran there: `affinity`, `requires_p2p`, `pattern`, `preferred`, `default`, `fallback`, `upstream`.
    pub reason: &'static str,
    /// From admission to answer.
    pub duration: Duration,
    /// Whether the result came from the result cache.
    pub cached: bool,
    /// The older name by which the tool was called, if it was.
    pub deprecated: Option<DeprecatedName>,
}

/// An older name of a tool, and the name that clients should use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeprecatedName {
    /// The older name.
    pub name: String,
    /// The tool's own.
    #[serde(rename = "use")]
    pub current: String,
}

impl Output {
    /// About how many bytes it takes in memory; exact only below what is worked on at once ([`crate::is_small`]).
    #[must_use]
    pub fn bytes(&self) -> usize {
        ToolAnswer::weight(&self.content, self.structured.as_ref(), size::SMALL)
    }
}

impl From<Output> for ToolAnswer {
    fn from(output: Output) -> Self {
        Self { content: output.content, structured: output.structured, is_error: output.is_error }
    }
}

/// Why a call gave no answer. `code` is stable and for machines; the text is for people and models.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallError {
    /// The caller has no such tool, prompt or resource.
    #[error("unknown {kind} `{name}`{}", near_text(.near))]
    NotFound {
        /// `tool`, `category`, `prompt` or `resource`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest names, best first.
        near: Vec<String>,
    },
    /// The tool was there before its plugin was replaced or unloaded.
    #[error("unknown tool `{name}`: {}{}", vanished_text(.category, .version.as_deref()), near_text(.near))]
    Removed {
        /// The tool.
        name: String,
        /// Its category.
        category: String,
        /// The category's version now; none when it is there no more.
        version: Option<String>,
        /// The category's tools that may be meant, best first.
        near: Vec<String>,
    },
    /// It needs the network of hosts, which this host has not.
    #[error("unknown {kind} `{name}`: {NO_NETWORK}")]
    NoNetwork {
        /// `tool` or `category`.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// It may be of a plugin that is still being compiled.
    #[error("unknown {kind} `{name}`; {}{}", compiling_text(*.plugins), near_text(.near))]
    Compiling {
        /// `tool` or `category`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// How many plugins are being compiled.
        plugins: usize,
        /// The nearest names, best first.
        near: Vec<String>,
    },
    /// The arguments do not fit the input schema.
    #[error("invalid arguments for `{tool}`: {}", violations_text(.violations))]
    InvalidArguments {
        /// The tool.
        tool: String,
        /// Where and why, at most 16.
        violations: Vec<Violation>,
    },
    /// Policy refuses the call.
    #[error("denied: {0}")]
    Denied(String),
    /// A limit was hit, by the guest or by the caller.
    #[error("limit `{limit}` exceeded: {value}{}", if *.retryable { "; retrying later may help" } else { "" })]
    Limited {
        /// Its name, as in the manifest: `memory`, `cpu`, `output`, `concurrency`, `queue`, `depth`, …
        limit: Limit,
        /// Its value with unit.
        value: String,
        /// Whether retrying later may help.
        retryable: bool,
        /// When, if that is known.
        retry_after: Option<Duration>,
    },
    /// The wall-clock deadline passed.
    #[error("no answer within {} ms", .after.as_millis())]
    Timeout {
        /// The deadline.
        after: Duration,
    },
    /// The guest trapped.
    #[error("`{category}` trapped: {reason}")]
    Trapped {
        /// The category.
        category: String,
        /// The trap.
        reason: String,
    },
    /// The guest's answer breaks its own contract.
    #[error("`{category}` returned invalid output: {reason}")]
    BadOutput {
        /// The category.
        category: String,
        /// What is wrong.
        reason: String,
    },
    /// The client gave the call up.
    #[error("cancelled")]
    Cancelled,
    /// The lane or the category cannot take calls now.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// Why.
        reason: String,
        /// When trying again may help.
        retry_after: Option<Duration>,
    },
    /// The call could not be recorded in the audit log, which the operator requires.
    #[error(
        "{}; the operator has to make room on the host's disk",
        if *.ran { "the call ran, but could not be recorded" } else { "calls cannot be recorded now, so this one did not run" }
    )]
    Unrecorded {
        /// Whether it ran, and may have had effects.
        ran: bool,
    },
    /// The tool cannot work without this client capability.
    #[error("the client must declare the `{0}` capability")]
    MissingCapability(String),
    /// The host's own fault.
    #[error("internal error: {0}")]
    Internal(String),
}

impl CallError {
    /// The stable code: `not_found`, `invalid_arguments`, `denied`, `limited`, `timeout`, `trapped`,
    /// `bad_output`, `cancelled`, `unavailable`, `unrecorded`, `missing_capability`, `internal`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::Removed { .. } | Self::NoNetwork { .. } => "not_found",
            Self::InvalidArguments { .. } => "invalid_arguments",
            Self::Denied(_) => "denied",
            Self::Limited { .. } => "limited",
            Self::Timeout { .. } => "timeout",
            Self::Trapped { .. } => "trapped",
            Self::BadOutput { .. } => "bad_output",
            Self::Cancelled => "cancelled",
            Self::Unavailable { .. } | Self::Compiling { .. } => "unavailable",
            Self::Unrecorded { .. } => "unrecorded",
            Self::MissingCapability(_) => "missing_capability",
            Self::Internal(_) => "internal",
        }
    }

    /// The name of the limit that was hit, if one was.
    pub(crate) fn limit(&self) -> Option<Limit> {
        match self {
            Self::Limited { limit, .. } => Some(*limit),
            Self::Timeout { .. } => Some(Limit::Deadline),
            _ => None,
        }
    }

    /// Whether trying the same call again later may help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(
            self,
            Self::Limited { retryable: true, .. }
                | Self::Unavailable { .. }
                | Self::Compiling { .. }
                | Self::Unrecorded { ran: false }
        )
    }
}

/// Why a tool of the network of hosts is not there, and what brings it.
pub const NO_NETWORK: &str = "it needs the network of hosts, which is off; start the host with `--p2p` (standard input), or set \
                              `reactor.enabled = true`";

fn vanished_text(category: &str, version: Option<&str>) -> String {
    match version {
        Some(version) => format!("`{category}` {version} has it no more"),
        None => format!("`{category}` was unloaded"),
    }
}

fn compiling_text(plugins: usize) -> String {
    match plugins {
        1 => "a plugin is still being compiled, try again shortly".to_owned(),
        many => format!("{many} plugins are still being compiled, try again shortly"),
    }
}

fn near_text(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; near names: {}", many.join(", ")),
    }
}

fn violations_text(violations: &[Violation]) -> String {
    let text: Vec<_> = violations
        .iter()
        .map(|v| if v.pointer.is_empty() { v.message.clone() } else { format!("{}: {}", v.pointer, v.message) })
        .collect();
    text.join("; ")
}
