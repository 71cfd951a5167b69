//! `tools_result_query`: a jq program over a result. The host runs none itself: the `json` plugin does, in its sandbox, with its
//! limits of time, memory and output.

use serde::Deserialize;
use serde_json::{Map, Value};
use tandem_router::CallError;
use tandem_types::Caller;

use super::{
    argument::{self, invalid},
    failure::failed,
    policy::ResultPolicy,
};

const TOOL: &str = "tools_result_query";
/// The tool that runs the program, and its category.
pub(crate) const QUERY_TOOL: &str = "json_query";
pub(crate) const QUERY_CATEGORY: &str = "json";

/// What is to be computed.
#[derive(Debug, Deserialize)]
pub(crate) struct Query {
    result: String,
    program: String,
    variables: Option<Map<String, Value>>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl Query {
    /// The arguments of the tool that runs it.
    ///
    /// # Errors
    ///
    /// The result is not there for this caller, or is no text.
    pub(crate) fn arguments(self, policy: &ResultPolicy, caller: &Caller) -> Result<Map<String, Value>, CallError> {
        let Self { result, program, variables, limit, cursor } = self;
        let kept = policy.get(caller, argument::id(TOOL, &result)?)?;
        let Ok(text) = String::from_utf8(kept.content().map_err(failed)?) else {
            let message =
                format!("the result is {}, not JSON; read it with `tools_result_read`", kept.about.media_type);
            return Err(invalid(TOOL, "/result", message));
        };
        let given = [
            // As text, so that no number of it is rounded.
            ("text", Some(text.into())),
            ("program", Some(program.into())),
            ("variables", variables.map(Value::Object)),
            ("limit", limit.map(Value::from)),
            ("cursor", cursor.map(Value::from)),
        ];
        Ok(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
    }
}
