//! Tool calls that go on as tasks: MCP's extension `io.modelcontextprotocol/tasks` (SEP-2663), kept by the task queue.
//!
//! A call of a tool that may become a task begins as any other. When it takes longer than
//! [`GatewayConfig::task_after`](crate::GatewayConfig), its client gets a task's id instead of a result, and the call goes
//! on without it. What is promised:
//!
//! - Whoever has an id has a task that is on disk: it is recorded, leased to this host, before the id is told. A result
//!   is kept for [`GatewayConfig::task_keep`](crate::GatewayConfig), whatever becomes of the host meanwhile.
//! - Nothing that may have had effects runs twice. A host that dies in the middle of a task lets its lease end: then a
//!   read-only or idempotent tool is run again, and any other task is `failed` with the code `interrupted`.
//! - A question of the guest makes the task `input_required`; answers reach the suspended guest. A cancellation stops it.
//! - What belongs to another tenant is unknown, like what never was.
//!
//! **Bounds.** Tasks that run ([`GatewayConfig::task_limit`](crate::GatewayConfig), of one tenant half unless said
//! otherwise): a call that finds no place stays a call. Each holds one suspended guest, within its tool's deadline. A
//! result has at most [`GatewayConfig::task_max_result`](crate::GatewayConfig); a long one counts among the bytes that the
//! task store keeps for its tenant, and goes with its task.
//!
//! **Refuses.** Clients that did not declare the extension, where the tool runs as a task only. Notifications of a task's
//! status are optional and are not sent: the protocol library does not read who asked for them.

pub(crate) mod keep;
mod limits;
mod outcome;
mod requests;
mod run;
mod running;
mod table;
mod wire;

pub(crate) use self::{requests::TaskPromotion, running::RunningTask, table::Tasks};
