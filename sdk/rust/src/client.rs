//! Asks the user's side: the person (elicitation), the model (sampling), or the workspace (roots).
//!
//! A call just asks and is suspended until the answer comes; the host carries the question in the way that
//! the client's protocol revision has for it. How many calls wait, and for how long, is bounded by the host.
//! A key names a question: the same question keeps its key from run to run, and keys are unique in a call.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::bindings::tandem::host::client::{Elicitation, Input, InputRequest, InputResponse};
use crate::host;
use crate::schema;

pub use crate::bindings::tandem::host::client::{Capabilities, Error};

/// One question, to be asked with others by [`request`].
#[derive(Debug, Clone, PartialEq)]
pub struct Question(InputRequest);

impl Question {
    /// A form for a person. `schema` is the JSON Schema of the answer: an object of flat properties.
    pub fn elicit(key: impl Into<String>, message: impl Into<String>, schema: &Value) -> Self {
        let form = Elicitation { message: message.into(), requested_schema: schema.to_string() };
        Self(InputRequest { key: key.into(), input: Input::Elicit(form) })
    }

    /// A question to a model: the parameters of an MCP `sampling/createMessage`.
    pub fn sample(key: impl Into<String>, parameters: &Value) -> Self {
        Self(InputRequest { key: key.into(), input: Input::Sample(parameters.to_string()) })
    }

    /// The workspace's roots.
    pub fn roots(key: impl Into<String>) -> Self {
        Self(InputRequest { key: key.into(), input: Input::Roots })
    }
}

/// What a person did with a form.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<T = Value> {
    /// Filled it in.
    Accept(T),
    /// Said no.
    Decline,
    /// Closed it.
    Cancel,
}

impl<T> Answer<T> {
    /// What was filled in, if it was.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accept(value) => Some(value),
            Self::Decline | Self::Cancel => None,
        }
    }
}

/// What the client of this call can be asked.
pub fn capabilities() -> Capabilities {
    host::client::get_capabilities()
}

/// Asks all questions at once and waits for all answers: the MCP results, in the order of the questions.
///
/// # Errors
/// When the client cannot be asked, or gave no answer.
pub fn request(questions: impl IntoIterator<Item = Question>) -> Result<Vec<Value>, Error> {
    let requests: Vec<InputRequest> = questions.into_iter().map(|question| question.0).collect();
    let asked = requests.len();
    let responses = host::client::request(&requests)?;
    if responses.len() != asked {
        return Err(Error::InvalidResponse(format!("{} answers to {asked} questions", responses.len())));
    }
    responses.iter().map(parse).collect()
}

/// Asks a person to fill in a form. `schema` is the JSON Schema of the answer: an object of flat properties.
///
/// # Errors
/// When the client cannot be asked, or gave no answer.
pub fn elicit(key: &str, message: &str, schema: &Value) -> Result<Answer, Error> {
    let result = one(Question::elicit(key, message, schema))?;
    match result.get("action").and_then(Value::as_str) {
        Some("accept") => Ok(Answer::Accept(result.get("content").cloned().unwrap_or_else(|| json!({})))),
        Some("decline") => Ok(Answer::Decline),
        Some("cancel") => Ok(Answer::Cancel),
        _ => Err(Error::InvalidResponse(format!("`{key}`: no `action` of accept, decline or cancel"))),
    }
}

/// Asks a person for a `T`: an `#[input]` struct of strings, numbers, booleans and enums.
///
/// # Errors
/// When the client cannot be asked, gave no answer, or one that is no `T`.
pub fn elicit_as<T: DeserializeOwned + JsonSchema>(key: &str, message: &str) -> Result<Answer<T>, Error> {
    Ok(match elicit(key, message, &schema::form::<T>())? {
        Answer::Accept(content) => {
            let read = serde_json::from_value(content);
            Answer::Accept(read.map_err(|e| Error::InvalidResponse(format!("`{key}`: {e}")))?)
        }
        Answer::Decline => Answer::Decline,
        Answer::Cancel => Answer::Cancel,
    })
}

/// Asks a model. `parameters` are those of an MCP `sampling/createMessage`; so is the answer its result.
///
/// # Errors
/// When the client cannot be asked, or gave no answer.
pub fn sample(key: &str, parameters: &Value) -> Result<Value, Error> {
    one(Question::sample(key, parameters))
}

/// Asks a model one thing in text, and takes its answer as text.
///
/// # Errors
/// When the client cannot be asked, or gave no answer in text.
pub fn sample_text(key: &str, prompt: &str, max_tokens: u32) -> Result<String, Error> {
    let message = json!({ "role": "user", "content": { "type": "text", "text": prompt } });
    let result = sample(key, &json!({ "messages": [message], "maxTokens": max_tokens }))?;
    let text = result.pointer("/content/text").and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Error::InvalidResponse(format!("`{key}`: the answer is not text")))
}

/// The workspace's roots, as an MCP `ListRootsResult`.
///
/// # Errors
/// When the client cannot be asked, or gave no answer.
pub fn roots(key: &str) -> Result<Value, Error> {
    one(Question::roots(key))
}

fn one(question: Question) -> Result<Value, Error> {
    let answers = request([question])?;
    answers.into_iter().next().ok_or_else(|| Error::InvalidResponse("no answer".to_owned()))
}

fn parse(response: &InputResponse) -> Result<Value, Error> {
    serde_json::from_str(&response.response).map_err(|e| Error::InvalidResponse(format!("`{}`: {e}", response.key)))
}
