//! The bytes of one connection, counted on the socket: heads, interim answers, TLS and framing are among them.
//!
//! **Bounds.** The total of the account whose request is under way, both ways; and what may come before an answer's head,
//! which ends a server that sends `103 Early Hints` without end.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi_http::Error;

use crate::account::{Account, Exhausted};

/// Bytes that may come before the answer's head is there. Over HTTP/2, part of its body may come before anybody looks: a
/// window's worth ([`WINDOW`]).
const BEFORE_HEAD: u64 = 512 << 10;
/// What a server may send over HTTP/2 before it was read.
pub(super) const WINDOW: u32 = 256 << 10;

/// Whose bytes go over a connection.
#[derive(Clone)]
pub(super) struct Wire(Arc<Mutex<State>>);

struct State {
    account: Arc<dyn Account>,
    /// What may still come before the head of the present answer.
    before_head: Option<u64>,
    refused: Option<Refused>,
}

/// Why the connection ended.
#[derive(Clone, Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Total(Exhausted),
    #[error("more than {BEFORE_HEAD} bytes came before the response head")]
    Head,
}

impl Wire {
    pub(super) fn new(account: Arc<dyn Account>) -> Self {
        Self(Arc::new(Mutex::new(State { account, before_head: Some(BEFORE_HEAD), refused: None })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins: what goes over the wire from now on is its account's.
    pub(super) fn begin(&self, account: Arc<dyn Account>) {
        let mut state = self.state();
        state.account = account;
        state.before_head = Some(BEFORE_HEAD);
    }

    /// The answer's head is there.
    pub(super) fn head(&self) {
        self.state().before_head = None;
    }

    /// What a failure of the connection really was.
    pub(super) fn explain(&self, error: Error) -> Error {
        match &self.state().refused {
            None => error,
            Some(Refused::Total(total)) => Error::InternalError(Some(total.to_string())),
            Some(Refused::Head) => Error::HttpResponseHeaderSectionSize(u32::try_from(BEFORE_HEAD).ok()),
        }
    }

    fn charge(&self, bytes: usize, came: bool) -> io::Result<()> {
        let mut state = self.state();
        let bytes = bytes as u64;
        let mut refused = state.account.egress(bytes).err().map(Refused::Total);
        if let Some(left) = state.before_head.filter(|_| came) {
            match left.checked_sub(bytes) {
                Some(left) => state.before_head = Some(left),
                None => refused = refused.or(Some(Refused::Head)),
            }
        }
        match refused {
            None => Ok(()),
            Some(refused) => {
                state.refused = Some(refused.clone());
                Err(io::Error::other(refused))
            }
        }
    }
}

/// A socket whose bytes are counted.
pub(super) struct Counted<S> {
    inner: S,
    wire: Wire,
}

impl<S> Counted<S> {
    pub(super) fn new(inner: S, wire: Wire) -> Self {
        Self { inner, wire }
    }

    fn wrote(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = written {
            self.wire.charge(bytes, false)?;
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        if let Poll::Ready(Ok(())) = read {
            self.wire.charge(buffer.filled().len().saturating_sub(before), true)?;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.wrote(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, parts);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
