//! A record in hand: signed, read with its signatures checked, and asked whether it may be believed now.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use libp2p_core::{Multiaddr, PeerRecord};
use libp2p_identity::{Keypair, PeerId, PublicKey};
use tandem_types::canonical_json;

use super::{
    Announcement, MAX_ADDRESSES, MAX_LIFETIME, MAX_RECORD, MAX_SKEW, RecordError,
    document::{Body, Document, base64, form, mismatch, routing, signed_text},
    limits::FORMAT,
};
use crate::trust::{
    UnixMillis,
    addresses::{AddressError, AddressPolicy, Reach},
};

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
        let text = std::str::from_utf8(bytes).map_err(|_| form("it is not utf-8"))?;
        let json = |error: serde_json::Error| RecordError::Form(error.to_string());
        let document: Document = serde_json::from_str(text).map_err(json)?;
        let signed = signed_text(&document.body);
        let body: Body = serde_json::from_value(document.body).map_err(json)?;
        let key = PublicKey::try_decode_protobuf(&base64(&document.key, "key")?)
            .map_err(|_| form("`key` is not a supported public key; use ed25519"))?;
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

#[cfg(test)]
mod tests;
