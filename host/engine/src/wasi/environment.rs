//! The environment and arguments of a guest: the granted variables, as they are granted when the guest asks.
//!
//! A guest's C library asks at most once in an instance's life, and only if the guest reads a variable. What it was
//! given stays with it, so an instance whose grants changed since is not used again.

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::cli::environment;

use crate::{
    account::Use,
    state::{CallState, HostView},
};

/// Puts our environment in the place of wasmtime-wasi's.
pub(super) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    environment::add_to_linker::<CallState, HostView>(linker, |state| state)
}

impl environment::Host for CallState {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.build_wasi_ctx();
        let variables = self.capability().env.clone();
        if !variables.is_empty() {
            self.used(Use::Env);
        }
        Ok(variables)
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}
