//! Runs plugin components in a sandbox.
//!
//! **Promises.** A guest touches only what its [`Capability`] names. A guest's fault (a trap, a limit, a bad
//! answer) is a typed [`RunError`] of its own call; it never takes a thread, another call, or the host. Guests
//! that loop share the threads fairly with those that do not, and leave those that serve.
//!
//! **Bounds.** Every call is armed with a wall deadline, a CPU budget, a memory limit over all memories and
//! tables, bounds on handles, resources and bytes across the border, and budgets for log and output
//! ([`Limits`]). The number of live instances is bounded by the pool ([`EngineConfig`]).
//!
//! Components of the contract (`wit/`) are one kind of plugin; the other are components with typed exports of their own, whose
//! functions become tools.
//!
//! **Refuses.** Components that import what no interface of the host gives, and compiled code that this host
//! did not make.

mod account;
mod answer;
mod aot;
mod background;
#[allow(unreachable_pub, reason = "generated")]
mod bindings;
mod call;
mod capability;
mod code;
mod compile;
mod config;
mod context;
mod contract;
mod cpu;
mod engine;
mod error;
mod exports;
mod instances;
mod interfaces;
mod limit;
mod limits;
mod metrics;
mod outermost;
mod output;
mod plugin;
mod ports;
mod reflect;
mod services;
mod spec;
mod state;
mod ticker;
mod trace;
mod wasi;

pub use account::{Account, Descriptors, Exhausted, Turn, Unmetered, Use};
pub use answer::{ToolAnswer, heap_size};
pub use aot::Origin;
pub use bindings::tandem::plugin::types::{
    Blob, Completion, CompletionReference, Content, PromptMessage, PromptOutput, ResourceBody, ResourceContents,
    ResourceLink, Role, ToolError, ToolOutput,
};
pub use call::{CallContext, ClientCapabilities, ClientPort, Input, InputError, InputRequest, Level};
pub use capability::{BoundSecret, Capability, Directory, DirectoryQuota, Limits};
pub use compile::{CompileBudget, Compiler, run as compile};
pub use config::{EngineConfig, TICK};
pub use contract::WIT_PACKAGES;
pub use engine::{ComponentInfo, Engine};
pub use error::{LoadError, RunError};
pub use interfaces::{Caches, HostInterface};
pub use limit::Limit;
pub use plugin::Plugin;
pub use ports::{
    Capabilities, EntryKind, EventSink, HttpFixtures, InvokeError, InvokeOutput, Invoker, UnmatchedRequest,
};
pub use reflect::UnsupportedExport;
pub use services::Services;
pub use spec::{InstancePolicy, PluginSpec};
pub use state::CallState;
pub use trace::traceparent;
pub use wasi::{DeterministicSources, DiskUsage};
