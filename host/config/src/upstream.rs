//! `[upstreams.NAME]`: MCP servers that are mounted as categories of this host.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration, Name, Setting, ToolName, VariableName, is_kebab_case, name_type};

use super::{ToolPrefix, values::check_path};

/// Most arguments of a command.
const MAX_ARGUMENTS: usize = 256;
/// Longest argument, in bytes: Linux takes 128 KiB.
const MAX_ARGUMENT: usize = 64 << 10;
/// Most environment variables.
const MAX_VARIABLES: usize = 256;
/// Most patterns, names and tenants in a list: as many as a server may have tools.
const MAX_LIST: usize = 1_000;

name_type!(
    /// A name that an MCP server has for one of its tools.
    UpstreamTool,
    "tool of an MCP server",
    is_upstream_tool,
    "^[!-~]{1,128}$",
    "write 1 to 128 visible ASCII characters"
);

name_type!(
    /// A tool of an MCP server; `*` stands for any part of the name.
    UpstreamToolPattern,
    "pattern of tools",
    is_upstream_tool,
    "^[!-~]{1,128}$",
    "write a tool's name as the server has it; `*` stands for any part of it"
);

name_type!(
    /// A tenant's name, or `*` for all.
    TenantPattern,
    "tenant",
    is_tenant_pattern,
    "^(\\*|[a-z][a-z0-9]*(-[a-z0-9]+)*)$",
    "write a tenant's name, or `*` for all"
);

name_type!(
    /// The shortest and the longest pause, as `1s..60s`.
    Backoff,
    "range of durations",
    is_backoff,
    "^[^.]+\\.\\.[^.]+$",
    "write the shortest and the longest pause, each between 10ms and 1h, as `1s..60s`"
);

fn is_upstream_tool(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_tenant_pattern(text: &str) -> bool {
    text == "*" || is_kebab_case(text)
}

fn range(text: &str) -> Option<(Duration, Duration)> {
    let (shortest, longest) = text.split_once("..")?;
    let (shortest, longest) = (shortest.parse::<HumanDuration>().ok()?, longest.parse::<HumanDuration>().ok()?);
    let fits = HumanDuration::millis(10) <= shortest && shortest <= longest && longest <= HumanDuration::secs(3_600);
    fits.then(|| (shortest.as_duration(), longest.as_duration()))
}

fn is_backoff(text: &str) -> bool {
    range(text).is_some()
}

impl Backoff {
    /// The pause after so many failures in a row (from 1): doubled each time.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let (shortest, longest) = range(self.as_str()).unwrap_or_default();
        shortest.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest)
    }
}

/// When a server that ended is started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RestartConfig {
    /// How often it is started again after failures in a row, before it is left alone until `tandem upstream restart`.
    pub max: u32,
    /// The pause before: doubled from the shortest to the longest.
    pub backoff: Backoff,
}

impl Default for RestartConfig {
    fn default() -> Self {
        Self { max: 5, backoff: Backoff("1s..60s".to_owned()) }
    }
}

/// An MCP server that is mounted as a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct UpstreamConfig {
    /// The program and its arguments, which speaks MCP over standard input and output.
    pub command: Vec<String>,
    /// The program's whole environment: nothing is inherited.
    pub env: BTreeMap<VariableName, Setting>,
    /// The program's working directory; the host's own unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The category of its tools; the upstream's name unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<ToolName>,
    /// What is put before the names of its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<ToolPrefix>,
    /// The tools that are mounted, by the server's names; all unless given. `*` stands for any part of a name.
    pub include: Vec<UpstreamToolPattern>,
    /// Tools that are not mounted, whatever `include` says.
    pub exclude: Vec<UpstreamToolPattern>,
    /// Names for single tools, by the server's names; they win over the prefix.
    pub rename: BTreeMap<UpstreamTool, ToolName>,
    /// The tenants that may use it; what else they may use, `tenants.NAME.categories` says.
    pub tenants: Vec<TenantPattern>,
    /// Calls that run there at once, of all tenants together. More wait, within a bound.
    pub concurrency: u32,
    /// How long a call may take, and how long the server may take to start and list its tools.
    pub timeout: HumanDuration,
    /// Bytes of an answer.
    pub output: ByteSize,
    /// When it is started again.
    pub restart: RestartConfig,
}

impl Default for UpstreamConfig {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
            category: None,
            prefix: None,
            include: Vec::new(),
            exclude: Vec::new(),
            rename: BTreeMap::new(),
            tenants: "*".parse().into_iter().collect(),
            concurrency: 8,
            timeout: HumanDuration::secs(60),
            output: ByteSize::mib(8),
            restart: RestartConfig::default(),
        }
    }
}

impl Check for UpstreamConfig {
    fn check(&self, findings: &mut Findings) {
        if self.command.first().is_none_or(|program| program.trim().is_empty()) {
            findings.report("command", "empty; write the program and its arguments");
        }
        findings.at_most("command", self.command.len(), MAX_ARGUMENTS);
        findings.each("command", &self.command, |findings, argument| {
            if argument.len() > MAX_ARGUMENT || argument.contains('\0') {
                findings.report("", format!("an argument has at most {MAX_ARGUMENT} bytes, and none of them is zero"));
            }
        });
        findings.at_most("env", self.env.len(), MAX_VARIABLES);
        if let Some(cwd) = &self.cwd {
            check_path("cwd", cwd, findings);
        }
        findings.at_most("include", self.include.len(), MAX_LIST);
        findings.at_most("exclude", self.exclude.len(), MAX_LIST);
        findings.at_most("rename", self.rename.len(), MAX_LIST);
        findings.at_most("tenants", self.tenants.len(), MAX_LIST);
        findings.range("concurrency", &self.concurrency, &1, &1_024, "each call waits in the server");
        let (least, most) = (HumanDuration::millis(10), HumanDuration::secs(3_600));
        findings.range("timeout", &self.timeout, &least, &most, "what takes over an hour belongs in the task queue");
        let (least, most) = (ByteSize::mib(1), ByteSize::mib(64));
        findings.range("output", &self.output, &least, &most, "an answer is held in memory several times");
        findings.within("restart", |findings| {
            findings.range("max", &self.restart.max, &0, &1_000, "a server that never starts is no use");
        });
    }
}

/// Reports tenants that are not there: the upstream would be nobody's, and nobody would know why.
pub(super) fn check_tenants<T>(
    upstreams: &BTreeMap<Name, UpstreamConfig>,
    tenants: &BTreeMap<Name, T>,
    findings: &mut Findings,
) {
    findings.within("upstreams", |findings| {
        for (name, upstream) in upstreams {
            let unknown = upstream.tenants.iter().map(TenantPattern::as_str);
            for tenant in unknown.filter(|tenant| *tenant != "*" && !tenants.contains_key(*tenant)) {
                let message =
                    format!("`{tenant}` is not one of the tenants; name one of them, or add `[tenants.{tenant}]`");
                findings.within(name.as_str(), |findings| findings.report("tenants", message));
            }
        }
    });
}
