//! Tools and a prompt that a modern client answers in rounds: each asks under the keys that the suite
//! knows, and is suspended meanwhile.

use client::{Answer, Question};
use tandem_sdk::prelude::*;

#[derive(Debug)]
pub(crate) struct InputRequired;

/// A form with one field that must be filled in.
fn form(field: &str, kind: &str) -> Value {
    json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] })
}

/// Asks for one field of text.
fn ask(key: &str, message: &str, field: &str) -> Result<String> {
    match client::elicit(key, message, &form(field, "string"))? {
        Answer::Accept(content) => match content.get(field).and_then(Value::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(Error::invalid_arguments(format!("the answer to `{key}` has no `{field}`"))),
        },
        Answer::Decline | Answer::Cancel => Err(Error::other(format!("`{key}` was not answered"))),
    }
}

/// Asks for a yes.
fn confirm(message: &str) -> Result<bool> {
    let answer = client::elicit("confirm", message, &form("ok", "boolean"))?;
    Ok(answer.accepted().is_some_and(|content| content.get("ok") == Some(&Value::Bool(true))))
}

/// The parameters of a question to the model.
fn sampling(text: &str, max_tokens: u32) -> Value {
    json!({
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        "maxTokens": max_tokens,
    })
}

#[tools]
impl InputRequired {
    /// Greets the person by the name they give.
    #[tool(read_only)]
    fn test_input_required_result_elicitation() -> Result<String> {
        Ok(format!("Hello, {}!", ask("user_name", "What is your name?", "name")?))
    }

    /// Asks the model for a capital.
    #[tool(read_only)]
    fn test_input_required_result_sampling() -> Result<String> {
        Ok(client::sample_text("capital_question", "What is the capital of France?", 100)?)
    }

    /// Tells the roots of the workspace.
    #[tool(read_only)]
    fn test_input_required_result_list_roots() -> Result<String> {
        let result = client::roots("client_roots")?;
        let roots = result.get("roots").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let uris: Vec<&str> = roots.iter().filter_map(|root| root.get("uri")?.as_str()).collect();
        Ok(format!("{} roots: {}", uris.len(), uris.join(", ")))
    }

    /// Asks for a yes, and goes on where it was.
    #[tool(read_only)]
    fn test_input_required_result_request_state() -> Result<&'static str> {
        Ok(if confirm("Please confirm")? { "state-ok: confirmed" } else { "state-ok: not confirmed" })
    }

    /// Asks for a yes, under a state that nobody may change.
    #[tool(read_only)]
    fn test_input_required_result_tampered_state() -> Result<&'static str> {
        Ok(if confirm("Please confirm")? { "confirmed" } else { "not confirmed" })
    }

    /// Asks the person, the model and the workspace at once.
    #[tool(read_only)]
    fn test_input_required_result_multiple_inputs() -> Result<String> {
        let answers = client::request([
            Question::elicit("user_name", "What is your name?", &form("name", "string")),
            Question::sample("greeting", &sampling("Generate a greeting", 50)),
            Question::roots("client_roots"),
        ])?;
        let told: Vec<String> = answers.iter().map(Value::to_string).collect();
        Ok(told.join("\n"))
    }

    /// Asks twice, the second time after the first answer.
    #[tool(read_only)]
    fn test_input_required_result_multi_round() -> Result<String> {
        let name = ask("step1", "Step 1: What is your name?", "name")?;
        let color = ask("step2", "Step 2: What is your favorite color?", "color")?;
        Ok(format!("{name} likes {color}"))
    }

    /// Asks only what the client can answer.
    #[tool(read_only)]
    fn test_input_required_result_capabilities() -> Result<String> {
        let can = client::capabilities();
        let mut questions = Vec::new();
        if can.elicitation {
            questions.push(Question::elicit("user_name", "What is your name?", &form("name", "string")));
        }
        if can.sampling {
            questions.push(Question::sample("greeting", &sampling("Generate a greeting", 50)));
        }
        if can.roots {
            questions.push(Question::roots("client_roots"));
        }
        if questions.is_empty() {
            return Ok("this client cannot be asked anything".to_owned());
        }
        Ok(format!("{} answers", client::request(questions)?.len()))
    }

    /// A prompt whose context the person gives.
    #[prompt]
    fn test_input_required_result_prompt() -> Result<String> {
        let context = ask("user_context", "What context should the prompt use?", "context")?;
        Ok(format!("Use this context: {context}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tandem_sdk::testing;

    #[test]
    fn each_round_asks_under_its_own_key() -> Result<()> {
        testing::set_answer("step1", &json!({ "action": "accept", "content": { "name": "Ada" } }));
        let second = testing::call::<InputRequired>("test_input_required_result_multi_round", &json!({}));
        assert_eq!(second, Err(Error::MissingCapability("elicitation".to_owned())));
        testing::set_answer("step2", &json!({ "action": "accept", "content": { "color": "blue" } }));
        let output = testing::call::<InputRequired>("test_input_required_result_multi_round", &json!({}))?;
        assert_eq!(output.first_text(), Some("Ada likes blue"));
        Ok(())
    }

    #[test]
    fn roots_are_told() -> Result<()> {
        let root = json!({ "uri": "file:///work", "name": "work" });
        testing::set_answer("client_roots", &json!({ "roots": [root] }));
        let output = testing::call::<InputRequired>("test_input_required_result_list_roots", &json!({}))?;
        assert_eq!(output.first_text(), Some("1 roots: file:///work"));
        Ok(())
    }

    #[test]
    fn a_client_that_cannot_be_asked_is_not_asked() -> Result<()> {
        let output = testing::call::<InputRequired>("test_input_required_result_capabilities", &json!({}))?;
        assert_eq!(output.first_text(), Some("this client cannot be asked anything"));
        Ok(())
    }
}
