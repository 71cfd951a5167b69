//! `[tools.NAME]`: what differs for one tool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::check_deadline;
use crate::{
    descriptor::{TaskSupport, ToolDescriptor},
    document::{Check, Findings},
    units::HumanDuration,
};

/// Attempts beyond this only multiply the load on what is failing.
const MAX_ATTEMPTS: u32 = 10;

/// A pause that is longer than this outlives the deadlines that it shares.
const MAX_BASE_DELAY: HumanDuration = HumanDuration::secs(60);

/// A result that stays true longer belongs in the plugin's own store.
const MAX_CACHE_TTL: HumanDuration = HumanDuration::secs(24 * 3_600);

/// A tool that may take longer than this is one that clients do not wait for with a request open: most give up after a
/// minute.
const LONG: HumanDuration = HumanDuration::secs(60);

/// How the pause between attempts grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RetryPolicy {
    /// There is one attempt.
    #[default]
    None,
    /// By the base delay each time.
    Linear,
    /// Doubled each time.
    Exponential,
}

/// Whether and how a failed call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Retry {
    /// How the pause grows.
    pub policy: RetryPolicy,
    /// Attempts in all, the first included.
    #[schemars(range(min = 1, max = 10))]
    pub max_attempts: u32,
    /// The first pause.
    pub base_delay: HumanDuration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { policy: RetryPolicy::None, max_attempts: 3, base_delay: HumanDuration::millis(500) }
    }
}

impl Retry {
    /// Attempts in all, the first included.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        if self.policy == RetryPolicy::None { 1 } else { self.max_attempts }
    }

    /// The pause after so many failed attempts (from 1).
    #[must_use]
    pub fn delay(&self, failed: u32) -> std::time::Duration {
        let factor = match self.policy {
            RetryPolicy::None => 0,
            RetryPolicy::Linear => failed,
            RetryPolicy::Exponential => 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX),
        };
        self.base_delay.as_duration().saturating_mul(factor)
    }
}

/// What the manifest says of one tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ToolOverrides {
    /// Its deadline, where that is not the plugin's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<HumanDuration>,
    /// Whether it is tried again. Only honoured for a tool that is marked idempotent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// How long a result may be served again. Only honoured for a tool that is marked read-only and
    /// idempotent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<HumanDuration>,
    /// Whether a call that takes long may become a task. Without it, what the tool's descriptor says; without that, it
    /// may where the deadline is over a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskSupport>,
}

impl Check for ToolOverrides {
    fn check(&self, findings: &mut Findings) {
        if let Some(deadline) = self.deadline {
            check_deadline("deadline", deadline, findings);
        }
        if let Some(retry) = &self.retry {
            findings.within("retry", |findings| {
                let why = "more attempts only load what is failing";
                findings.range("max-attempts", &retry.max_attempts, &1, &MAX_ATTEMPTS, why);
                let (min, max) = (HumanDuration::millis(1), MAX_BASE_DELAY);
                findings.range("base-delay", &retry.base_delay, &min, &max, "the pauses share the call's deadline");
            });
        }
        if let Some(ttl) = &self.cache_ttl {
            let why = "what stays true longer belongs in kv";
            findings.range("cache-ttl", ttl, &HumanDuration::millis(1), &MAX_CACHE_TTL, why);
        }
    }
}

/// What the router does for one tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolPolicy {
    /// The wall-clock deadline that the author asks for.
    pub deadline: HumanDuration,
    /// Whether and how it is tried again.
    pub retry: Retry,
    /// How long a result may be served again.
    pub cache_ttl: Option<HumanDuration>,
    /// Whether a call that takes long may become a task.
    pub task: TaskSupport,
}

impl ToolPolicy {
    pub(super) fn new(overrides: Option<&ToolOverrides>, descriptor: &ToolDescriptor, deadline: HumanDuration) -> Self {
        let (overrides, tool) = (overrides.copied().unwrap_or_default(), &descriptor.annotations);
        let deadline = overrides.deadline.unwrap_or(deadline);
        let usual = if deadline > LONG { TaskSupport::Optional } else { TaskSupport::Forbidden };
        // A read-only tool is not safe to repeat by that alone: it may answer differently each time.
        Self {
            deadline,
            retry: overrides.retry.filter(|_| tool.idempotent).unwrap_or_default(),
            cache_ttl: overrides.cache_ttl.filter(|_| tool.idempotent && tool.read_only),
            task: overrides.task.or(descriptor.task()).unwrap_or(usual),
        }
    }
}
