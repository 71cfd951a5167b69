//! `[tools.NAME]`: what differs for one tool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{HumanDuration, ToolName};

use super::{
    alias::{MAX_ALIASES, ToolAlias},
    limits::check_deadline,
};
use crate::bounds::MAX_LINE;
use crate::{MAX_DESCRIPTION, descriptor::TaskSupport, descriptor::ToolDescriptor};

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

/// What the manifest says of one tool. Descriptions and annotations are put into the package's descriptors when it is
/// packed; they are for components whose code has no words of its own, and win where it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct ToolOverrides {
    /// What clients call it, where that is not the name that its code gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<ToolName>,
    /// Other names under which it may be called. They are not listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ToolAlias>,
    /// Whether it is offered; where it is not said, it is. For exported functions that are not meant as tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<bool>,
    /// A short name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does and when to use it, for a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only: Option<bool>,
    /// Whether it may destroy something. Without meaning where it is read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destructive: Option<bool>,
    /// Whether twice is the same as once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<bool>,
    /// Whether it reaches things outside the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_world: Option<bool>,
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

impl ToolOverrides {
    /// Puts what is said here in the place of what the code says.
    pub(super) fn adjust(&self, tool: &mut ToolDescriptor) {
        if let Some(title) = &self.title {
            tool.title = Some(title.clone());
        }
        if let Some(description) = &self.description {
            tool.description.clone_from(description);
        }
        let annotations = &mut tool.annotations;
        for (said, annotation) in [
            (self.read_only, &mut annotations.read_only),
            (self.destructive, &mut annotations.destructive),
            (self.idempotent, &mut annotations.idempotent),
            (self.open_world, &mut annotations.open_world),
        ] {
            *annotation = said.unwrap_or(*annotation);
        }
        // What changes nothing destroys nothing.
        annotations.destructive &= !annotations.read_only;
    }
}

impl Check for ToolOverrides {
    fn check(&self, findings: &mut Findings) {
        if let Some(title) = &self.title {
            findings.line("title", title, MAX_LINE);
        }
        if let Some(description) = self.description.as_ref().filter(|text| text.len() > MAX_DESCRIPTION) {
            findings.report("description", format!("{} bytes; the limit is {MAX_DESCRIPTION}", description.len()));
        }
        if self.read_only == Some(true) && self.destructive == Some(true) {
            findings.report("destructive", "what is read-only destroys nothing; leave one of the two out");
        }
        findings.at_most("aliases", self.aliases.len(), MAX_ALIASES);
        findings.each("aliases", &self.aliases, |findings, alias| alias.check(findings));
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
            let why = "what stays true longer belongs in the key-value store";
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
        let (overrides, tool) = (overrides.cloned().unwrap_or_default(), &descriptor.annotations);
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
