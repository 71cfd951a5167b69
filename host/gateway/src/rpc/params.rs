//! The parameters that each method can have: those that rmcp reads, so that the two cannot disagree.

#![expect(deprecated, reason = "the older revisions have log levels")]

use std::fmt;

use rmcp::model::{
    CancelTaskParams, CompleteRequestParams, ErrorData, GetPromptRequestParams, GetTaskParams, InitializeRequestParams,
    InputResponses, PaginatedRequestParams, ReadResourceRequestParams, RequestId, SetLevelRequestParams,
    SubscribeRequestParams, SubscriptionsListenRequestParams, UnsubscribeRequestParams, UpdateTaskParams,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, json};

use super::limits::MAX_ID;

/// Which revisions have a method: where it is not, its parameters are not what is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Era {
    Both,
    Legacy,
    Modern,
}

type Check = fn(&str) -> Result<(), ErrorData>;

const METHODS: &[(&str, Era, Check)] = &[
    ("initialize", Era::Legacy, fits::<InitializeRequestParams>),
    ("tools/list", Era::Both, fits::<PaginatedRequestParams>),
    ("prompts/get", Era::Both, fits::<GetPromptRequestParams>),
    ("prompts/list", Era::Both, fits::<PaginatedRequestParams>),
    ("resources/read", Era::Both, fits::<ReadResourceRequestParams>),
    ("resources/list", Era::Both, fits::<PaginatedRequestParams>),
    ("resources/templates/list", Era::Both, fits::<PaginatedRequestParams>),
    ("resources/subscribe", Era::Legacy, fits::<SubscribeRequestParams>),
    ("resources/unsubscribe", Era::Legacy, fits::<UnsubscribeRequestParams>),
    ("completion/complete", Era::Both, fits::<CompleteRequestParams>),
    ("logging/setLevel", Era::Legacy, fits::<SetLevelRequestParams>),
    ("tasks/get", Era::Modern, fits::<GetTaskParams>),
    ("tasks/update", Era::Modern, fits::<UpdateTaskParams>),
    ("tasks/cancel", Era::Modern, fits::<CancelTaskParams>),
    ("subscriptions/listen", Era::Modern, fits::<SubscriptionsListenRequestParams>),
];

/// Checks a request's parameters; gives back the revision that they name.
pub(super) fn check(method: &str, params: Option<&str>) -> Result<Option<String>, ErrorData> {
    // Null is what some clients write for nothing.
    let params = params.filter(|params| *params != "null").unwrap_or("{}");
    if !params.starts_with('{') {
        return Err(wrong("", "`params` must be an object"));
    }
    // At once, for they may be large.
    if method == "tools/call" {
        return Ok(read::<Call>(params)?.meta.and_then(|meta| meta.version));
    }
    let version = read::<WithMeta>(params)?.meta.and_then(|meta| meta.version);
    // Revisions are dates.
    let era = match version.as_deref() {
        Some(version) if version >= "2026" => Era::Modern,
        _ => Era::Legacy,
    };
    let known = METHODS.iter().find(|(name, of, _)| *name == method && (*of == Era::Both || *of == era));
    if let Some((_, _, check)) = known {
        check(params)?;
    }
    Ok(version)
}

fn fits<T: DeserializeOwned>(params: &str) -> Result<(), ErrorData> {
    read::<T>(params).map(drop)
}

fn read<T: DeserializeOwned>(params: &str) -> Result<T, ErrorData> {
    if let Ok(value) = serde_json::from_str(params) {
        return Ok(value);
    }
    // Again, for the place: only what is wrong pays for it.
    let value: Value = serde_json::from_str(params).map_err(|error| wrong("", &format!("`params`: {error}")))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        match path.as_str() {
            "." => wrong("", &error.inner().to_string()),
            path => wrong(path, &format!("`{path}`: {}", error.inner())),
        }
    })
}

fn wrong(path: &str, message: &str) -> ErrorData {
    let pointer = match path {
        "" => String::new(),
        path => format!("/{}", path.replace('.', "/")),
    };
    let violations = json!([{"pointer": pointer, "message": message}]);
    let data = json!({"code": "invalid_params", "retryable": false, "violations": violations});
    ErrorData::invalid_params(format!("invalid parameters: {message}"), Some(data))
}

/// `tools/call`, whose arguments are skipped: the tool's schema is asked about them later, and they may be large.
#[derive(Deserialize)]
struct Call {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "arguments")]
    _arguments: Option<Skipped>,
    #[serde(rename = "inputResponses")]
    _input_responses: Option<InputResponses>,
    #[serde(rename = "requestState")]
    _request_state: Option<String>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct WithMeta {
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "progressToken")]
    _progress_token: Option<Token>,
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: Option<String>,
}

/// A progress token.
struct Token;

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match RequestId::deserialize(deserializer)? {
            RequestId::String(text) if text.len() > MAX_ID => {
                Err(D::Error::custom("a progress token must not be longer than 1 KiB"))
            }
            _ => Ok(Self),
        }
    }
}

/// An object, whatever is in it.
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODERN: &str = "io.modelcontextprotocol/protocolVersion";

    fn place(method: &str, params: &Value) -> String {
        let error = check(method, Some(&params.to_string())).expect_err(method);
        assert_eq!(error.code.0, -32602, "{method} {params}");
        let data = error.data.unwrap();
        assert_eq!(data["code"], "invalid_params");
        let place = data["violations"][0]["pointer"].as_str().unwrap().to_owned();
        assert!(error.message.contains(place.rsplit('/').next().unwrap()), "{}", error.message);
        place
    }

    #[test]
    fn the_place_is_named() {
        for (method, params, pointer) in [
            ("tools/call", json!({"name": "t", "arguments": []}), "/arguments"),
            ("tools/call", json!({"name": "t", "arguments": "{}"}), "/arguments"),
            ("tools/call", json!({"name": 7}), "/name"),
            ("tools/call", json!({"arguments": {}}), ""),
            ("tools/call", json!({"name": "t", "requestState": 1}), "/requestState"),
            ("tools/list", json!({"cursor": 5}), "/cursor"),
            ("resources/read", json!({"uri": 5}), "/uri"),
            ("prompts/get", json!({"name": "p", "arguments": []}), "/arguments"),
            ("logging/setLevel", json!({"level": "loud"}), "/level"),
            (
                "completion/complete",
                json!({"ref": {"type": "ref/prompt", "name": "p"}, "argument": {"name": 1, "value": ""}}),
                "/argument/name",
            ),
            ("initialize", json!({"capabilities": {}}), ""),
            ("ping", json!({"_meta": {"progressToken": {}}}), "/_meta/progressToken"),
            ("ping", json!({"_meta": []}), "/_meta"),
        ] {
            assert_eq!(place(method, &params), pointer, "{method} {params}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (method, params, name) in
            [("tools/call", json!({}), "`name`"), ("initialize", json!({"capabilities": {}}), "`protocolVersion`")]
        {
            let error = check(method, Some(&params.to_string())).unwrap_err();
            assert!(error.message.contains(name), "{}", error.message);
        }
    }

    #[test]
    fn a_progress_token_is_short() {
        let of = |length: usize| json!({"_meta": {"progressToken": "x".repeat(length)}});
        assert!(check("ping", Some(&of(MAX_ID).to_string())).is_ok());
        assert_eq!(place("ping", &of(MAX_ID + 1)), "/_meta/progressToken");
    }

    #[test]
    fn what_is_fine_passes() {
        for (method, params) in [
            ("tools/call", r#"{"name":"t","arguments":null,"_meta":null}"#),
            ("tools/call", r#"{"name":"t"}"#),
            ("tools/list", "null"),
            ("tools/list", r#"{"cursor":null}"#),
            ("unknown/method", r#"{"anything":[1]}"#),
        ] {
            assert!(check(method, Some(params)).is_ok(), "{method} {params}");
        }
        assert!(check("tools/list", None).is_ok());
        for params in ["[]", "5", "\"{}\""] {
            assert!(check("unknown/method", Some(params)).is_err(), "{params}");
        }
    }

    #[test]
    fn a_method_of_another_revision_is_not_judged_by_its_parameters() {
        let params = |version: &str| json!({"level": "loud", "_meta": {MODERN: version}}).to_string();
        assert!(check("logging/setLevel", Some(&params("2026-07-28"))).is_ok());
        assert!(check("initialize", Some(&params("2026-07-28"))).is_ok());
        assert!(check("logging/setLevel", Some(&params("2025-11-25"))).is_err());
        assert_eq!(check("ping", Some(&params("2026-07-28"))).unwrap().as_deref(), Some("2026-07-28"));
    }

    #[test]
    fn deep_arguments_are_skipped_and_not_descended_into() {
        let deep = format!(r#"{{"name":"t","arguments":{{"a":{}{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(check("tools/call", Some(&deep)).is_ok());
    }
}
