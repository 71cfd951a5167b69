//! Frames on a stream: a length of four bytes, big-endian, then that much UTF-8 JSON (MCP++ Profile E).
//!
//! **Refuses.** A frame over [`MAX_FRAME`] before anything is allocated for it; one that has begun and is not whole after
//! [`FRAME`]; silence longer than [`IDLE`]; what is not JSON, or is nested deeper than `serde_json` goes (128).

use std::time::Duration;

use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use serde_json::Value;
use tandem_types::exact::ExactNumbers;
use tokio::time::timeout;

/// Bytes of a frame. The binding allows 16 MiB; one peer with four streams would then hold 64 MiB of this host.
pub(super) const MAX_FRAME: usize = 1 << 20;
/// A frame that has begun must be whole by then. Stops peers that send a byte a second.
const FRAME: Duration = Duration::from_secs(10);
/// Silence on our own stream, after which it is closed: an answer may take long, and there is one such stream for each peer.
const ANSWERS: Duration = Duration::from_secs(3_600);
/// Silence between frames, after which the stream is closed. Its peer opens another when it has something to say.
const IDLE: Duration = Duration::from_secs(120);
/// A peer that does not take its answer in this time is cut off. Stops peers that never read.
const WRITE: Duration = Duration::from_secs(10);

/// Why a stream cannot be used any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    /// The frame is longer than allowed.
    #[error("a frame of {0} bytes is over the limit of {MAX_FRAME}")]
    TooLong(usize),
    /// A frame did not come, or was not taken, in time.
    #[error("{0}")]
    Slow(&'static str),
    /// The bytes are no JSON.
    #[error("a frame is not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// The stream broke.
    #[error("stream error: {0}")]
    Io(#[from] std::io::Error),
}

impl FrameError {
    /// Whether the peer broke the protocol, rather than its network.
    pub(super) fn is_fault(&self) -> bool {
        matches!(self, Self::TooLong(_) | Self::NotJson(_) | Self::Slow(_))
    }
}

/// A frame that came.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub value: Value,
    /// The numbers that `value` rounds.
    pub exact: Option<ExactNumbers>,
    /// Its size.
    pub bytes: usize,
}

/// The next frame, or none when the peer closed the stream or was silent for long.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Frame>, FrameError> {
    read_within(from, IDLE, FRAME).await
}

/// The same on a stream of our own, where an answer may be long in coming.
pub(super) async fn read_answer(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Frame>, FrameError> {
    read_within(from, ANSWERS, FRAME).await
}

async fn read_within(
    from: &mut (impl AsyncRead + Unpin),
    idle: Duration,
    whole: Duration,
) -> Result<Option<Frame>, FrameError> {
    let mut head = [0; 4];
    match timeout(idle, from.read(&mut head[..1])).await {
        Err(_) | Ok(Ok(0)) => return Ok(None),
        Ok(read) => read?,
    };
    let rest = async {
        from.read_exact(&mut head[1..]).await?;
        let length = u32::from_be_bytes(head) as usize;
        if length > MAX_FRAME {
            return Err(FrameError::TooLong(length));
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).await?;
        let value = serde_json::from_slice(&bytes)?;
        let exact = std::str::from_utf8(&bytes).ok().and_then(ExactNumbers::of);
        Ok(Frame { value, exact, bytes: length })
    };
    timeout(whole, rest).await.map_err(|_| FrameError::Slow("a frame was not whole in 10 s"))?.map(Some)
}

/// A frame, to be sent. One that is too long is its writer's fault, never the peer's.
pub(super) fn encode(value: &Value) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, value)?;
    let length = bytes.len() - 4;
    let head = u32::try_from(length).ok().filter(|_| length <= MAX_FRAME).ok_or(FrameError::TooLong(length))?;
    for (place, byte) in bytes.iter_mut().zip(head.to_be_bytes()) {
        *place = byte;
    }
    Ok(bytes)
}

/// Sends a frame and flushes it.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> Result<(), FrameError> {
    let sent = async {
        to.write_all(frame).await?;
        to.flush().await
    };
    timeout(WRITE, sent).await.map_err(|_| FrameError::Slow("the peer did not read for 10 s"))??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn write(to: &mut Vec<u8>, value: &Value) -> Result<(), FrameError> {
        send(to, &encode(value)?).await
    }

    async fn read_all(bytes: &[u8]) -> Result<Option<Frame>, FrameError> {
        read(&mut futures::io::Cursor::new(bytes)).await
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({"a": "ü"})).await.unwrap();
        assert_eq!(bytes[..4], [0, 0, 0, 10]);
        assert_eq!(read_all(&bytes).await.unwrap(), Some(Frame { value: json!({"a": "ü"}), exact: None, bytes: 10 }));
        assert!(read_all(&[]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn wrong_frames_are_refused() {
        assert!(matches!(read_all(&[0xff; 4]).await, Err(FrameError::TooLong(_))));
        assert!(matches!(read_all(&[0, 0x10, 0, 1]).await, Err(FrameError::TooLong(n)) if n == MAX_FRAME + 1));
        assert!(matches!(read_all(&[0, 0, 0, 2, b'{', 0xff]).await, Err(FrameError::NotJson(_))));
        assert!(matches!(read_all(&[0, 0, 0, 9, b'{']).await, Err(FrameError::Io(_))));
        let mut deep = vec![0, 0, 4, 0];
        deep.extend(std::iter::repeat_n(b'[', 1024));
        assert!(matches!(read_all(&deep).await, Err(FrameError::NotJson(_))));
        let long = json!("x".repeat(MAX_FRAME));
        assert!(matches!(encode(&long), Err(FrameError::TooLong(_))));
    }

    #[tokio::test]
    async fn slow_frames_are_cut_and_silence_ends_the_stream() {
        struct Stalled(Vec<u8>);
        impl AsyncRead for Stalled {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                match (self.0.pop(), buffer.first_mut()) {
                    (Some(byte), Some(place)) => {
                        *place = byte;
                        std::task::Poll::Ready(Ok(1))
                    }
                    _ => std::task::Poll::Pending,
                }
            }
        }
        let (short, long) = (Duration::from_millis(10), Duration::from_secs(600));
        assert!(read_within(&mut Stalled(Vec::new()), short, long).await.unwrap().is_none());
        assert!(matches!(read_within(&mut Stalled(vec![0, 0]), long, short).await, Err(FrameError::Slow(_))));
    }
}
