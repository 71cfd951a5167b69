//! `tandem:host/client`: questions to the user's side. The guest is suspended until the answers come.

use std::collections::HashSet;

use wasmtime::component::Linker;

use crate::{
    bindings::tandem::host::client::{Capabilities, Error, Host, Input, InputRequest, InputResponse, add_to_linker},
    call::{self, InputError},
    interfaces::HostInterface,
    state::{CallState, HostView},
};

/// The interface.
pub(crate) struct Client;

impl HostInterface for Client {
    fn name(&self) -> &'static str {
        "tandem:host/client"
    }

    fn link(&self, linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        add_to_linker::<_, HostView>(linker, |state| state)
    }
}

/// Questions in one request. A person cannot answer more at once, and each costs the client a dialog.
const MAX_REQUESTS: usize = 16;

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Unsupported(capability) => Self::Unsupported(capability.to_owned()),
            InputError::Timeout => Self::Timeout,
            InputError::Cancelled => Self::Cancelled,
            InputError::LimitExceeded(text) => Self::LimitExceeded(text),
            InputError::InvalidResponse(text) => Self::InvalidResponse(text),
            InputError::Other(text) => Self::Other(Some(text)),
        }
    }
}

fn json(text: &str, what: &str) -> Result<serde_json::Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Other(Some(format!("{what} is not JSON: {error}"))))
}

fn convert(requests: Vec<InputRequest>) -> Result<Vec<call::InputRequest>, Error> {
    if requests.is_empty() || requests.len() > MAX_REQUESTS {
        return Err(Error::LimitExceeded(format!("one request has 1 to {MAX_REQUESTS} questions")));
    }
    let mut keys = HashSet::new();
    requests
        .into_iter()
        .map(|request| {
            if !keys.insert(request.key.clone()) {
                return Err(Error::Other(Some(format!("the key `{}` is used twice", request.key))));
            }
            let input = match request.input {
                Input::Elicit(form) => call::Input::Elicit {
                    requested_schema: json(&form.requested_schema, "the requested schema")?,
                    message: form.message,
                },
                Input::Sample(params) => call::Input::Sample(json(&params, "the sampling request")?),
                Input::Roots => call::Input::Roots,
            };
            Ok(call::InputRequest { key: request.key, input })
        })
        .collect()
}

impl Host for &mut CallState {
    fn get_capabilities(&mut self) -> wasmtime::Result<Capabilities> {
        let caps = self.context()?.client.as_ref().map(|client| client.capabilities()).unwrap_or_default();
        Ok(Capabilities { elicitation: caps.elicitation, sampling: caps.sampling, roots: caps.roots })
    }

    async fn request(&mut self, requests: Vec<InputRequest>) -> wasmtime::Result<Result<Vec<InputResponse>, Error>> {
        let client = self.context()?.client.clone();
        let requests = match convert(requests) {
            Ok(requests) => requests,
            Err(error) => return Ok(Err(error)),
        };
        let caps = client.as_ref().map(|client| client.capabilities()).unwrap_or_default();
        for request in &requests {
            let (name, there) = match request.input {
                call::Input::Elicit { .. } => ("elicitation", caps.elicitation),
                call::Input::Sample(_) => ("sampling", caps.sampling),
                call::Input::Roots => ("roots", caps.roots),
            };
            if !there {
                return Ok(Err(Error::Unsupported(name.to_owned())));
            }
        }
        let Some(client) = client else { return Ok(Err(Error::Cancelled)) };
        let keys: Vec<_> = requests.iter().map(|request| request.key.clone()).collect();
        Ok(match client.request(requests).await {
            Ok(answers) => Ok(keys
                .into_iter()
                .zip(answers)
                .map(|(key, answer)| InputResponse { key, response: answer.to_string() })
                .collect()),
            Err(error) => Err(error.into()),
        })
    }
}
