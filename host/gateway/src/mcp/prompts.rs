//! `prompts/get` and `completion/complete`.

use rmcp::model::{
    CompleteRequestParams, CompleteResult, ErrorData, GetPromptRequestParams, GetPromptResponse, Reference,
};
use serde_json::Value;
use tandem_engine::CompletionReference;
use tandem_router::CallError;

use super::{
    convert, errors,
    exchange::{Exchange, Stamp, Terms},
    mrtr::Binding,
    talk::{Reply, Response, Work},
};

pub(crate) async fn get(ex: &Exchange, params: GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let GetPromptRequestParams { name, arguments, input_responses, request_state, .. } = params;
    let arguments = arguments.unwrap_or_default();
    let view = ex.view();
    let Some((category, _)) = view.prompt(&name).filter(|(c, _)| ex.incoming.endpoint.shows(&c.name)) else {
        let near = view.near_prompts(&name);
        return Err(errors::of_request(&CallError::NotFound { kind: "prompt", name, near }));
    };
    let asks = category.plugin.uses_client();
    let terms = Terms {
        asks: asks.then(|| Binding::new("prompts/get", &name, &arguments, &ex.incoming.caller)),
        // Filling a prompt in changes nothing, so a lost one is simply filled in again.
        repeatable: true,
        responses: input_responses,
        state: request_state,
        task: None,
    };
    let start = |port, cancel| -> Work {
        let (router, routed, stamp) = (ex.shared.router.clone(), ex.routed(port, cancel), ex.stamp());
        let caller = ex.incoming.caller.clone();
        Box::pin(async move {
            let output =
                router.get_prompt(routed, &name, arguments).await.map_err(|error| errors::of_request(&error))?;
            let bytes = output.messages.iter().map(|message| convert::content_bytes(&message.content)).sum();
            let result = move |stamp: Stamp| {
                let mut result = convert::prompt_result(output);
                result.meta = Some(stamp.basic());
                Reply::Prompt(result)
            };
            stamp.make(&router, &caller, bytes, result).await.map_err(|error| errors::of_request(&error))
        })
    };
    match ex.drive(terms, start).await? {
        Response::Done(Reply::Prompt(result)) => Ok(result.into()),
        Response::Done(_) | Response::Task(_) => {
            Err(errors::of_request(&CallError::Internal("the wrong kind of reply".to_owned())))
        }
        Response::InputRequired(mut result) => {
            result.meta = Some(ex.stamp().basic());
            Ok(result.into())
        }
    }
}

pub(crate) async fn complete(ex: &Exchange, params: CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let view = ex.view();
    let endpoint = &ex.incoming.endpoint;
    let reference = match params.r#ref {
        Reference::Prompt(prompt) => {
            if view.prompt(&prompt.name).is_none_or(|(category, _)| !endpoint.shows(&category.name)) {
                let near = view.near_prompts(&prompt.name);
                return Err(errors::of_request(&CallError::NotFound { kind: "prompt", name: prompt.name, near }));
            }
            CompletionReference::Prompt(prompt.name)
        }
        Reference::Resource(resource) => {
            let known = view
                .resource_templates()
                .any(|(category, template)| template.uri_template == resource.uri && endpoint.shows(&category.name));
            if !known {
                let error = CallError::NotFound { kind: "resource", name: resource.uri, near: Vec::new() };
                return Err(errors::of_request(&error));
            }
            CompletionReference::ResourceTemplate(resource.uri)
        }
        _ => return Err(errors::invalid("invalid_arguments", "only prompts and resource templates can be completed")),
    };
    let settled = params.context.and_then(|context| context.arguments).unwrap_or_default();
    let settled = settled.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
    let routed = ex.routed(None, ex.context.ct.clone());
    let argument = params.argument;
    let completed = ex.shared.router.complete(routed, reference, &argument.name, &argument.value, settled).await;
    let completion = completed.map_err(|error| errors::of_request(&error))?;
    let mut result = CompleteResult::new(convert::completion(completion));
    result.meta = Some(ex.stamp().basic());
    Ok(result)
}
