//! The lines of request heads on their way in. hyper takes a line feed alone as the end of a line; a proxy that does not, sees
//! other requests than this host does. So it is noticed here, where the bytes are still as they came.
//!
//! To tell heads from bodies, the framing is followed: lengths, and chunks. What is read is never changed.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of a line that are kept: the names and values that matter are shorter.
const KEPT: usize = 64;

/// Whether a connection has sent a line with a wrong end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lax(Arc<AtomicBool>);

impl Lax {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stream whose heads are looked at while they are read.
#[derive(Debug)]
pub(crate) struct Heads<S> {
    stream: S,
    watch: Watch,
}

impl<S> Heads<S> {
    pub(crate) fn new(stream: S) -> (Self, Lax) {
        let lax = Lax::default();
        (Self { stream, watch: Watch { lax: lax.clone(), ..Watch::default() } }, lax)
    }
}

/// Where in a connection's input the next byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Head,
    /// So many bytes of a body, or of a chunk with its end.
    Body(u64),
    Chunk(u64),
    ChunkSize,
    Trailers,
    /// Nothing more is to be learned here.
    Lost,
}

#[derive(Debug, Default)]
struct Watch {
    at: At,
    line: Vec<u8>,
    /// Bytes of the line, with those that are not kept.
    length: usize,
    last: u8,
    body: u64,
    chunked: bool,
    lax: Lax,
}

impl Watch {
    fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.at {
                At::Lost => return,
                At::Body(left) | At::Chunk(left) => {
                    let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(left);
                    bytes = usize::try_from(here).ok().and_then(|here| bytes.get(here..)).unwrap_or_default();
                    self.at = match (self.at, left - here) {
                        (At::Body(_), 0) => At::Head,
                        (At::Chunk(_), 0) => At::ChunkSize,
                        (At::Chunk(_), left) => At::Chunk(left),
                        (_, left) => At::Body(left),
                    };
                }
                At::Head | At::ChunkSize | At::Trailers => {
                    let end = memchr(b'\n', bytes);
                    let (part, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or((bytes, &[]));
                    self.part(part);
                    bytes = rest.get(1..).unwrap_or_default();
                    if end.is_some() {
                        self.line_feed();
                    }
                }
            }
        }
    }

    /// Bytes of one line.
    fn part(&mut self, part: &[u8]) {
        let room = KEPT.saturating_sub(self.line.len());
        self.line.extend(part.iter().filter(|byte| **byte != b'\r').take(room).map(u8::to_ascii_lowercase));
        self.length += part.len();
        self.last = part.last().copied().unwrap_or(self.last);
    }

    fn line_feed(&mut self) {
        if self.last != b'\r' {
            self.lax.0.store(true, Ordering::Relaxed);
        }
        let length = self.length - usize::from(self.last == b'\r');
        self.end_line(length);
        (self.length, self.last) = (0, 0);
        self.line.clear();
    }

    fn end_line(&mut self, length: usize) {
        match self.at {
            At::Head if length > 0 => self.header(),
            At::Head => {
                let (chunked, body) = (std::mem::take(&mut self.chunked), std::mem::take(&mut self.body));
                self.at = match (chunked, body) {
                    (true, _) => At::ChunkSize,
                    (false, 0) => At::Head,
                    (false, body) => At::Body(body),
                };
            }
            At::ChunkSize => {
                let size = self.line.split(|byte| *byte == b';').next().unwrap_or_default();
                let size = std::str::from_utf8(size).ok().and_then(|size| u64::from_str_radix(size.trim(), 16).ok());
                self.at = match size {
                    None => At::Lost,
                    Some(0) => At::Trailers,
                    Some(size) => At::Chunk(size.saturating_add(2)),
                };
            }
            At::Trailers if length == 0 => self.at = At::Head,
            _ => {}
        }
    }

    fn header(&mut self) {
        let Ok(line) = std::str::from_utf8(&self.line) else { return };
        match line.split_once(':') {
            Some(("content-length", length)) => match length.trim().parse() {
                Ok(length) => self.body = length,
                Err(_) => self.at = At::Lost,
            },
            Some(("transfer-encoding", _)) => self.chunked = true,
            _ => {}
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = polled {
            self.watch.read(buf.filled().get(before..).unwrap_or_default());
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a connection that sends this is lax, whatever the pieces are in which it comes.
    fn is_lax(input: &str) -> bool {
        let verdict = |piece: usize| {
            let mut watch = Watch::default();
            input.as_bytes().chunks(piece).for_each(|piece| watch.read(piece));
            watch.lax.is_set()
        };
        let whole = verdict(usize::MAX);
        for piece in [1, 2, 3, 7] {
            assert_eq!(verdict(piece), whole, "in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn lines_of_heads_end_as_they_should() {
        let head = "POST /mcp HTTP/1.1\r\nHost: a\r\n";
        for fine in [
            format!("{head}\r\n"),
            format!("{head}Content-Length: 4\r\n\r\n\n\n\n\n{head}\r\n"),
            format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n\n\n\n\r\nA\r\n\n\n\n\n\n\n\n\n\n\n\r\n0\r\nx: y\r\n\r\n{head}\r\n"
            ),
            format!("{head}Content-Length: 0\r\n\r\n{head}X-Long: {}\r\n\r\n", "x".repeat(500)),
        ] {
            assert!(!is_lax(&fine), "{fine:?}");
        }
        for wrong in [
            "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
            format!("{head}X: y\n\r\n"),
            format!("{head}\n"),
            format!("{head}Content-Length: 4\r\n\r\n\n\n\n\n{head}\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n3\n\n\n\n\r\n0\r\n\r\n"),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n{head}X: y\n\r\n"),
        ] {
            assert!(is_lax(&wrong), "{wrong:?}");
        }
    }
}
