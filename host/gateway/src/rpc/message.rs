//! One message or a batch, as far as it is read here.

use rmcp::model::RequestId;
use serde::{Deserialize, Deserializer};
use serde_json::{error::Category, value::RawValue};

use super::{ids, limits::MAX_METHOD, params, refused::Refused};

/// A message that looks like one.
#[derive(Debug, Default)]
pub(crate) struct MessageHead {
    /// Of a request.
    pub(crate) id: Option<RequestId>,
    pub(crate) initialize: bool,
    /// Whether it is a request of a revision with sessions that is served only within one.
    pub(crate) needs_session: bool,
    /// The revision that the request names in its `_meta`.
    pub(crate) version: Option<String>,
}

/// What came in.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    One(MessageHead),
    /// The messages of a batch, not looked at.
    Batch(Vec<&'a RawValue>),
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// A member that is there, also as null.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// A message without the byte order mark that some clients send before it.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The text of a message, without its byte order mark.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(without_mark(bytes)).map_err(Refused::parse)
}

/// Looks at what came in.
pub(crate) fn read(text: &str) -> Result<Input<'_>, Refused> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map(Input::Batch).map_err(Refused::parse);
    }
    message(text).map(Input::One)
}

/// Looks at one message.
pub(crate) fn message(text: &str) -> Result<MessageHead, Refused> {
    if text.trim_start().starts_with('[') {
        return Err(Refused::invalid(None, "a batch stands where a message is expected"));
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => Refused::invalid(None, format!("the message is not a JSON-RPC message: {error}")),
        _ => Refused::parse(error),
    })?;
    let Envelope { jsonrpc, id, method, params, result, error } = envelope;
    let is_answer = method.is_none() && (result.is_some() || error.is_some());
    let id = match id {
        None => None,
        // The error of a message that its sender could not read.
        Some(id) if is_answer && id.get() == "null" => None,
        Some(id) => Some(ids::parse(id.get())?),
    };
    let refuse = |reason: &'static str| Refused::invalid(id.clone(), reason);
    if jsonrpc.is_none_or(|version| serde_json::from_str::<&str>(version.get()).ok() != Some("2.0")) {
        return Err(refuse("`jsonrpc` must be \"2.0\""));
    }
    if is_answer {
        return match (result, error) {
            (Some(_), Some(_)) => Err(refuse("an answer has either `result` or `error`")),
            _ => Ok(MessageHead::default()),
        };
    }
    let method = method.ok_or_else(|| refuse("there is no `method`"))?;
    let method: String = serde_json::from_str(method.get()).map_err(|_| refuse("`method` must be a string"))?;
    if method.len() > MAX_METHOD {
        return Err(refuse("`method` must not be longer than 256 bytes"));
    }
    if result.is_some() || error.is_some() {
        return Err(refuse("a message has either `method` or an answer"));
    }
    let Some(id) = id else { return Ok(MessageHead::default()) };
    match params::check(&method, params.map(RawValue::get)) {
        Ok(version) => {
            let initialize = method == "initialize";
            let needs_session = version.is_none() && !initialize && method != "server/discover";
            Ok(MessageHead { id: Some(id), initialize, needs_session, version })
        }
        Err(error) => Err(Refused::new(Some(id), error)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rpc::limits::MAX_ID;

    fn code(text: &str) -> (i32, Option<RequestId>) {
        let refused = message(text).expect_err(text);
        (refused.error.code.0, refused.id)
    }

    #[test]
    fn what_is_no_json_is_told_from_what_is_no_message() {
        for text in ["", "{", "hello", r#"{"jsonrpc":"2.0","id":1,"method":"ping"} x"#, r#"{"a":"\x"}"#] {
            assert_eq!(code(text), (-32700, None), "{text}");
        }
        for text in [
            "5",
            "null",
            "\"x\"",
            r#"{"a":1}"#,
            r#"{"jsonrpc":"1.0","method":"m"}"#,
            r#"{"jsonrpc":"2.0","method":"m","id":1,"id":2}"#,
            r#"{"jsonrpc":"2.0","result":{},"error":{}}"#,
        ] {
            assert_eq!(code(text), (-32600, None), "{text}");
        }
        for rest in [r#""method":5"#, r#""x":1"#, r#""method":"m","result":1"#, r#""result":1,"error":{}"#] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":7,{rest}}}"#);
            assert_eq!(code(&text), (-32600, Some(RequestId::Number(7))), "{text}");
        }
    }

    #[test]
    fn ids_are_short_texts_or_integers() {
        let with = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        for id in ["null", "{}", "[]", "true", "1.5", "1e400", "99999999999999999999"] {
            assert_eq!(code(&with(id)), (-32600, None), "{id}");
        }
        assert_eq!(code(&with(&format!("\"{}\"", "x".repeat(MAX_ID + 1)))), (-32600, None));
        for id in ["0", "-3", "\"\"", "\"a b\"", "9007199254740993"] {
            let seen = message(&with(id)).unwrap();
            assert_eq!(serde_json::to_string(&seen.id).unwrap(), id);
        }
    }

    #[test]
    fn answers_and_notifications_pass() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/anything","params":[1]}"#,
            " \n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/anything\"}\r\n",
        ] {
            assert!(message(text).unwrap().id.is_none(), "{text}");
        }
    }

    #[test]
    fn a_batch_is_one_only_where_it_may_be() {
        assert!(matches!(read("[1, {}]").unwrap(), Input::Batch(all) if all.len() == 2));
        assert_eq!(read("[1,").unwrap_err().error.code.0, -32700);
        assert_eq!(code("[]"), (-32600, None));
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_message() {
        assert_eq!(text(b"\xef\xbb\xbf{}").unwrap(), "{}");
        assert_eq!(text(b"{\"a\":\"\xff\"}").unwrap_err().error.code.0, -32700);
    }

    #[test]
    fn the_answer_has_an_id_also_where_none_is_known() {
        let answer: serde_json::Value = serde_json::from_str(&Refused::parse("x").to_json()).unwrap();
        assert_eq!((&answer["jsonrpc"], answer.get("id")), (&json!("2.0"), Some(&json!(null))));
    }
}
