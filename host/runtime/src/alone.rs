//! One host for each data directory.
//!
//! **Promises.** Two hosts that listen never share a data directory: they would be one peer twice, and plugins' versions, canaries
//! and rollbacks would not be one story. The second says which process has it, and stops. A crash leaves nothing that is in the way: the
//! lock is the kernel's.
//!
//! **Does not keep out** commands that read or change the store beside a host, nor hosts over standard input without a
//! reactor: a client starts one for each of its windows, and each write of theirs is a transaction of its own.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
};

use anyhow::{Context, bail};
use tandem_config::HostConfig;

use crate::config::resolve_data_path;

/// Longest note of who holds the lock: a process id.
const MAX_NOTE: u64 = 32;

/// The right to be the host of a data directory, until the process ends.
pub(crate) struct Alone {
    _lock: File,
}

impl Alone {
    /// Takes it.
    ///
    /// # Errors
    /// Another host has it, or the directory cannot be written.
    pub(crate) fn take(config: &HostConfig) -> anyhow::Result<Self> {
        let path = resolve_data_path(config, "run/host.lock".as_ref());
        let cannot = || format!("cannot lock {}; is the data directory writable?", path.display());
        if let Some(directory) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory).with_context(cannot)?;
        }
        let mut options = OpenOptions::new();
        let mut lock =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path).with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut note = String::new();
                let read = (&lock).take(MAX_NOTE).read_to_string(&mut note);
                let holder = read.ok().and_then(|_| note.trim().parse::<u32>().ok());
                let holder =
                    holder.map_or_else(|| "another host".to_owned(), |pid| format!("another host (process {pid})"));
                bail!(
                    "{holder} uses the data directory {}; stop it first, or give this one its own with plugins.data-directory",
                    config.plugins.data_directory
                )
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        let noted = lock.set_len(0).and_then(|()| write!(lock, "{}", std::process::id()));
        noted.with_context(cannot)?;
        Ok(Self { _lock: lock })
    }
}
