//! Records for tests, right ones and forged ones.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use libp2p_identity::{Keypair, PeerId};
use serde_json::{Value, json};
use tandem_types::canonical_json;

use super::record::{Announcement, HostRecord, SIGNED_AS};
use crate::trust::UnixMillis;

pub const NOW: UnixMillis = UnixMillis(1_760_000_000_000);
pub const MINUTE: Duration = Duration::from_secs(60);

pub fn key() -> (Keypair, PeerId) {
    let key = Keypair::generate_ed25519();
    let id = key.public().to_peer_id();
    (key, id)
}

pub fn announcement(addresses: &[&str]) -> Announcement {
    Announcement {
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        tools: vec!["b_tool".into(), "a_tool".into()],
        capacity: 4,
        free: 3,
        metadata: BTreeMap::from([("region".into(), "north".into())]),
        sequence: 7,
        issued_at: NOW,
        ttl: 30 * MINUTE,
    }
}

/// A record of 30 minutes with sequence 7.
pub fn record(key: &Keypair, addresses: &[&str]) -> HostRecord {
    HostRecord::sign(key, announcement(addresses)).unwrap()
}

/// The same with another sequence, made at `now`.
pub fn record_at(key: &Keypair, sequence: u64, now: UnixMillis) -> HostRecord {
    let made = Announcement { sequence, issued_at: now, ..announcement(&["/ip4/8.8.8.8/tcp/4001"]) };
    HostRecord::sign(key, made).unwrap()
}

/// The document of a record.
pub fn document(record: &HostRecord) -> Value {
    serde_json::from_str(record.text()).unwrap()
}

/// The document with a changed body, signed again, as a host that does not keep the rules would.
pub fn resigned(record: &HostRecord, key: &Keypair, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = document(record);
    change(&mut document["body"]);
    let signature = key.sign(&[SIGNED_AS, &canonical_json(&document["body"])].concat()).unwrap();
    document["signature"] = json!(BASE64_STANDARD.encode(signature));
    document["key"] = json!(BASE64_STANDARD.encode(key.public().encode_protobuf()));
    document.to_string().into_bytes()
}
