//! The bounds of tasks, workflows and what is asked about them.

use std::time::Duration;

/// A lease when the claimer asks for none.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);
/// Shortest lease: a shorter one would end before it can be renewed over a slow link.
pub const MIN_LEASE: Duration = Duration::from_secs(1);
/// Longest lease: so long a task of a dead worker waits at most.
pub const MAX_LEASE: Duration = Duration::from_secs(600);
/// Longest wait between two attempts.
pub const MAX_BACKOFF: Duration = Duration::from_secs(3600);
/// Most tasks, lease references or events in one call: other writers wait for it.
pub const MAX_BATCH: usize = 256;
/// Most tasks one claim gets.
pub const MAX_CLAIM: u32 = 64;
/// Most attempts a retry policy may ask for.
pub const MAX_ATTEMPTS: u32 = 100;
/// The highest priority; it goes first.
pub use tandem_types::MAX_PRIORITY;
/// That of a task where nobody says another one.
pub const DEFAULT_PRIORITY: u8 = 5;
/// A task gains one priority for so long a wait.
pub const AGEING: Duration = Duration::from_secs(60);
/// Bytes of arguments, a JSON object: the result of an earlier step may be among them. A tenant's are bounded together by its
/// cap.
pub const MAX_ARGUMENTS: usize = 1 << 20;
/// Bytes of a result kept inline, a JSON text; a larger one is a CID.
pub const MAX_RESULT: usize = 64 << 10;
/// Bytes of a result kept by its CID: it is held in memory while it is written and read.
pub const MAX_CONTENT: usize = 64 << 20;
/// Bytes of what the submitter of a task may call, as JSON. A tenant of a thousand categories fits; more is a row that every claim
/// reads.
pub const MAX_ACCESS: usize = 64 << 10;
/// Bytes of metadata, a JSON object.
pub const MAX_METADATA: usize = 16 << 10;
/// Bytes of an error or a reason; what is longer is cut.
pub const MAX_ERROR: usize = 4 << 10;
/// Bytes of a progress message; what is longer is cut.
pub const MAX_PROGRESS: usize = 256;
/// Bytes of the name of a tenant, subject, queue, tool, worker, peer, step or kind of event.
pub const MAX_NAME: usize = 128;
/// Bytes of an idempotency key.
pub const MAX_KEY: usize = 256;
/// Tags of a task or workflow; each has a row in an index.
pub const MAX_TAGS: usize = 32;
/// Bytes of a tag.
pub const MAX_TAG: usize = 64;
/// Longest time one attempt may take.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(7 * 86_400);
/// Longest time a task that ended is kept.
pub const MAX_RETENTION: Duration = Duration::from_secs(30 * 86_400);
/// How far ahead a task may be scheduled.
pub const MAX_AHEAD: Duration = Duration::from_secs(366 * 86_400);
/// How long a task that succeeded is kept when it does not say.
pub const KEEP_SUCCEEDED: Duration = Duration::from_secs(86_400);
/// How long a task that failed, died or was cancelled, or a workflow that ended, is kept when it does not say.
pub const KEEP_OTHER: Duration = Duration::from_secs(7 * 86_400);
/// Most tools a claim names.
pub const MAX_TOOLS: usize = 1024;
/// Most queues a claim names.
pub const MAX_QUEUES: usize = 16;
/// Rows that a list reads in one go to fill its page, and that a total looks into where neither a counter nor an index answers
/// it: others read in between.
pub const MAX_SCAN: u32 = 5_000;
/// Entries of an index that a total counts: some milliseconds.
pub const MAX_COUNT: u32 = 200_000;
/// Most lanes of ready tasks that are told at once: tools times tenants of a large host.
pub const MAX_LANES: u32 = 4_096;
/// Longest page.
pub const MAX_LIMIT: u32 = 1_000;
/// Most callers that wait for a task to end.
pub const MAX_WAITERS: usize = 4_096;
/// Most workers that are remembered; peers name themselves.
pub const MAX_WORKERS: u32 = 5_000;
/// Bytes of one event's body, a JSON text: a result inline and what is around it.
pub const MAX_EVENT: usize = 128 << 10;
/// Most events of one workflow: a thousand steps, each tried a few times.
pub const MAX_EVENTS: u64 = 32_768;
