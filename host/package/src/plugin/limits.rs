//! `[limits]`: the ceilings that an author asks for, and those of the operator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tandem_document::{Check, Findings};
use tandem_types::{ByteSize, HumanDuration};

/// One page of linear memory: no guest runs with less.
const MIN_MEMORY: ByteSize = ByteSize::kib(64);

/// All that 32-bit addresses reach.
const MAX_MEMORY: ByteSize = ByteSize::mib(4096);

/// The clock of deadlines ticks in milliseconds; below ten of them a deadline is noise.
const MIN_DEADLINE: HumanDuration = HumanDuration::millis(10);

/// What takes longer is a task of the queue, not a call that holds memory and a connection.
const MAX_DEADLINE: HumanDuration = HumanDuration::secs(3_600);

/// One tick of the clock that counts guest time.
const MIN_CPU: HumanDuration = HumanDuration::millis(1);

/// Room for an error's text.
const MIN_OUTPUT: ByteSize = ByteSize::kib(1);

/// An answer is held several times while it is encoded for a client.
const MAX_OUTPUT: ByteSize = ByteSize::mib(64);

/// Instances of one plugin share the host's few thousand memory slots with all others.
const MAX_CONCURRENCY: u32 = 1_024;

/// The ceilings of one plugin's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The sum over all memories and tables of an instance.
    pub memory: ByteSize,
    /// Wall-clock time of a call, host calls included.
    pub deadline: HumanDuration,
    /// Guest execution time of a call.
    pub cpu: HumanDuration,
    /// Calls at a time.
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency: u32,
    /// Bytes of an answer.
    pub output: ByteSize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(64),
            deadline: HumanDuration::secs(30),
            cpu: HumanDuration::secs(10),
            concurrency: 16,
            output: ByteSize::mib(4),
        }
    }
}

impl Limits {
    /// The lesser of what the author asks for and what the operator allows.
    #[must_use]
    pub fn within(&self, ceilings: &Ceilings) -> Self {
        Self {
            memory: self.memory.min(ceilings.memory),
            deadline: self.deadline.min(ceilings.deadline),
            cpu: self.cpu.min(ceilings.cpu),
            concurrency: self.concurrency.min(ceilings.concurrency_per_plugin),
            output: self.output.min(ceilings.output),
        }
    }
}

impl Check for Limits {
    fn check(&self, findings: &mut Findings) {
        check_times_and_sizes(self.memory, self.deadline, self.cpu, self.output, findings);
        check_concurrency("concurrency", self.concurrency, findings);
    }
}

/// The operator's ceilings for every plugin: `[limits]` of `tandem.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Ceilings {
    /// The sum over all memories and tables of an instance.
    pub memory: ByteSize,
    /// Wall-clock time of a call, host calls included.
    pub deadline: HumanDuration,
    /// Guest execution time of a call.
    pub cpu: HumanDuration,
    /// Bytes of an answer.
    pub output: ByteSize,
    /// Calls of one plugin at a time.
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency_per_plugin: u32,
}

impl Default for Ceilings {
    fn default() -> Self {
        Self {
            memory: ByteSize::mib(256),
            deadline: HumanDuration::secs(120),
            cpu: HumanDuration::secs(30),
            output: ByteSize::mib(8),
            concurrency_per_plugin: 64,
        }
    }
}

impl Check for Ceilings {
    fn check(&self, findings: &mut Findings) {
        check_times_and_sizes(self.memory, self.deadline, self.cpu, self.output, findings);
        check_concurrency("concurrency-per-plugin", self.concurrency_per_plugin, findings);
    }
}

/// The bounds of any deadline; single tools have them too.
pub(super) fn check_deadline(key: &str, deadline: HumanDuration, findings: &mut Findings) {
    let why = "the clock ticks in milliseconds, and what takes over an hour belongs in the task queue";
    findings.range(key, &deadline, &MIN_DEADLINE, &MAX_DEADLINE, why);
}

fn check_times_and_sizes(
    memory: ByteSize,
    deadline: HumanDuration,
    cpu: HumanDuration,
    output: ByteSize,
    findings: &mut Findings,
) {
    let why = "a guest needs one page of memory and has 32-bit addresses";
    findings.range("memory", &memory, &MIN_MEMORY, &MAX_MEMORY, why);
    check_deadline("deadline", deadline, findings);
    let why = "guest time is counted in milliseconds and ends with the deadline";
    findings.range("cpu", &cpu, &MIN_CPU, &MAX_DEADLINE, why);
    let why = "an error must fit, and an answer is held in memory while it is encoded";
    findings.range("output", &output, &MIN_OUTPUT, &MAX_OUTPUT, why);
}

fn check_concurrency(key: &str, concurrency: u32, findings: &mut Findings) {
    findings.range(key, &concurrency, &1, &MAX_CONCURRENCY, "all plugins share the host's memory slots");
}
