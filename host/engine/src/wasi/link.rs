//! Puts what is gated here in the place of wasmtime-wasi's own.

use wasmtime::component::Linker;

use super::{environment, fs, random, sockets};
use crate::state::CallState;

/// Links all of WASI that is gated here.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    environment::link(linker)?;
    fs::link(linker)?;
    random::link(linker)?;
    sockets::link(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}
