//! A plugin that answers what it must not answer: each answer is caught before a client sees it.

use tandem_sdk::prelude::*;

/// How deep the nested answer is: far over what any parser takes.
const DEPTH: usize = 100_000;

#[derive(Debug)]
struct BadJson;

#[tools]
impl BadJson {
    /// Answers a structured result that is not JSON.
    #[tool(read_only, output_schema = count_schema())]
    fn bad_not_json() -> ToolOutput {
        structured("{ not json")
    }

    /// Answers a structured result that its own output schema refuses.
    #[tool(read_only, output_schema = count_schema())]
    fn bad_shape() -> ToolOutput {
        structured(r#"{ "count": "three" }"#)
    }

    /// Answers no structured result, though it declares one.
    #[tool(read_only, output_schema = count_schema())]
    fn bad_missing() -> ToolOutput {
        ToolOutput::text("three")
    }

    /// Answers a structured result of many levels.
    #[tool(read_only, output_schema = json!({ "type": "object" }))]
    fn bad_depth() -> ToolOutput {
        let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
        structured(&format!("{{\"list\":{open}{close}}}"))
    }

    /// Answers an integer that a client would round.
    #[tool(read_only)]
    fn bad_wide_integer() -> ToolOutput {
        structured(r#"{ "ids": [12345678901234567890123] }"#)
    }

    /// Answers a picture whose media type is none.
    #[tool(read_only)]
    fn bad_media_type() -> Content {
        Content::image([0_u8], "not a media type\r\nX-Header: 1")
    }

    /// Answers what it declares: the one good answer.
    #[tool(read_only, output_schema = count_schema())]
    fn good_shape() -> ToolOutput {
        structured(r#"{ "count": 3 }"#)
    }
}

fn count_schema() -> Value {
    json!({ "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"] })
}

fn structured(text: &str) -> ToolOutput {
    ToolOutput { content: Vec::new(), structured: Some(text.to_owned()) }
}

tandem_sdk::export!(BadJson);
