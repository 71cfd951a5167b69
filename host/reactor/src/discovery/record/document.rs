//! The JSON document of a record: its fields, their bounds, and the text that is signed.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use libp2p_core::{PeerRecord, SignedEnvelope};
use libp2p_identity::PeerId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_types::{canonical_json, is_tool_name};

use super::{
    RecordError,
    limits::{FORMAT, MAX_KEY, MAX_METADATA, MAX_NUMBER, MAX_TOOLS, MAX_VALUE, SIGNED_AS},
};
use crate::trust::UnixMillis;

#[derive(Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) body: Value,
    pub(super) key: String,
    pub(super) signature: String,
}

/// Fields that a later version adds are signed too, and left alone.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) format: String,
    pub(super) peer_id: String,
    pub(super) sequence: u64,
    pub(super) issued_at: UnixMillis,
    pub(super) expires_at: UnixMillis,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    #[serde(default)]
    pub(super) capacity: u32,
    #[serde(default)]
    pub(super) free: u32,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) routing: String,
}

impl Body {
    /// The bounds of what is not signed for its form.
    pub(super) fn check(&self) -> Result<(), RecordError> {
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

pub(super) fn signed_text(body: &Value) -> Vec<u8> {
    [SIGNED_AS, &canonical_json(body)].concat()
}

pub(super) fn routing(text: &str) -> Result<PeerRecord, RecordError> {
    use libp2p_core::{peer_record::FromEnvelopeError, signed_envelope::ReadPayloadError};
    let envelope = SignedEnvelope::from_protobuf_encoding(&base64(text, "routing")?)
        .map_err(|_| form("`routing` is not a signed envelope"))?;
    PeerRecord::from_signed_envelope_interop(envelope).map_err(|error| match error {
        FromEnvelopeError::BadPayload(ReadPayloadError::InvalidSignature) | FromEnvelopeError::MismatchedSignature => {
            RecordError::BadSignature
        }
        error => RecordError::Form(format!("`routing` is not a peer record: {error}")),
    })
}

pub(super) fn base64(text: &str, field: &str) -> Result<Vec<u8>, RecordError> {
    BASE64_STANDARD.decode(text).map_err(|_| RecordError::Form(format!("`{field}` is not base64")))
}

pub(super) fn mismatch(named: PeerId, signer: PeerId) -> RecordError {
    RecordError::PeerMismatch { named: Box::new(named), signer: Box::new(signer) }
}

pub(super) fn form(reason: &str) -> RecordError {
    RecordError::Form(reason.to_owned())
}
