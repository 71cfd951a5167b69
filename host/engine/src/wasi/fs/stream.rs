//! A file's streams: each use passes the gate, and what is written counts against the directory's quota.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, InputStream, OutputStream, Pollable, StreamError, StreamResult,
    bindings::filesystem::types::ErrorCode,
};

use super::{gate::Gate, open::Granted};
use crate::account::Descriptors;

/// Why a stream refuses what the file itself would take.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Guests that ask are told `error-code::quota`.
    #[error("the directory's quota is reached")]
    Quota,
    /// Guests that ask are told `error-code::not-permitted`.
    #[error("the directory is not granted any more")]
    Revoked,
}

impl Refused {
    pub(super) fn code(self) -> ErrorCode {
        match self {
            Self::Quota => ErrorCode::Quota,
            Self::Revoked => ErrorCode::NotPermitted,
        }
    }
}

impl From<Refused> for StreamError {
    fn from(refused: Refused) -> Self {
        Self::LastOperationFailed(refused.into())
    }
}

/// What one write may hold, as in wasmtime-wasi.
pub(super) const WRITE: u64 = 1 << 20;

/// A stream of a file in a granted directory.
pub(super) struct Gated<S> {
    inner: S,
    granted: Arc<Granted>,
    gate: Gate,
    _held: Option<Arc<Descriptors>>,
}

impl<S> Gated<S> {
    pub(super) fn new(inner: S, granted: Arc<Granted>, gate: Gate, held: Option<Arc<Descriptors>>) -> Self {
        Self { inner, granted, gate, _held: held }
    }

    fn check(&self, write: bool) -> Result<(), Refused> {
        if self.gate.passes(&self.granted.name, write) { Ok(()) } else { Err(Refused::Revoked) }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Gated<DynInputStream> {
    async fn ready(&mut self) {
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl InputStream for Gated<DynInputStream> {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.check(false)?;
        self.inner.read(size)
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.check(false)?;
        self.inner.blocking_read(size).await
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Gated<DynOutputStream> {
    async fn ready(&mut self) {
        // A count can be waited for here, not in a write.
        self.granted.usage.prepare(WRITE, 0, self.granted.quota).await;
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Gated<DynOutputStream> {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.check(true)?;
        if self.granted.usage.add(bytes.len() as u64, 0, self.granted.quota).is_err() {
            self.gate.denied(&format!("quota of {}", self.granted.name));
            return Err(Refused::Quota.into());
        }
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.inner.flush()
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.inner.check_write()
    }

    async fn cancel(&mut self) {
        self.inner.cancel().await;
    }
}
