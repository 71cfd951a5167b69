//! What the host functions see, and what the operations share: the gate, a place among those under way, growth, depth, kinds of files.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{
    WasiCtx, WasiCtxView, WasiView,
    filesystem::{Descriptor, WasiFilesystemCtxView, WasiFilesystemView as _},
    p2::{
        DynOutputStream, FsError, FsResult,
        bindings::filesystem::types::{self, ErrorCode, HostDescriptor as _, PathFlags},
    },
};

use super::{
    gate::Gate,
    open::{Granted, OpenFiles, Opened},
    stream::Gated,
    usage::{self, DiskUsage},
};
use crate::{
    account::{Account as _, Descriptors, Exhausted, Unmetered},
    capability::Capability,
    error::RunError,
};

/// A descriptor's handle.
pub(super) type Fd = Resource<Descriptor>;

/// What the host functions see.
pub(crate) struct Files<'a> {
    pub(crate) ctx: &'a mut WasiCtx,
    pub(crate) table: &'a mut ResourceTable,
    pub(crate) open: &'a mut OpenFiles,
    pub(crate) usage: &'a DiskUsage,
    pub(crate) capability: Arc<Capability>,
    /// Why the granted directories are not there.
    pub(crate) refused: Option<Exhausted>,
    pub(crate) gate: Gate,
}

impl WasiView for Files<'_> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.ctx, table: self.table }
    }
}

impl Files<'_> {
    pub(super) fn wasi(&mut self) -> WasiFilesystemCtxView<'_> {
        self.filesystem()
    }

    /// Whether what a descriptor belongs to is still granted.
    pub(super) fn gate(&self, fd: &Fd, write: bool) -> FsResult<Arc<Granted>> {
        let Some(Opened { granted, .. }) = self.open.0.get(&fd.rep()) else {
            return Err(ErrorCode::BadDescriptor.into());
        };
        if self.gate.passes(&granted.name, write) { Ok(granted.clone()) } else { Err(ErrorCode::NotPermitted.into()) }
    }

    /// The same, with a place among the operations under way.
    pub(super) async fn enter(&mut self, fd: &Fd, write: bool) -> FsResult<(Arc<Granted>, OwnedSemaphorePermit)> {
        let granted = self.gate(fd, write)?;
        let place = self.usage.operations.clone().acquire_owned().await.map_err(FsError::trap)?;
        Ok((granted, place))
    }

    /// One more descriptor of the host, or the total that is used up.
    pub(super) fn descriptor(&self) -> FsResult<Arc<Descriptors>> {
        let descriptor =
            self.gate.account.as_ref().map_or_else(|| Unmetered.descriptors(1), |account| account.descriptors(1));
        descriptor.map(Arc::new).map_err(|exhausted| FsError::trap(RunError::from(exhausted)))
    }

    pub(super) fn held(&self, fd: &Fd) -> Option<Arc<Descriptors>> {
        self.open.0.get(&fd.rep()).and_then(|opened| opened.held.clone())
    }

    /// Levels below the granted directory at which a path ends, as it is written. Refuses what is deeper than a count goes. A
    /// link or a directory that is moved can lead deeper still; the next count finds it, and the directory is full then.
    pub(super) fn level(&self, fd: &Fd, path: &str) -> FsResult<usize> {
        let depth = self.open.0.get(&fd.rep()).map_or(0, |opened| opened.depth);
        let level = path.split('/').fold(depth, |level, part| match part {
            "" | "." => level,
            ".." => level.saturating_sub(1),
            _ => level + 1,
        });
        if level > usage::MAX_DEPTH {
            self.gate.denied(&format!("a path deeper than {} levels", usage::MAX_DEPTH));
            return Err(ErrorCode::NameTooLong.into());
        }
        Ok(level)
    }

    /// Makes room for growth, or says that there is none.
    pub(super) async fn grow(&mut self, granted: &Granted, bytes: u64, files: u64) -> FsResult<()> {
        granted.usage.prepare(bytes, files, granted.quota).await;
        granted.usage.add(bytes, files, granted.quota).map_err(|_| {
            self.gate.denied(&format!("quota of {}", granted.name));
            FsError::from(ErrorCode::Quota)
        })
    }

    pub(super) fn gated(
        &mut self,
        stream: Resource<DynOutputStream>,
        granted: Arc<Granted>,
        held: Option<Arc<Descriptors>>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.table.delete(stream).map_err(FsError::trap)?;
        let gated: DynOutputStream = Box::new(Gated::new(inner, granted, self.gate.clone(), held));
        self.table.push(gated).map_err(FsError::trap)
    }

    /// Refuses what is neither a file nor a directory before it is opened. What is not there is not looked at.
    pub(super) async fn check_kind(&mut self, fd: &Fd, flags: PathFlags, path: &str) -> FsResult<()> {
        let fd = Resource::new_borrow(fd.rep());
        let Ok(stat) = self.wasi().stat_at(fd, flags, path.to_owned()).await else { return Ok(()) };
        match stat.type_ {
            types::DescriptorType::RegularFile
            | types::DescriptorType::Directory
            | types::DescriptorType::SymbolicLink => Ok(()),
            _ => {
                self.gate.denied(path);
                Err(ErrorCode::NotPermitted.into())
            }
        }
    }

    pub(super) fn same(&self, a: &Arc<Granted>, b: &Arc<Granted>) -> FsResult<()> {
        if Arc::ptr_eq(&a.usage, &b.usage) { Ok(()) } else { Err(ErrorCode::CrossDevice.into()) }
    }
}
