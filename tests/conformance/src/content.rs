//! Tools that answer every kind of content.

use tandem_sdk::prelude::*;

use crate::{PIXEL, SILENCE};

#[derive(Debug)]
pub(crate) struct Contents;

#[tools]
impl Contents {
    /// Answers text.
    #[tool(read_only, idempotent)]
    fn test_simple_text() -> &'static str {
        "This is a simple text response for testing."
    }

    /// Answers a picture.
    #[tool(read_only, idempotent)]
    fn test_image_content() -> Content {
        Content::image(PIXEL, "image/png")
    }

    /// Answers a sound.
    #[tool(read_only, idempotent)]
    fn test_audio_content() -> Content {
        Content::audio(SILENCE, "audio/wav")
    }

    /// Answers an embedded resource.
    #[tool(read_only, idempotent)]
    fn test_embedded_resource() -> Content {
        let text = "This is an embedded resource content.";
        Content::embedded(ResourceContents::text("test://embedded-resource", "text/plain", text))
    }

    /// Answers text, a picture and an embedded resource.
    #[tool(read_only, idempotent)]
    fn test_multiple_content_types() -> Vec<Content> {
        let data = json!({ "test": "data", "value": 123 }).to_string();
        vec![
            Content::text("Multiple content types test:"),
            Content::image(PIXEL, "image/png"),
            Content::embedded(ResourceContents::text("test://mixed-content-resource", "application/json", data)),
        ]
    }

    /// Fails.
    #[tool(read_only, idempotent)]
    fn test_error_handling() -> Result<()> {
        Err(Error::failed("This tool intentionally returns an error for testing"))
    }

    /// Tool with JSON Schema 2020-12 features
    #[tool(read_only, idempotent, input_schema = contact_schema())]
    fn json_schema_2020_12_tool(arguments: Value) -> String {
        format!("JSON Schema 2020-12 tool called with: {arguments}")
    }

    /// Takes an argument that a client mirrors into a header.
    #[tool(read_only, idempotent)]
    fn test_custom_header(
        /// The region, also sent as `Mcp-Param-Region`.
        #[arg(header = "Region")]
        region: String,
    ) -> String {
        format!("region: {region}")
    }
}

fn contact_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn a_schema_written_by_hand_is_kept_to_the_letter() {
        assert_eq!(testing::input_schema::<Contents>("json_schema_2020_12_tool"), contact_schema());
    }

    #[test]
    fn an_argument_names_its_header() {
        let schema = testing::input_schema::<Contents>("test_custom_header");
        assert_eq!(schema.pointer("/properties/region/x-mcp-header"), Some(&json!("Region")));
        assert_eq!(schema.pointer("/properties/region/type"), Some(&json!("string")));
    }

    #[test]
    fn the_failing_tool_says_why() {
        let error = testing::call::<Contents>("test_error_handling", &json!({})).unwrap_err();
        assert!(matches!(error, Error::Failed(_)));
        assert_eq!(error.to_string(), "This tool intentionally returns an error for testing");
    }
}
