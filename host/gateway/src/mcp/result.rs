//! What results carry, and what every result says of the request that it answers.
//!
//! A tool's result has one form on the wire and two writers: rmcp, which wants it as its own values, and a plain call, which is
//! written straight from the tool's output.

use std::{sync::Arc, time::Duration};

use rmcp::model::{CallToolResult, ContentBlock, MetaObject, ResultType};
use serde::Serialize;
use serde_json::{Number, Value};
use tandem_router::{CallError, DeprecatedName, Output, Router};
use tandem_types::Caller;

use super::convert;
use crate::{incoming::Incoming, results::ResultPolicy, state::AppState};

/// What a result says of its request.
#[derive(Clone, Debug)]
pub(crate) struct ResponseMeta {
    request_id: Arc<str>,
    /// None where no request waits for the result.
    incoming: Option<Arc<Incoming>>,
    server_info: Option<Arc<Value>>,
    /// None where every result is sent whole.
    results: Option<ResultPolicy>,
}

/// The same as members of `_meta`, with what there is to say of a tool's call.
#[derive(Clone, Debug, Serialize)]
struct Members {
    #[serde(rename = "tandem/request_id")]
    request_id: Arc<str>,
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server_info: Option<Arc<Value>>,
    #[serde(rename = "tandem/lane", skip_serializing_if = "Option::is_none")]
    lane: Option<&'static str>,
    #[serde(rename = "tandem/reason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(rename = "tandem/duration_ms", skip_serializing_if = "Option::is_none")]
    duration: Option<Value>,
    #[serde(rename = "tandem/cached", skip_serializing_if = "Option::is_none")]
    cached: Option<bool>,
    #[serde(rename = "tandem/deprecated", skip_serializing_if = "Option::is_none")]
    deprecated: Option<DeprecatedName>,
}

impl Members {
    fn object(&self) -> MetaObject {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => MetaObject(members),
            // Texts and a number are always written.
            _ => MetaObject::new(),
        }
    }
}

impl ResponseMeta {
    /// Of one request; `modern` as in [`super::exchange::Exchange`]. `budget` is what it says of the size of a message.
    pub(crate) fn of_request(shared: &AppState, incoming: &Arc<Incoming>, modern: bool, budget: Option<usize>) -> Self {
        Self {
            request_id: incoming.request_id.clone(),
            incoming: Some(incoming.clone()),
            server_info: modern.then(|| shared.server_info.clone()),
            results: shared.results.as_ref().map(|results| ResultPolicy::new(results, budget)),
        }
    }

    /// Of what no request waits for.
    pub(crate) fn of(shared: &AppState, request_id: Arc<str>) -> Self {
        let results = shared.results.as_ref().map(|results| ResultPolicy::new(results, None));
        Self { request_id, incoming: None, server_info: None, results }
    }

    pub(crate) fn with_request_id(&self, request_id: Arc<str>) -> Self {
        Self { request_id, incoming: self.incoming.clone(), server_info: None, results: self.results.clone() }
    }

    /// What becomes of large results, and of references to them.
    pub(crate) fn results(&self) -> Option<&ResultPolicy> {
        self.results.as_ref()
    }

    /// Makes a result of so many bytes: apart from the threads that serve if they are many, as whatever writes it then.
    pub(crate) async fn make<T: Send + 'static>(
        self,
        router: &Router,
        caller: &Caller,
        bytes: usize,
        result: impl FnOnce(Self) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if let Some(incoming) = &self.incoming {
            incoming.note_bytes(bytes);
        }
        router.answer_on(caller, bytes, move || result(self)).await
    }

    pub(crate) fn basic(self) -> MetaObject {
        self.members().object()
    }

    pub(crate) fn put(self, meta: &mut MetaObject) {
        meta.extend(self.basic());
    }

    fn members(self) -> Members {
        let Self { request_id, server_info, .. } = self;
        Members { request_id, server_info, lane: None, reason: None, duration: None, cached: None, deprecated: None }
    }
}

/// A tool's output as a result, written field by field as rmcp writes its own.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolResult {
    result_type: ResultType,
    content: Vec<ContentBlock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<Value>,
    is_error: bool,
    #[serde(rename = "_meta")]
    meta: Members,
}

impl ToolResult {
    pub(crate) fn new(output: Output, meta: ResponseMeta) -> Self {
        let meta = Members {
            lane: Some(output.lane.as_str()),
            reason: Some(output.reason),
            duration: Some(milliseconds(output.duration)),
            cached: output.cached.then_some(true),
            deprecated: output.deprecated,
            ..meta.members()
        };
        Self {
            result_type: ResultType::COMPLETE,
            content: convert::blocks(output.content, output.structured.as_ref()),
            structured_content: output.structured,
            is_error: output.is_error,
            meta,
        }
    }
}

/// What a tool's call came to.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum CallResult {
    Tool(ToolResult),
    /// A result that says why there is none of the tool.
    Failure(CallToolResult),
}

impl From<CallResult> for CallToolResult {
    fn from(result: CallResult) -> Self {
        match result {
            CallResult::Failure(result) => result,
            CallResult::Tool(ToolResult { result_type, content, structured_content, is_error, meta }) => {
                let mut result = Self::default();
                result.result_type = Some(result_type);
                result.content = content;
                result.structured_content = structured_content;
                result.is_error = Some(is_error);
                result.meta = Some(meta.object());
                result
            }
        }
    }
}

/// Milliseconds with three decimals: a call may take less than one.
pub(crate) fn milliseconds(duration: Duration) -> Value {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    Number::from_f64(f64::from(micros) / 1e3).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use tandem_engine::Content;
    use tandem_router::Lane;

    use super::*;

    #[test]
    fn both_writers_write_the_same() {
        let output = |structured: Option<Value>, cached| Output {
            content: if cached { Vec::new() } else { vec![Content::Text("one \"two\"".to_owned())] },
            structured,
            is_error: !cached,
            lane: Lane::General,
            reason: "default",
            duration: Duration::from_micros(1234),
            cached,
            deprecated: cached.then(|| DeprecatedName { name: "older".to_owned(), current: "newer".to_owned() }),
        };
        for output in [output(None, false), output(Some(serde_json::json!({"sum": 3})), true)] {
            let info = Arc::new(serde_json::json!({"name": "tandem", "version": "1"}));
            let meta = ResponseMeta { request_id: "id".into(), incoming: None, server_info: Some(info), results: None };
            let result = CallResult::Tool(ToolResult::new(output, meta));
            let written = serde_json::to_string(&result).unwrap();
            assert_eq!(written, serde_json::to_string(&CallToolResult::from(result)).unwrap());
        }
    }
}
