//! `tandem:host/call`: the context of the call that is being served.
//!
//! A handle names its call by number, not by a table entry: one that outlived its call can never reach the
//! next call of a reused instance.

use wasmtime::component::{Linker, Resource};

use crate::{
    bindings::tandem::host::call::{Host, HostCallContext, Principal, add_to_linker},
    call::CallContext,
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Call;

impl HostInterface for Call {
    fn name(&self) -> &'static str {
        "tandem:host/call"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

/// The type behind `call-context` handles.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated bindings name it")]
pub struct ContextHandle;

fn context<'a>(state: &'a CallState, handle: &Resource<ContextHandle>) -> wasmtime::Result<&'a CallContext> {
    if handle.rep() != state.call {
        return Err(wasmtime::format_err!("the call has ended; its context cannot be used any more"));
    }
    Ok(state.context()?)
}

impl Host for &mut CallState {}

impl HostCallContext for &mut CallState {
    fn id(&mut self, handle: Resource<ContextHandle>) -> wasmtime::Result<String> {
        Ok(context(self, &handle)?.request_id.to_string())
    }

    fn remaining_ms(&mut self, handle: Resource<ContextHandle>) -> wasmtime::Result<u64> {
        context(self, &handle)?;
        Ok(u64::try_from(self.remaining().as_millis()).unwrap_or(u64::MAX))
    }

    fn cancelled(&mut self, handle: Resource<ContextHandle>) -> wasmtime::Result<bool> {
        Ok(context(self, &handle)?.cancel.is_cancelled())
    }

    fn progress(
        &mut self,
        handle: Resource<ContextHandle>,
        done: f64,
        total: Option<f64>,
        message: Option<String>,
    ) -> wasmtime::Result<()> {
        if let Some(client) = &context(self, &handle)?.client {
            client.progress(done, total, message);
        }
        Ok(())
    }

    fn principal(&mut self, handle: Resource<ContextHandle>) -> wasmtime::Result<Principal> {
        let caller = &context(self, &handle)?.caller;
        Ok(Principal {
            tenant: caller.tenant.to_string(),
            subject: caller.subject.to_string(),
            scopes: caller.scopes.to_vec(),
        })
    }

    fn drop(&mut self, _handle: Resource<ContextHandle>) -> wasmtime::Result<()> {
        Ok(())
    }
}
