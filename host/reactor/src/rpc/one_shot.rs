//! Requests to a peer that serves one a stream.

use std::time::Duration;

use libp2p::{PeerId, Stream};
use serde_json::{Map, Value};

use super::{
    error::RpcError,
    frame::{self, Frame},
    message::{self, Message},
    typed,
};
use crate::network::PROTOCOL;

/// Asks on a stream of its own. Nothing is sent twice: a stream that ends early is an error.
pub(super) async fn ask(
    mut control: libp2p_stream::Control,
    peer: PeerId,
    (id, method, params): (u64, &str, Map<String, Value>),
    open: Duration,
) -> Result<Value, RpcError> {
    let opened = tokio::time::timeout(open, control.open_stream(peer, PROTOCOL)).await;
    let mut stream: Stream = match opened {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(RpcError::unavailable(format!("no stream to {peer}: {error}"))),
        Err(_) => return Err(RpcError::unavailable(format!("{peer} opened no stream within {} s", open.as_secs()))),
    };
    let is_call = method == "tools/call";
    let too_long = |error| RpcError::limited(format!("the request does not fit: {error}"));
    let encoded = frame::encode(&typed::request(id, method, params)).map_err(too_long)?;
    let broke = |error: frame::FrameError| RpcError::lost(format!("the stream broke before the answer came: {error}"));
    frame::send(&mut stream, &encoded).await.map_err(broke)?;
    while let Some(Frame { value, exact, .. }) = frame::read_answer(&mut stream).await.map_err(broke)? {
        let wide = exact.and_then(|exact| exact.wide_integer(&value));
        // A peer that has no room answers before it has read whose request it was.
        let nameless = value.get("id").and_then(Value::as_str) == Some("");
        let Ok(Message::TypedResponse { id: of, result }) = Message::read(value) else { continue };
        if of != Some(id) && !(nameless && result.is_err()) {
            continue;
        }
        if let Some(at) = wide {
            return Err(RpcError::new(-32603, "bad_output", message::wide(&at)));
        }
        return if is_call { result.map(typed::as_mcp) } else { result };
    }
    Err(RpcError::lost("the peer closed the stream before the answer came"))
}
