//! Arguments and results that are too large for one message: named by their content id in it, and fetched in parts.
//!
//! | Message | What |
//! |---|---|
//! | `contents/read` | `{cid, offset}` → `{text, bytes}`: the part that begins there, and the length of the whole |
//!
//! **Promises.** What was fetched is what was named: its hash is checked. A peer reads only what was lent to it, while it is.
//!
//! **Bounds.** A part has [`PART`] bytes; [`MAX_LENT`] bytes are lent at a time, each for as long as its fetching may take;
//! [`FETCHES`] are under way at once, each within what the operator allows.
//!
//! **Refuses.** A content that is larger than was said, or another one; what is no JSON.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tandem_reactor::rpc::{PeerRpc as _, REQUEST, RpcError};
use tandem_workflow::ContentId;
use tokio::sync::Semaphore;

use crate::core::Core;

/// Bytes of a part. Quotes and line ends at most double it on the way, so that it fits a frame with room to spare.
pub(super) const PART: usize = 256 << 10;
/// Bytes that are lent at a time. Stops slow peers from filling the memory.
const MAX_LENT: usize = 128 << 20;
/// Contents that are fetched at a time: each is held in memory.
const FETCHES: usize = 4;

/// Contents that peers may read now.
pub(crate) struct BlobExports {
    contents: Mutex<HashMap<(PeerId, ContentId), BlobGrant>>,
    fetching: Semaphore,
}

struct BlobGrant {
    content: Arc<str>,
    until: Instant,
    /// Several tasks may have the same.
    times: usize,
}

impl Default for BlobExports {
    fn default() -> Self {
        Self { contents: Mutex::default(), fetching: Semaphore::new(FETCHES) }
    }
}

impl BlobExports {
    /// Lets a peer read a content from now on. Answers whether there was room.
    pub(super) fn lend(&self, to: PeerId, named: Named, content: &str) -> bool {
        let now = Instant::now();
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.retain(|_, loan| loan.until > now);
        let until = now + named.patience();
        if let Some(loan) = contents.get_mut(&(to, named.cid)) {
            (loan.until, loan.times) = (until, loan.times + 1);
            return true;
        }
        if contents.values().map(|loan| loan.content.len()).sum::<usize>() + content.len() > MAX_LENT {
            return false;
        }
        contents.insert((to, named.cid), BlobGrant { content: content.into(), until, times: 1 });
        true
    }

    pub(super) fn take_back(&self, from: PeerId, cid: ContentId) {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loan) = contents.get_mut(&(from, cid)) {
            loan.times -= 1;
            if loan.times == 0 {
                contents.remove(&(from, cid));
            }
        }
    }

    fn get(&self, peer: PeerId, cid: ContentId) -> Option<Arc<str>> {
        let contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.get(&(peer, cid)).filter(|loan| loan.until > Instant::now()).map(|loan| loan.content.clone())
    }
}

/// A content that is named in a message in its place.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Named {
    pub(super) cid: ContentId,
    pub(super) bytes: usize,
}

impl Named {
    pub(super) fn of(content: &str) -> Self {
        Self { cid: ContentId::of_bytes(content.as_bytes()), bytes: content.len() }
    }

    /// How long it may take to fetch it: a slow link, and the turn of others before.
    pub(super) fn patience(&self) -> Duration {
        REQUEST + Duration::from_secs((self.bytes >> 17) as u64)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    cid: ContentId,
    offset: usize,
}

/// A peer reads a part.
pub(crate) fn read_for(core: &Core, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
    let Read { cid, offset } =
        serde_json::from_value(Value::Object(params)).map_err(|error| RpcError::invalid(error.to_string()))?;
    let nothing = || RpcError::new(-32602, "not_found", format!("no content {cid} is lent to you at this offset"));
    let content = core.queue.lent.get(peer, cid).ok_or_else(nothing)?;
    let end = content.floor_char_boundary(offset.saturating_add(PART));
    let text = content.get(offset..end).ok_or_else(nothing)?;
    Ok(json!({"text": text, "bytes": content.len()}))
}

/// Fetches a content from a peer that lends it, and makes sure that it is it.
pub(super) async fn fetch(core: &Core, peer: PeerId, named: Named, most: usize) -> Result<String, RpcError> {
    let Named { cid, bytes } = named;
    if bytes > most {
        return Err(RpcError::limited(format!("a content of {bytes} bytes is over the limit of {most}")));
    }
    let turn = core.queue.lent.fetching.acquire().await;
    let _turn = turn.map_err(|_| RpcError::unavailable("this host ends"))?;
    let mut content = String::with_capacity(bytes);
    while content.len() < bytes {
        let Value::Object(params) = json!(Read { cid, offset: content.len() }) else { break };
        let part = core.links.ask(peer, "contents/read", params, REQUEST).await?;
        let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() || content.len() + text.len() > bytes {
            return Err(RpcError::invalid(format!("the content {cid} is not as long as was said")));
        }
        content.push_str(text);
    }
    let checked = core.general.spawn_blocking(move || {
        let is_it = ContentId::of_bytes(content.as_bytes()) == cid;
        (is_it && serde_json::from_str::<serde::de::IgnoredAny>(&content).is_ok()).then_some(content)
    });
    let checked = checked.await.map_err(|error| RpcError::unavailable(error.to_string()))?;
    checked.ok_or_else(|| RpcError::invalid(format!("what the peer gave as {cid} is not that, or no JSON")))
}
