//! Arguments and results that are too large for one message: named by their content id in it, and fetched in parts.
//!
//! | Message | What |
//! |---|---|
//! | `contents/read` | `{cid, offset}` → `{text, bytes}`: the part that begins there, and the length of the whole |
//!
//! **Promises.** What was fetched is what was named: its hash is checked. A peer reads only what was granted to it, while it is.
//!
//! **Bounds.** A part has [`PART`] bytes; [`MAX_EXPORTED`] bytes are exported at a time, each for as long as its fetching may take;
//! [`FETCHES`] are under way at once, each within what the operator allows.
//!
//! **Refuses.** A content that is larger than was said, or another one; what is not JSON.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use libp2p::PeerId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tandem_reactor::rpc::{PeerRpc as _, REQUEST, RpcError};
use tandem_workflow::ContentId;
use tokio::{runtime::Handle, sync::Semaphore};

use crate::peers::PeerDirectory;

/// Bytes of a part. Quotes and line ends at most double it on the way, so that it fits a frame with room to spare.
pub(super) const PART: usize = 256 << 10;
/// Bytes that are exported at a time. Stops slow peers from filling the memory.
const MAX_EXPORTED: usize = 128 << 20;
/// Contents that are fetched at a time: each is held in memory.
const FETCHES: usize = 4;

/// A content that a message names in its place.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct BlobRef {
    pub(super) cid: ContentId,
    pub(super) bytes: usize,
}

impl BlobRef {
    pub(super) fn of(content: &str) -> Self {
        Self { cid: ContentId::of_bytes(content.as_bytes()), bytes: content.len() }
    }

    /// How long it may take to fetch it: a slow link, and the turn of others before.
    pub(super) fn timeout(&self) -> Duration {
        REQUEST + Duration::from_secs((self.bytes >> 17) as u64)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    cid: ContentId,
    offset: usize,
}

struct BlobGrant {
    content: Arc<str>,
    until: Instant,
    /// Several tasks may have the same.
    times: usize,
}

/// Contents that peers may read now.
#[derive(Default)]
pub(super) struct BlobExports(Mutex<HashMap<(PeerId, ContentId), BlobGrant>>);

impl BlobExports {
    fn all(&self) -> MutexGuard<'_, HashMap<(PeerId, ContentId), BlobGrant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a peer read a content from now on. Answers whether there was room.
    pub(super) fn grant(&self, to: PeerId, blob: BlobRef, content: &str) -> bool {
        let now = Instant::now();
        let mut all = self.all();
        all.retain(|_, grant| grant.until > now);
        let until = now + blob.timeout();
        if let Some(grant) = all.get_mut(&(to, blob.cid)) {
            (grant.until, grant.times) = (until, grant.times + 1);
            return true;
        }
        if all.values().map(|grant| grant.content.len()).sum::<usize>() + content.len() > MAX_EXPORTED {
            return false;
        }
        all.insert((to, blob.cid), BlobGrant { content: content.into(), until, times: 1 });
        true
    }

    pub(super) fn revoke(&self, from: PeerId, cid: ContentId) {
        let mut all = self.all();
        if let Some(grant) = all.get_mut(&(from, cid)) {
            grant.times -= 1;
            if grant.times == 0 {
                all.remove(&(from, cid));
            }
        }
    }

    fn get(&self, peer: PeerId, cid: ContentId) -> Option<Arc<str>> {
        let all = self.all();
        all.get(&(peer, cid)).filter(|grant| grant.until > Instant::now()).map(|grant| grant.content.clone())
    }

    /// A peer reads a part.
    pub(super) fn read(&self, peer: PeerId, params: Map<String, Value>) -> Result<Value, RpcError> {
        let Read { cid, offset } =
            serde_json::from_value(Value::Object(params)).map_err(|error| RpcError::invalid(error.to_string()))?;
        let nothing = || RpcError::new(-32602, "not_found", format!("no content {cid} is lent to you at this offset"));
        let content = self.get(peer, cid).ok_or_else(nothing)?;
        let end = content.floor_char_boundary(offset.saturating_add(PART));
        let text = content.get(offset..end).ok_or_else(nothing)?;
        Ok(json!({"text": text, "bytes": content.len()}))
    }
}

/// Both directions: what peers may read here, and what is fetched from them.
pub(super) struct Blobs {
    pub(super) exports: BlobExports,
    peers: Arc<PeerDirectory>,
    /// Where contents are hashed and parsed.
    general: Handle,
    fetching: Semaphore,
}

impl Blobs {
    pub(super) fn new(peers: Arc<PeerDirectory>, general: Handle) -> Self {
        Self { exports: BlobExports::default(), peers, general, fetching: Semaphore::new(FETCHES) }
    }

    /// Fetches a content from a peer that exports it, and makes sure that it is it.
    pub(super) async fn fetch(&self, peer: PeerId, blob: BlobRef, most: usize) -> Result<String, RpcError> {
        let BlobRef { cid, bytes } = blob;
        if bytes > most {
            return Err(RpcError::limited(format!("a content of {bytes} bytes is over the limit of {most}")));
        }
        let permit = self.fetching.acquire().await;
        let _permit = permit.map_err(|_| RpcError::unavailable("this host is stopping"))?;
        let mut content = String::with_capacity(bytes);
        while content.len() < bytes {
            let Value::Object(params) = json!(Read { cid, offset: content.len() }) else { break };
            let part = self.peers.links.ask(peer, "contents/read", params, REQUEST).await?;
            let text = part.get("text").and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() || content.len() + text.len() > bytes {
                return Err(RpcError::invalid(format!("the content {cid} is not as long as was said")));
            }
            content.push_str(text);
        }
        let checked = self.general.spawn_blocking(move || {
            let is_it = ContentId::of_bytes(content.as_bytes()) == cid;
            (is_it && serde_json::from_str::<serde::de::IgnoredAny>(&content).is_ok()).then_some(content)
        });
        let checked = checked.await.map_err(|error| RpcError::unavailable(error.to_string()))?;
        checked.ok_or_else(|| RpcError::invalid(format!("what the peer gave as {cid} is not that, or no JSON")))
    }
}
