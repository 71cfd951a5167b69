//! The host's interfaces (`tandem:host`), one module each. Each asks the call's capability first and
//! answers a refused use with a typed error.

mod cache;
pub(crate) mod call;
mod client;
mod config;
mod events;
mod invoke;
mod kv;
mod log;
mod secrets;

use wasmtime::component::Linker;

use crate::{
    bindings::tandem::host,
    state::{CallState, HostView},
};

pub use cache::Caches;
pub use events::{EntryKind, EventSink};
pub use invoke::{InvokeError, InvokeOutput, Invoker};

/// Links every interface of `tandem:host`.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    host::call::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::log::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::config::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::cache::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::kv::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::events::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::client::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::invoke::add_to_linker::<_, HostView>(linker, |state| state)?;
    host::secrets::add_to_linker::<_, HostView>(linker, |state| state)
}
