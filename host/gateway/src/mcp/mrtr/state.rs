//! The state of a suspended call, as its client hands it back: sealed, and bound to the request.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rmcp::model::{ErrorData, RequestStateCodec, RequestStateError, SealOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tandem_types::Caller;

use crate::{config::StateKey, mcp::errors};

/// How long a state may be handed back. Longer than a guest waits: the answers in it still save the person from typing
/// them again where the call can be started anew.
const STATE_TTL: Duration = Duration::from_secs(3600);
/// Bytes of answers that a state carries. They travel with every round; what is longer is kept by the guest alone.
const MAX_ANSWERS: usize = 16 << 10;

/// Names a call while it lives: a UUID's bits.
pub(crate) type CallId = u128;

/// Answers by their key.
pub(crate) type Answers = BTreeMap<String, Value>;

/// What a state says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// The suspended call.
    pub(super) id: CallId,
    /// How often it was suspended before.
    pub(super) round: u32,
    /// The answers so far; none when they were too long to carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answers: Option<Answers>,
}

/// What a state belongs to.
#[derive(Debug)]
pub(crate) struct Binding {
    bytes: Vec<u8>,
    pub(super) tenant: Arc<str>,
}

impl Binding {
    pub(crate) fn new(method: &str, name: &str, arguments: &Map<String, Value>, caller: &Caller) -> Self {
        let mut digest = Sha256::new();
        hash_object(&mut digest, arguments);
        let mut bytes = Vec::new();
        for part in [method, name, &*caller.tenant, &*caller.subject] {
            bytes.extend_from_slice(&part.len().to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes.extend_from_slice(&digest.finalize());
        Self { bytes, tenant: caller.tenant.clone() }
    }
}

/// Hashes JSON by its meaning: a client may write an object's members in another order when it tries again.
fn hash_value(digest: &mut Sha256, value: &Value) {
    match value {
        Value::Object(object) => hash_object(digest, object),
        Value::Array(items) => {
            digest.update(b"[");
            items.iter().for_each(|item| hash_value(digest, item));
            digest.update(b"]");
        }
        scalar => {
            let text = scalar.to_string();
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
    }
}

fn hash_object(digest: &mut Sha256, object: &Map<String, Value>) {
    let sorted: BTreeMap<_, _> = object.iter().collect();
    digest.update(b"{");
    for (key, value) in sorted {
        digest.update(key.len().to_be_bytes());
        digest.update(key);
        hash_value(digest, value);
    }
    digest.update(b"}");
}

/// Seals and opens states.
#[derive(Clone, Debug)]
pub(crate) struct Sealer(RequestStateCodec);

impl Sealer {
    pub(crate) fn new(key: &StateKey) -> Self {
        Self(RequestStateCodec::new_unchecked(key.0.as_slice()))
    }

    pub(super) fn seal(&self, state: &State, binding: &Binding) -> Result<String, RequestStateError> {
        let options = SealOptions::new().associated_data(&binding.bytes).ttl(STATE_TTL);
        self.0.seal_json_with(state, &options)
    }

    pub(crate) fn open(&self, sealed: &str, binding: &Binding) -> Result<State, ErrorData> {
        self.0.open_json_with(sealed, &binding.bytes).map_err(|error| {
            tracing::debug!(%error, "mcp: request state refused");
            errors::invalid(
                "invalid_request_state",
                "`requestState` is not one that this host gave for this request; start without it",
            )
        })
    }
}

/// The answers, where they are not too long to carry.
pub(super) fn carried(answers: Answers) -> Option<Answers> {
    let length = serde_json::to_string(&answers).map_or(usize::MAX, |text| text.len());
    (length <= MAX_ANSWERS).then_some(answers)
}

impl State {
    /// The answers to start a lost call anew with; an error where that could do something twice.
    pub(crate) fn restart(self, repeatable: bool) -> Result<Answers, ErrorData> {
        match self.answers {
            Some(answers) if repeatable => Ok(answers),
            _ => Err(errors::invalid(
                "suspended_call_lost",
                "the call that asked does not wait any more; call again without `requestState`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new(&StateKey::new([7; 32]))
    }

    fn args(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn binding(name: &str, arguments: Value) -> Binding {
        Binding::new("tools/call", name, &args(arguments), &Caller::local())
    }

    fn state(answers: Option<Answers>) -> State {
        State { id: 7, round: 2, answers }
    }

    #[test]
    fn a_state_opens_only_for_what_it_was_sealed_for() {
        let sealed = sealer().seal(&state(None), &binding("t", json!({"a": 1, "b": [{"c": 2}]}))).unwrap();
        let same = binding("t", json!({"b": [{"c": 2}], "a": 1}));
        assert_eq!(sealer().open(&sealed, &same).unwrap().round, 2);

        let mut other = Caller::local();
        other.tenant = "acme".into();
        let strangers = [
            binding("u", json!({"a": 1, "b": [{"c": 2}]})),
            binding("t", json!({"a": 2, "b": [{"c": 2}]})),
            binding("t", json!({})),
            Binding::new("prompts/get", "t", &args(json!({"a": 1, "b": [{"c": 2}]})), &Caller::local()),
            Binding::new("tools/call", "t", &args(json!({"a": 1, "b": [{"c": 2}]})), &other),
        ];
        for stranger in strangers {
            let error = sealer().open(&sealed, &stranger).unwrap_err();
            assert_eq!(error.code.0, -32602);
            assert_eq!(error.data.unwrap()["code"], "invalid_request_state");
        }
    }

    #[test]
    fn a_changed_state_or_one_of_another_key_does_not_open() {
        let mine = binding("t", json!({}));
        let sealed = sealer().seal(&state(None), &mine).unwrap();
        let other = Sealer::new(&StateKey::new([8; 32]));
        assert!(other.open(&sealed, &mine).is_err());
        for wrong in
            [format!("{sealed}-TAMPERED"), String::new(), "rs1.AAAA.AAAA".to_owned(), sealed.replace("rs1", "rs2")]
        {
            assert!(sealer().open(&wrong, &mine).is_err(), "{wrong}");
        }
    }

    #[test]
    fn neighbouring_parts_cannot_be_shifted() {
        let caller = Caller::local();
        let a = Binding::new("tools/call", "ab", &Map::new(), &caller);
        let b = Binding::new("tools/calla", "b", &Map::new(), &caller);
        assert_ne!(a.bytes, b.bytes);
        let nested = |value| binding("t", value).bytes;
        assert_ne!(nested(json!({"a": ["1", "2"]})), nested(json!({"a": ["12"]})));
        assert_ne!(nested(json!({"a": {"b": 1}})), nested(json!({"a": {}, "b": 1})));
    }

    #[test]
    fn a_lost_call_is_repeated_only_where_that_is_harmless() {
        let answers = Answers::from([("a".to_owned(), json!({"action": "decline"}))]);
        assert_eq!(state(Some(answers.clone())).restart(true).unwrap(), answers);
        for (carried, repeatable) in [(Some(answers), false), (None, true)] {
            let error = state(carried).restart(repeatable).unwrap_err();
            assert_eq!(error.data.unwrap()["code"], "suspended_call_lost");
        }
    }

    #[test]
    fn long_answers_stay_with_the_guest() {
        let long = Answers::from([("a".to_owned(), Value::String("x".repeat(MAX_ANSWERS)))]);
        assert!(carried(long).is_none());
        assert!(carried(Answers::new()).is_some());
    }
}
