//! The signed record of a host: who it is, where it is, what it can do, until when.
//!
//! A JSON document of at most 16 KiB:
//!
//! ```json
//! {
//!   "body": {
//!     "format": "tandem-host-record/1",
//!     "peer_id": "12D3KooW…", "sequence": 1760000000000,
//!     "issued_at": 1760000000000, "expires_at": 1760001800000,
//!     "tools": ["dataset_load"], "capacity": 4, "free": 3, "metadata": {},
//!     "routing": "<base64 of the signed envelope with the peer record>"
//!   },
//!   "key": "<base64 of the public key in libp2p's protobuf form>",
//!   "signature": "<base64>"
//! }
//! ```
//!
//! Times are milliseconds since 1970. The signature covers [`SIGNED_AS`] and the canonical JSON of the body, so that no
//! other signature of the same key can be passed off as one of a record. The addresses are in `routing`, in the form
//! that other implementations of libp2p read (RFC 0002 and 0003 of libp2p, with the registered payload type).
//!
//! **Promises.** A [`HostRecord`] in hand is signed by the host that it names, whatever registry it came from.
//! [`HostRecord::check`] says whether it may be believed now.
//!
//! **Refuses.** See [`RecordError`]: each is a way in which a registry, a stranger or an old copy could mislead.

mod error;
mod limits;

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use libp2p_core::{Multiaddr, PeerRecord, SignedEnvelope};
use libp2p_identity::{Keypair, PeerId, PublicKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_types::{canonical_json, is_tool_name};

use crate::trust::{
    UnixMillis,
    addresses::{AddressError, AddressPolicy, Reach},
};

pub use self::{
    error::RecordError,
    limits::{MAX_ADDRESSES, MAX_LIFETIME, MAX_METADATA, MAX_RECORD, MAX_SKEW, MAX_TOOLS, NAME, SIGNED_AS},
};

const FORMAT: &str = "tandem-host-record/1";
const MAX_KEY: usize = 64;
const MAX_VALUE: usize = 256;
/// Numbers up to here are the same in every reader of JSON (RFC 8259 section 6).
const MAX_NUMBER: u64 = (1 << 53) - 1;

/// What a host says about itself.
#[derive(Clone, Debug)]
pub struct Announcement {
    /// Where it is, at most [`MAX_ADDRESSES`].
    pub addresses: Vec<Multiaddr>,
    /// The tools it runs for others, at most [`MAX_TOOLS`].
    pub tools: Vec<String>,
    /// Tasks it runs at a time.
    pub capacity: u32,
    /// How many of these are free.
    pub free: u32,
    /// What else the operator wants to be known.
    pub metadata: BTreeMap<String, String>,
    /// Higher than that of each earlier record; see [`next_sequence`].
    pub sequence: u64,
    /// When it is made.
    pub issued_at: UnixMillis,
    /// For how long it is to be believed, at most [`MAX_LIFETIME`].
    pub ttl: Duration,
}

/// A sequence number above `previous`, and above all that a host used before it lost its state, as far as its clock
/// did not go back.
#[must_use]
pub fn next_sequence(previous: Option<u64>, now: UnixMillis) -> u64 {
    previous.map_or(0, |previous| previous.saturating_add(1)).max(now.0).min(MAX_NUMBER)
}

#[derive(Serialize, Deserialize)]
struct Document {
    body: Value,
    key: String,
    signature: String,
}

/// Fields that a later version adds are signed too, and left alone.
#[derive(Serialize, Deserialize)]
struct Body {
    format: String,
    peer_id: String,
    sequence: u64,
    issued_at: UnixMillis,
    expires_at: UnixMillis,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    capacity: u32,
    #[serde(default)]
    free: u32,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    routing: String,
}

/// A record whose signatures are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRecord {
    peer: PeerId,
    sequence: u64,
    issued_at: UnixMillis,
    expires_at: UnixMillis,
    addresses: Vec<Multiaddr>,
    tools: Vec<String>,
    capacity: u32,
    free: u32,
    metadata: BTreeMap<String, String>,
    text: String,
}

impl HostRecord {
    /// Signs an announcement with the host's key.
    ///
    /// # Errors
    /// What does not fit; a record that is made can be decoded.
    pub fn sign(key: &Keypair, announcement: Announcement) -> Result<Self, RecordError> {
        let Announcement { addresses, mut tools, capacity, free, metadata, sequence, issued_at, ttl } = announcement;
        if ttl > MAX_LIFETIME {
            return Err(RecordError::ExpiryTooFar);
        }
        if addresses.len() > MAX_ADDRESSES {
            return Err(RecordError::TooManyAddresses);
        }
        tools.sort_unstable();
        tools.dedup();
        let unsigned = |error: libp2p_identity::SigningError| RecordError::Key(error.to_string());
        let routing = PeerRecord::new_interop(key, addresses).map_err(unsigned)?;
        let body = Body {
            format: FORMAT.to_owned(),
            peer_id: key.public().to_peer_id().to_base58(),
            sequence,
            issued_at,
            expires_at: issued_at.after(ttl),
            tools,
            capacity,
            free,
            metadata,
            routing: BASE64_STANDARD.encode(routing.into_signed_envelope().into_protobuf_encoding()),
        };
        let body = serde_json::to_value(body).map_err(|error| RecordError::Form(error.to_string()))?;
        let signature = key.sign(&signed_text(&body)).map_err(unsigned)?;
        let document = Document {
            body,
            key: BASE64_STANDARD.encode(key.public().encode_protobuf()),
            signature: BASE64_STANDARD.encode(signature),
        };
        Self::decode(&canonical_json(&document))
    }

    /// Reads a record and checks its signatures.
    ///
    /// # Errors
    /// What is wrong with it, whoever wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD {
            return Err(RecordError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| form("it is no utf-8"))?;
        let json = |error: serde_json::Error| RecordError::Form(error.to_string());
        let document: Document = serde_json::from_str(text).map_err(json)?;
        let signed = signed_text(&document.body);
        let body: Body = serde_json::from_value(document.body).map_err(json)?;
        let key = PublicKey::try_decode_protobuf(&base64(&document.key, "key")?)
            .map_err(|_| form("`key` is no public key that is known here; use ed25519"))?;
        let named: PeerId = body.peer_id.parse().map_err(|_| form("`peer_id` is not a peer id"))?;
        let signer = key.to_peer_id();
        if signer != named {
            return Err(mismatch(named, signer));
        }
        if !key.verify(&signed, &base64(&document.signature, "signature")?) {
            return Err(RecordError::BadSignature);
        }
        let routing = routing(&body.routing)?;
        if routing.peer_id() != named {
            return Err(mismatch(named, routing.peer_id()));
        }
        body.check()?;
        if routing.addresses().len() > MAX_ADDRESSES {
            return Err(RecordError::TooManyAddresses);
        }
        Ok(Self {
            peer: named,
            sequence: body.sequence,
            issued_at: body.issued_at,
            expires_at: body.expires_at,
            addresses: routing.addresses().to_vec(),
            tools: body.tools,
            capacity: body.capacity,
            free: body.free,
            metadata: body.metadata,
            text: text.to_owned(),
        })
    }

    /// Whether the record may be believed at `now`, where `known` is the highest sequence seen of this host and
    /// `reach` is what addresses the record's source may name. Answers the addresses that may be dialled: one that
    /// leads elsewhere for its readers, as loopback does, costs its host none of the others.
    ///
    /// # Errors
    /// [`RecordError::Expired`], [`RecordError::ExpiryTooFar`], [`RecordError::FutureDated`],
    /// [`RecordError::NotNewer`], or [`RecordError::Address`] where all addresses are refused.
    pub fn check(
        &self,
        policy: &AddressPolicy,
        reach: Reach,
        known: Option<u64>,
        now: UnixMillis,
    ) -> Result<Vec<Multiaddr>, RecordError> {
        self.check_time(now)?;
        if let Some(known) = known.filter(|known| self.sequence <= *known) {
            return Err(RecordError::NotNewer { sequence: self.sequence, known });
        }
        // A record of this host itself has no business coming back, even one without addresses.
        if self.peer == policy.own() {
            let address = Multiaddr::from(libp2p_core::multiaddr::Protocol::P2p(self.peer));
            return Err(RecordError::Address { address, reason: AddressError::Own });
        }
        let (mut right, mut refused) = (Vec::new(), None);
        for address in &self.addresses {
            match policy.check_within(address, &self.peer, reach) {
                Ok(()) => right.push(address.clone()),
                Err(reason) => refused = Some(RecordError::Address { address: address.clone(), reason }),
            }
        }
        match refused {
            Some(error) if right.is_empty() => Err(error),
            _ => Ok(right),
        }
    }

    fn check_time(&self, now: UnixMillis) -> Result<(), RecordError> {
        if self.issued_at > now.after(MAX_SKEW) {
            Err(RecordError::FutureDated)
        } else if self.expires_at <= now || self.expires_at <= self.issued_at {
            Err(RecordError::Expired)
        } else if self.expires_at > now.after(MAX_LIFETIME + MAX_SKEW) || self.lifetime() > MAX_LIFETIME {
            Err(RecordError::ExpiryTooFar)
        } else {
            Ok(())
        }
    }

    fn lifetime(&self) -> Duration {
        self.expires_at.since(self.issued_at)
    }

    /// Whose it is.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        self.peer
    }

    /// Higher in each new record of a host.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When it was made, by the clock of its host.
    #[must_use]
    pub fn issued_at(&self) -> UnixMillis {
        self.issued_at
    }

    /// Until when it is to be believed.
    #[must_use]
    pub fn expires_at(&self) -> UnixMillis {
        self.expires_at
    }

    /// Where the host is.
    #[must_use]
    pub fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// The tools it runs for others, sorted when this crate made the record.
    #[must_use]
    pub fn tools(&self) -> &[String] {
        &self.tools
    }

    /// Tasks it runs at a time.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many of these were free.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.free
    }

    /// What else its operator made known.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The document as it was read, to be handed on unchanged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Body {
    /// The bounds of what is not signed for its form.
    fn check(&self) -> Result<(), RecordError> {
        if self.format != FORMAT {
            return Err(RecordError::Form(format!("its `format` is not `{FORMAT}`")));
        }
        if self.tools.len() > MAX_TOOLS || !self.tools.iter().all(|tool| is_tool_name(tool)) {
            return Err(RecordError::Form(format!("`tools` must be at most {MAX_TOOLS} names of tools")));
        }
        if self.free > self.capacity {
            return Err(form("`free` is above `capacity`"));
        }
        let fits = |(key, value): (&String, &String)| key.len() <= MAX_KEY && value.len() <= MAX_VALUE;
        if self.metadata.len() > MAX_METADATA || !self.metadata.iter().all(fits) {
            return Err(RecordError::Form(format!(
                "`metadata` must be at most {MAX_METADATA} entries with keys of {MAX_KEY} and values of {MAX_VALUE} bytes"
            )));
        }
        if [self.sequence, self.issued_at.0, self.expires_at.0].into_iter().any(|number| number > MAX_NUMBER) {
            return Err(form("a number is above 2^53"));
        }
        Ok(())
    }
}

fn signed_text(body: &Value) -> Vec<u8> {
    [SIGNED_AS, &canonical_json(body)].concat()
}

fn routing(text: &str) -> Result<PeerRecord, RecordError> {
    use libp2p_core::{peer_record::FromEnvelopeError, signed_envelope::ReadPayloadError};
    let envelope = SignedEnvelope::from_protobuf_encoding(&base64(text, "routing")?)
        .map_err(|_| form("`routing` is no signed envelope"))?;
    PeerRecord::from_signed_envelope_interop(envelope).map_err(|error| match error {
        FromEnvelopeError::BadPayload(ReadPayloadError::InvalidSignature) | FromEnvelopeError::MismatchedSignature => {
            RecordError::BadSignature
        }
        error => RecordError::Form(format!("`routing` is not a peer record: {error}")),
    })
}

fn base64(text: &str, field: &str) -> Result<Vec<u8>, RecordError> {
    BASE64_STANDARD.decode(text).map_err(|_| RecordError::Form(format!("`{field}` is no base64")))
}

fn mismatch(named: PeerId, signer: PeerId) -> RecordError {
    RecordError::PeerMismatch { named: Box::new(named), signer: Box::new(signer) }
}

fn form(reason: &str) -> RecordError {
    RecordError::Form(reason.to_owned())
}

#[cfg(test)]
mod tests;
