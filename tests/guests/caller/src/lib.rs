//! A plugin that calls other tools, and itself without end: the depth limit stops it.

use tandem_sdk::prelude::*;
use tandem_sdk::serde_json::Map;

#[derive(Debug)]
struct Caller;

#[tools]
impl Caller {
    /// Calls another tool, and answers its text.
    #[tool(open_world)]
    fn call_other(tool: &str, arguments: Map<String, Value>) -> Result<String> {
        let output = invoke::call_tool(tool, &Value::Object(arguments))?;
        let text = output.text();
        if output.is_error { Err(Error::failed(text)) } else { Ok(text) }
    }

    /// Answers the value that it is given.
    #[tool(read_only)]
    fn give_back(value: Value) -> Value {
        value
    }

    /// Calls itself without end.
    #[tool]
    fn call_self(#[arg(default)] depth: u32) -> Result<String> {
        let output = invoke::call_tool("call_self", &json!({ "depth": depth + 1 }));
        let output = output.context(format_args!("depth {depth}"))?;
        let text = output.text();
        if output.is_error { Err(Error::failed(text)) } else { Ok(text) }
    }

    /// Calls another tool many times, one after the other.
    #[tool(open_world)]
    fn call_often(tool: &str, arguments: Map<String, Value>, times: u32) -> Result<u32> {
        let arguments = Value::Object(arguments);
        for _ in 0..times {
            invoke::call_tool(tool, &arguments)?;
        }
        Ok(times)
    }
}

tandem_sdk::export!(Caller);
