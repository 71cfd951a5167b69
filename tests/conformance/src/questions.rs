//! Tools that ask the client, whatever way the host carries the question.

use client::Answer;
use tandem_sdk::prelude::*;

/// Tokens the model may spend on an answer.
const MAX_TOKENS: u32 = 100;

#[derive(Debug)]
pub(crate) struct Questions;

#[tools]
impl Questions {
    /// Asks the model.
    #[tool(read_only)]
    fn test_sampling(
        /// What to ask.
        prompt: String,
    ) -> Result<String> {
        let answer = client::sample_text("answer", &prompt, MAX_TOKENS)?;
        Ok(format!("LLM response: {answer}"))
    }

    /// Asks the person for a name and an address.
    #[tool(read_only)]
    fn test_elicitation(
        /// What the person reads.
        message: String,
    ) -> Result<String> {
        let schema = json!({
            "type": "object",
            "properties": {
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            },
            "required": ["username", "email"],
        });
        Ok(format!("User response: {}", told(&client::elicit("user", &message, &schema)?)))
    }

    /// Asks the person with a form whose fields are filled in already.
    #[tool(read_only)]
    fn test_elicitation_sep1034_defaults() -> Result<String> {
        let answer = client::elicit("profile", "Please review and update the form fields", &defaults())?;
        Ok(format!("Elicitation completed: {}", told(&answer)))
    }

    /// Asks the person to choose, in every form a choice can have.
    #[tool(read_only)]
    fn test_elicitation_sep1330_enums() -> Result<String> {
        let answer = client::elicit("choices", "Please select options from the lists", &choices())?;
        Ok(format!("Elicitation completed: {}", told(&answer)))
    }

    /// Needs a client that can sample.
    #[tool(read_only)]
    fn test_missing_capability() -> Result<String> {
        Ok(client::sample_text("answer", "Say hello", MAX_TOKENS)?)
    }

    /// Asks the person while the response is a stream.
    #[tool(read_only)]
    fn test_streaming_elicitation(ctx: &Ctx) -> Result<String> {
        ctx.progress(0.0, Some(1.0), "asking");
        let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } } });
        Ok(told(&client::elicit("confirm", "Shall the tool go on?", &schema)?))
    }
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Accept(content) => format!("action=accept, content={content}"),
        Answer::Decline => "action=decline, content={}".to_owned(),
        Answer::Cancel => "action=cancel, content={}".to_owned(),
    }
}

fn defaults() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "User name", "default": "John Doe" },
            "age": { "type": "integer", "description": "User age", "default": 30 },
            "score": { "type": "number", "description": "User score", "default": 95.5 },
            "status": {
                "type": "string",
                "description": "User status",
                "enum": ["active", "inactive", "pending"],
                "default": "active",
            },
            "verified": { "type": "boolean", "description": "Verification status", "default": true },
        },
        "required": [],
    })
}

fn choices() -> Value {
    let titled = |names: [&str; 3]| {
        let numbered = names.iter().enumerate();
        numbered.map(|(n, title)| json!({ "const": format!("value{}", n + 1), "title": title })).collect::<Vec<_>>()
    };
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": ["option1", "option2", "option3"] },
            "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {
                "type": "array",
                "items": { "type": "string", "enum": ["option1", "option2", "option3"] },
            },
            "titledMulti": {
                "type": "array",
                "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
            },
        },
        "required": [],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn a_client_without_sampling_is_the_capability_that_is_missing() {
        let error = testing::call::<Questions>("test_missing_capability", &json!({})).unwrap_err();
        assert_eq!(error, Error::MissingCapability("sampling".to_owned()));
    }

    #[test]
    fn titled_choices_have_a_value_and_a_title() {
        let first = choices().pointer("/properties/titledMulti/items/anyOf/0").cloned();
        assert_eq!(first, Some(json!({ "const": "value1", "title": "First Choice" })));
    }
}
