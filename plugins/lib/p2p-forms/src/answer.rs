//! What goes to the host, and what comes back.

use std::time::Duration;

use tandem_sdk::p2p;
use tandem_sdk::prelude::*;
use tandem_sdk::serde::de::{Deserialize, DeserializeOwned, Deserializer};

/// Kept of a call's time to bring the answer back: a wait that ends with the call is a timeout that says nothing.
const MARGIN: Duration = Duration::from_secs(1);

/// Reads the answer of a function of the host.
///
/// # Errors
/// The host's refusal, with its kind. An answer that lacks something, or is otherwise not what the function promises,
/// is [`Error::Other`] and names it.
pub fn answer<T: DeserializeOwned>(of: &str, answer: std::result::Result<String, p2p::Error>) -> Result<T> {
    let text = answer?;
    let wrong = |error| Error::other(format!("the host's answer to `{of}` has the wrong form: {error}"));
    tandem_sdk::serde_json::from_str(&text).map_err(wrong)
}

/// A document for the host: an object without the keys that are null, which were not given.
#[must_use]
pub fn document(mut object: Value) -> String {
    if let Some(keys) = object.as_object_mut() {
        keys.retain(|_, value| !value.is_null());
    }
    object.to_string()
}

/// For fields that must be there and may be null, where the host does not know: without this serde takes an
/// absent `Option` for null.
///
/// # Errors
/// Those of the value.
pub fn known<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> std::result::Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// A wait in seconds, no longer than the call has left: the operator's ceiling may be nearer than what was asked for.
#[must_use]
pub fn within(ctx: &Ctx, seconds: u32) -> u32 {
    shorter(ctx.remaining(), seconds)
}

fn shorter(remaining: Duration, seconds: u32) -> u32 {
    let left = remaining.saturating_sub(MARGIN).as_secs();
    u32::try_from(left).map_or(seconds, |left| seconds.min(left))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failure fails the test")]

    use super::*;

    #[data]
    #[derive(Debug, PartialEq)]
    struct Place {
        position: u64,
        #[serde(deserialize_with = "known")]
        mean_ms: Option<f64>,
    }

    fn place(text: &str) -> Result<Place> {
        answer("task-queue.place", Ok(text.to_owned()))
    }

    #[test]
    fn an_answer_that_lacks_something_says_what() {
        assert_eq!(place(r#"{"position":1,"mean_ms":null,"more":2}"#), Ok(Place { position: 1, mean_ms: None }));
        for (text, lacking) in [(r#"{"mean_ms":1}"#, "position"), (r#"{"position":1}"#, "mean_ms")] {
            let message = place(text).unwrap_err().to_string();
            assert!(message.contains("`task-queue.place`") && message.contains(lacking), "{message}");
        }
    }

    #[test]
    fn a_refusal_keeps_its_kind() {
        let refused = |error| answer::<Place>("task-queue.place", Err(error)).unwrap_err();
        assert_eq!(refused(p2p::Error::NotFound("no task".to_owned())), Error::NotFound("no task".to_owned()));
        let Error::Failed(output) = refused(p2p::Error::StaleFence("3 < 4".to_owned())) else { unreachable!() };
        assert_eq!(output.value(), json!({ "error": { "code": "stale_fence", "message": "3 < 4" } }));
    }

    #[test]
    fn a_document_has_no_null_of_its_own_and_keeps_those_inside() {
        assert_eq!(
            document(json!({ "tool": "x", "tags": null, "arguments": { "a": null } })),
            r#"{"tool":"x","arguments":{"a":null}}"#
        );
    }

    #[test]
    fn a_wait_ends_before_the_call_does() {
        assert_eq!(shorter(Duration::MAX, 300), 300);
        assert_eq!(shorter(Duration::from_secs(120), 300), 119);
        assert_eq!(shorter(Duration::from_millis(500), 300), 0);
    }
}
