//! Calls tools as the host does: arguments and answers are checked against the tool's schemas. The network of hosts is a
//! script. Shared by the tests of the plugins, each of which includes it by its path.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    reason = "a failure fails the test; each test file uses some"
)]

use std::collections::BTreeSet;

use tandem_sdk::prelude::*;
use tandem_sdk::{Plugin, testing};

/// The names of all tools.
pub(crate) fn names<P: Plugin>() -> BTreeSet<String> {
    P::tools().into_iter().map(|tool| tool.name).collect()
}

/// The names of the tools with these words in their annotations: read-only, destructive, idempotent.
pub(crate) fn annotated<P: Plugin>(read_only: bool, destructive: bool, idempotent: bool) -> BTreeSet<String> {
    let fits = |tool: &tandem_sdk::ToolDescriptor| {
        let is = tool.annotations;
        (is.read_only, is.destructive, is.idempotent) == (read_only, destructive, idempotent)
    };
    P::tools().into_iter().filter(fits).map(|tool| tool.name).collect()
}

/// Each parameter of a tool: `name` when it must be given, `name?` when not, `name=default` when it has a default.
pub(crate) fn parameters<P: Plugin>(tool: &str) -> BTreeSet<String> {
    let schema = testing::input_schema::<P>(tool);
    assert_eq!(schema["additionalProperties"], false, "{tool}: {schema}");
    let required: Vec<&str> =
        schema["required"].as_array().map_or_else(Vec::new, |names| names.iter().filter_map(Value::as_str).collect());
    let Some(properties) = schema["properties"].as_object() else { return BTreeSet::new() };
    let parameter = |(name, property): (&String, &Value)| {
        assert!(property["description"].is_string(), "{tool}: `{name}` has no description");
        match property.get("default") {
            Some(Value::Null) | None if required.contains(&name.as_str()) => name.clone(),
            Some(Value::Null) | None => format!("{name}?"),
            Some(default) => format!("{name}={default}"),
        }
    };
    properties.iter().map(parameter).collect()
}

/// Why the schema of a tool refuses arguments; empty when it does not.
pub(crate) fn refusal<P: Plugin>(tool: &str, arguments: &Value) -> String {
    violations(&testing::input_schema::<P>(tool), arguments)
}

fn violations(schema: &Value, value: &Value) -> String {
    assert!(schema.is_object(), "no such schema");
    let validator = jsonschema::draft202012::new(schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}\n", error.instance_path())).collect()
}

/// Calls a tool while `function` of the host answers so. Gives what the host was asked, and what the tool answered.
pub(crate) fn call<P: Plugin>(tool: &str, arguments: &Value, function: &str, answer: &Value) -> (Value, Result<Value>) {
    assert_eq!(refusal::<P>(tool, arguments), "", "{tool} {arguments}");
    testing::take_p2p_requests();
    testing::set_p2p_answer(function, Ok(answer.clone()));
    let answered = testing::call::<P>(tool, arguments).map(|output| output.value());
    if let Ok(answered) = &answered {
        assert_eq!(violations(&testing::output_schema::<P>(tool), answered), "", "{tool} → {answered}");
    }
    let mut requests = testing::take_p2p_requests();
    let (asked, request) = requests.pop().unwrap();
    assert_eq!((asked.as_str(), requests.len()), (function, 0), "one call, of the right function");
    (request, answered)
}

/// Calls a tool that passes `answer` on as it is, and gives what the host was asked. That each key of `required` must be
/// in the answer, and that what the host refuses keeps its kind, is checked on the way.
pub(crate) fn passes<P: Plugin>(
    tool: &str,
    arguments: &Value,
    function: &str,
    answer: &Value,
    required: &[&str],
) -> Value {
    let (asked, answered) = call::<P>(tool, arguments, function, answer);
    assert_eq!(&answered.unwrap(), answer, "{tool}");
    let promised = testing::output_schema::<P>(tool);
    let promised: BTreeSet<&str> =
        promised["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    assert_eq!(promised, required.iter().copied().collect(), "{tool}: required keys of the output schema");
    for key in required {
        let mut lacking = answer.clone();
        assert!(lacking.as_object_mut().unwrap().remove(*key).is_some(), "{tool}: `{key}` is not in the answer");
        let message = call::<P>(tool, arguments, function, &lacking).1.unwrap_err().to_string();
        assert!(message.contains(function) && message.contains(&format!("`{key}`")), "{tool}: {message}");
    }
    let refuse = |refused: p2p::Error| {
        testing::set_p2p_answer(function, Err(refused));
        testing::call::<P>(tool, arguments).unwrap_err()
    };
    assert_eq!(refuse(p2p::Error::NotFound("gone".to_owned())), Error::NotFound("gone".to_owned()), "{tool}");
    let Error::Failed(output) = refuse(p2p::Error::Conflict("ended".to_owned())) else { unreachable!("{tool}") };
    assert_eq!(output.value()["error"]["code"], "conflict", "{tool}");
    asked
}
