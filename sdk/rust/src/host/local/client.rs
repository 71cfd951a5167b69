//! A client that knows the answers it was given.

use super::storage::ANSWERS;
use crate::bindings::tandem::host::client::{Capabilities, Error, Input, InputRequest, InputResponse};

pub(crate) fn get_capabilities() -> Capabilities {
    let some = ANSWERS.with_borrow(|answers| !answers.is_empty());
    Capabilities { elicitation: some, sampling: some, roots: some }
}

pub(crate) fn request(requests: &[InputRequest]) -> Result<Vec<InputResponse>, Error> {
    requests.iter().map(answer).collect()
}

pub(crate) fn set_answer(key: &str, response: String) {
    ANSWERS.with_borrow_mut(|answers| answers.insert(key.to_owned(), response));
}

fn answer(request: &InputRequest) -> Result<InputResponse, Error> {
    let capability = match request.input {
        Input::Elicit(_) => "elicitation",
        Input::Sample(_) => "sampling",
        Input::Roots => "roots",
    };
    let response = ANSWERS.with_borrow(|answers| answers.get(&request.key).cloned());
    let response = response.ok_or_else(|| Error::Unsupported(capability.to_owned()))?;
    Ok(InputResponse { key: request.key.clone(), response })
}
