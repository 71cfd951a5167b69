//! WASI 0.2 by grant. Every guest is linked to all of it (interpreters import everything); what was not
//! granted is empty or denied here.
//!
//! Nothing is inherited from the host process: no environment, no arguments, no standard input, no sockets.
//! Standard output and error become bounded log lines.

mod environment;
mod fixed;
mod fs;
mod http;
mod random;
mod sockets;
mod stdio;

pub use fixed::Fixed;
pub use fs::DiskUsage;
pub(crate) use fs::{Files, Gate, OpenFiles};
pub(crate) use http::{HttpGate, Pool, connector};
pub use http::{Recorded, Unanswered};
pub(crate) use stdio::LogBudget;

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime_wasi::{FsPerms, WasiCtx};

use crate::{capability::Directory, state::CallState};

/// Random bytes that a guest may ask for at once (wasmtime's default is 64 MiB).
const MAX_RANDOM: u64 = 1 << 20;

/// Puts what is gated here in the place of wasmtime-wasi's own.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    environment::link(linker)?;
    fs::link(linker)?;
    random::link(linker)?;
    sockets::link(linker)?;
    linker.allow_shadowing(false);
    Ok(())
}

/// Builds the context of one instance.
pub(crate) fn context(directories: &[Directory], log: &Arc<LogBudget>, fixed: Option<Fixed>) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .allow_tcp(false)
        .allow_udp(false)
        .max_random_size(MAX_RANDOM)
        .stdout(stdio::Stdio::new(log.clone(), stdio::Stream::Out))
        .stderr(stdio::Stdio::new(log.clone(), stdio::Stream::Err));
    for directory in directories {
        let perms = if directory.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        if let Err(error) = builder.preopened_dir(&directory.path, format!("/{}", directory.name), perms) {
            // The guest sees a missing directory; the operator is told why.
            tracing::warn!(directory = directory.name, %error, "a granted directory cannot be opened");
        }
    }
    if let Some(fixed) = fixed {
        fixed.apply(&mut builder);
    }
    builder.build()
}
