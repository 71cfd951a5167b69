//! The WASI context of one instance.

use std::sync::Arc;

use wasmtime_wasi::{FsPerms, WasiCtx};

use super::{
    DeterministicSources, LogBudget,
    limits::MAX_RANDOM,
    stdio::{Stdio, Stream},
};
use crate::capability::Directory;

/// Builds the context of one instance.
pub(crate) fn context(
    directories: &[Directory],
    log: &Arc<LogBudget>,
    deterministic: Option<DeterministicSources>,
) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder
        .allow_tcp(false)
        .allow_udp(false)
        .max_random_size(MAX_RANDOM)
        .stdout(Stdio::new(log.clone(), Stream::Out))
        .stderr(Stdio::new(log.clone(), Stream::Err));
    for directory in directories {
        let perms = if directory.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
        if let Err(error) = builder.preopened_dir(&directory.path, format!("/{}", directory.name), perms) {
            // The guest sees a missing directory; the operator is told why.
            tracing::warn!(directory = directory.name, %error, "grants: cannot open a directory");
        }
    }
    if let Some(sources) = deterministic {
        sources.apply(&mut builder);
    }
    builder.build()
}
