//! The host's interfaces (`tandem:host`, `tandem:p2p`), one module each. Each asks the call's capability first and
//! answers a refused use with a typed error.

mod cache;
pub(crate) mod call;
mod client;
mod config;
mod events;
mod invoke;
mod kv;
mod log;
mod p2p;
mod secrets;

use wasmtime::component::Linker;

use crate::{
    bindings::tandem::{host, p2p as network},
    state::{CallState, HostView},
};

pub use cache::Caches;
pub use events::{EntryKind, EventSink};
pub use invoke::{InvokeError, InvokeOutput, Invoker};
pub use p2p::{DagFormat, P2p, P2pError, P2pRequest, Strategy};

/// Links every interface of `tandem:host` and `tandem:p2p`.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    host::call::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::log::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::config::add_to_linker::<_, HostView>(linker, |state| state)?;
    config::link_store(linker)?;
    host::cache::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::kv::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::events::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::client::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::invoke::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::secrets::add_to_linker::<_, HostView>(linker, |state| state)?;
    network::types::add_to_linker::<_, HostView>(linker, |state| state)?;
    network::task_queue::add_to_linker::<_, HostView>(linker, |state| state)?;
    network::workflow::add_to_linker::<_, HostView>(linker, |state| state)?;
    network::peers::add_to_linker::<_, HostView>(linker, |state| state)?;
    network::bootstrap::add_to_linker::<_, HostView>(linker, |state| state)
}
