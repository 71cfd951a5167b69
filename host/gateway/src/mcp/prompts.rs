//! `prompts/get` and `completion/complete`.

use rmcp::model::{
    CompleteRequestParams, CompleteResult, ErrorData, GetPromptRequestParams, GetPromptResponse, Reference,
};
use serde_json::Value;
use tandem_engine::CompletionReference;
use tandem_router::CallError;

use super::{
    convert,
    driver::{Response, Work},
    errors,
    exchange::{CallOptions, Exchange},
    mrtr::Binding,
    result::ResponseMeta,
};

pub(crate) async fn get(ex: &Exchange, params: GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let GetPromptRequestParams { name, arguments, input_responses, request_state, .. } = params;
    let arguments = arguments.unwrap_or_default();
    let view = ex.view();
    let Some((category, _)) = view.prompt(&name).filter(|(c, _)| ex.incoming.endpoint.shows(&c.name)) else {
        let near = view.near_prompts(&name);
        return Err(errors::of_request(&CallError::NotFound { kind: "prompt", name, near }));
    };
    let asks = category.backend.uses_client();
    let options = CallOptions {
        asks: asks.then(|| Binding::new("prompts/get", &name, &arguments, &ex.incoming.caller)),
        // Filling a prompt in changes nothing, so a lost one is simply filled in again.
        repeatable: true,
        responses: input_responses,
        state: request_state,
    };
    let start = |port, cancel| -> Work<_> {
        let (router, cx, meta) = (ex.shared.router.clone(), ex.call_context(port, cancel), ex.response_meta());
        let caller = ex.incoming.caller.clone();
        Box::pin(async move {
            let output = router.get_prompt(cx, &name, arguments).await.map_err(|error| errors::of_request(&error))?;
            let bytes = output.messages.iter().map(|message| convert::content_bytes(&message.content)).sum();
            let result = move |meta: ResponseMeta| {
                let mut result = convert::prompt_result(output);
                result.meta = Some(meta.basic());
                result
            };
            meta.make(&router, &caller, bytes, result).await.map_err(|error| errors::of_request(&error))
        })
    };
    match ex.drive(options, &ex.shared.suspended.prompts, start).await? {
        Response::Done(result) => Ok(result.into()),
        Response::InputRequired(result) => Ok(ex.input_required(result).into()),
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
    let cx = ex.call_context(None, ex.context.ct.clone());
    let argument = params.argument;
    let completed = ex.shared.router.complete(cx, reference, &argument.name, &argument.value, settled).await;
    let completion = completed.map_err(|error| errors::of_request(&error))?;
    let mut result = CompleteResult::new(convert::completion(completion));
    result.meta = Some(ex.response_meta().basic());
    Ok(result)
}
