//! A file's output stream whose bytes count against the directory's quota.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::Granted;
use crate::account::{Account, Use};

/// What a write over the quota fails with; guests that ask are told `error-code::quota`.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the directory's quota is reached")]
pub(super) struct QuotaReached;

/// What one write may hold, as in wasmtime-wasi.
pub(super) const WRITE: u64 = 1 << 20;

pub(super) struct Counted {
    inner: DynOutputStream,
    granted: Arc<Granted>,
    account: Option<Arc<dyn Account>>,
}

impl Counted {
    pub(super) fn new(inner: DynOutputStream, granted: Arc<Granted>, account: Option<Arc<dyn Account>>) -> Self {
        Self { inner, granted, account }
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Counted {
    async fn ready(&mut self) {
        // A count can be waited for here, not in a write.
        self.granted.usage.prepare(WRITE, 0, self.granted.quota).await;
        self.inner.ready().await;
    }
}

#[wasmtime_wasi::async_trait]
impl OutputStream for Counted {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.granted.usage.add(bytes.len() as u64, 0, self.granted.quota).is_err() {
            if let Some(account) = &self.account {
                account.denied(Use::Fs, &format!("quota of {}", self.granted.name));
            }
            return Err(StreamError::LastOperationFailed(QuotaReached.into()));
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
