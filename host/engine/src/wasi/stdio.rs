//! Log lines of one call, from `tandem:host/log` and from standard output and error, under one budget.
//!
//! What is over the budget is counted and dropped, never an error: a full pipe would make a guest's
//! `println!` panic. Guest bytes are untrusted: control characters are taken out and lines are cut.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use crate::{
    account::Account,
    call::{CallContext, Level},
};

/// One line's bound. Stops a line from filling a log viewer or a collector's message.
const MAX_LINE: usize = 4 << 10;
/// What one write of standard output may hold.
const WRITE_PERMIT: usize = 64 << 10;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Out,
    Err,
}

/// The log of one instance.
pub(crate) struct LogBudget {
    plugin: Arc<str>,
    max: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    left: usize,
    dropped: u64,
    tenant: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    out: Vec<u8>,
    err: Vec<u8>,
    last_error_line: String,
    account: Option<Arc<dyn Account>>,
}

impl LogBudget {
    pub(crate) fn new(plugin: Arc<str>, max: usize) -> Self {
        Self { plugin, max, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rearm(&self, cx: &CallContext) {
        let mut inner = self.lock();
        inner.left = self.max;
        inner.dropped = 0;
        inner.tenant = Some(cx.caller.tenant.clone());
        inner.request_id = Some(cx.request_id.clone());
        inner.account = Some(cx.account.clone());
        inner.last_error_line.clear();
    }

    /// Writes one entry. Answers whether it was within the budget.
    pub(crate) fn line(&self, level: Level, logger: Option<&str>, text: &str) -> bool {
        let mut inner = self.lock();
        if !inner.take(text.len()) {
            return false;
        }
        self.emit(&inner, level, logger.unwrap_or(""), &clean(text));
        true
    }

    /// The last line of standard error: a panic's message, most often.
    pub(crate) fn last_error_line(&self) -> String {
        self.flush();
        self.lock().last_error_line.clone()
    }

    /// Emits lines without an end, and the count of what was dropped.
    pub(crate) fn flush(&self) {
        let mut inner = self.lock();
        for (stream, rest) in
            [(Stream::Out, std::mem::take(&mut inner.out)), (Stream::Err, std::mem::take(&mut inner.err))]
        {
            if !rest.is_empty() {
                self.raw_line(&mut inner, stream, &rest);
            }
        }
        if inner.dropped > 0 {
            let text = format!(
                "{} bytes of log were dropped: a call's budget is {} bytes, and its tenant has one",
                inner.dropped, self.max
            );
            inner.dropped = 0;
            self.emit(&inner, Level::Warning, "", &text);
        }
    }

    fn write(&self, stream: Stream, bytes: &[u8]) {
        let mut inner = self.lock();
        if !inner.take(bytes.len()) {
            return;
        }
        let mut buffer = std::mem::take(inner.buffer(stream));
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            buffer.extend_from_slice(piece);
            if piece.ends_with(b"\n") || buffer.len() >= MAX_LINE {
                self.raw_line(&mut inner, stream, &buffer);
                buffer.clear();
            }
        }
        *inner.buffer(stream) = buffer;
    }

    fn raw_line(&self, inner: &mut Inner, stream: Stream, line: &[u8]) {
        let text = clean(&String::from_utf8_lossy(line));
        if text.is_empty() {
            return;
        }
        let (level, logger) = match stream {
            Stream::Out => (Level::Info, "stdout"),
            Stream::Err => (Level::Warning, "stderr"),
        };
        if matches!(stream, Stream::Err) && !text.starts_with("note: ") {
            inner.last_error_line.clone_from(&text);
        }
        self.emit(inner, level, logger, &text);
    }

    fn emit(&self, inner: &Inner, level: Level, logger: &str, text: &str) {
        let (plugin, tenant) = (&*self.plugin, inner.tenant.as_deref().unwrap_or(""));
        let request_id = inner.request_id.as_deref().unwrap_or("");
        match level {
            Level::Debug => tracing::debug!(target: "tandem::plugin", plugin, tenant, request_id, logger, "{text}"),
            Level::Info | Level::Notice => {
                tracing::info!(target: "tandem::plugin", plugin, tenant, request_id, logger, "{text}");
            }
            Level::Warning => tracing::warn!(target: "tandem::plugin", plugin, tenant, request_id, logger, "{text}"),
            _ => tracing::error!(target: "tandem::plugin", plugin, tenant, request_id, logger, "{text}"),
        }
    }
}

impl Inner {
    fn take(&mut self, bytes: usize) -> bool {
        // An empty line costs something too.
        let cost = bytes + 16;
        if cost > self.left || self.account.as_ref().is_some_and(|account| !account.log(cost as u64)) {
            self.dropped += bytes as u64;
            return false;
        }
        self.left -= cost;
        true
    }

    fn buffer(&mut self, stream: Stream) -> &mut Vec<u8> {
        match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        }
    }
}

/// Takes control characters out (terminal escapes among them) and cuts the line.
fn clean(text: &str) -> String {
    let mut end = text.len().min(MAX_LINE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end)
        .unwrap_or("")
        .trim_end()
        .chars()
        .map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c })
        .collect()
}

/// Standard output or error of a guest.
#[derive(Clone)]
pub(crate) struct Stdio {
    log: Arc<LogBudget>,
    stream: Stream,
}

impl Stdio {
    pub(crate) fn new(log: Arc<LogBudget>, stream: Stream) -> Self {
        Self { log, stream }
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Stdio {
    async fn ready(&mut self) {}
}

impl OutputStream for Stdio {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.log.write(self.stream, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_PERMIT)
    }
}

impl AsyncWrite for Stdio {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.log.write(self.stream, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_log() {
        assert_eq!(clean("a\u{1b}[31mred\r\n"), "a\u{fffd}[31mred");
    }

    #[test]
    fn what_is_over_the_budget_is_counted_and_dropped() {
        let log = LogBudget::new("p".into(), 100);
        log.rearm(&CallContext::for_probe(std::time::Duration::from_secs(1)));
        assert!(log.line(Level::Info, None, &"x".repeat(80)));
        assert!(!log.line(Level::Info, None, &"x".repeat(80)));
        assert_eq!(log.lock().dropped, 80);
    }

    #[test]
    fn the_last_line_of_standard_error_is_kept() {
        let log = LogBudget::new("p".into(), 1000);
        log.rearm(&CallContext::for_probe(std::time::Duration::from_secs(1)));
        log.write(Stream::Err, b"panicked at src/lib.rs:1:1:\nbro");
        log.write(Stream::Err, b"ken\nnote: run with RUST_BACKTRACE=1\n");
        assert_eq!(log.last_error_line(), "broken");
    }
}
