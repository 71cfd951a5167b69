//! `resources/read`.

use rmcp::model::{CacheScope, ErrorData, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult};
use serde_json::Map;
use tandem_router::CallError;

use super::{
    convert,
    driver::{Response, Work},
    errors,
    exchange::{CallOptions, Exchange, hint},
    mrtr::Binding,
    result::ResponseMeta,
    results,
    session::MAX_URI,
};

pub(crate) async fn read(ex: &Exchange, params: ReadResourceRequestParams) -> Result<ReadResourceResponse, ErrorData> {
    let ReadResourceRequestParams { uri, input_responses, request_state, .. } = params;
    if uri.len() > MAX_URI {
        return Err(errors::invalid("invalid_arguments", format!("a URI has at most {MAX_URI} bytes")));
    }
    if let Some(result) = results::read(ex, &uri).await {
        return result.map(Into::into);
    }
    let view = ex.view();
    let Some(category) = view.resource_owner(&uri).filter(|c| ex.incoming.endpoint.shows(&c.name)) else {
        return Err(errors::of_request(&CallError::NotFound { kind: "resource", name: uri, near: Vec::new() }));
    };
    let asks = category.backend.uses_client();
    let options = CallOptions {
        asks: asks.then(|| Binding::new("resources/read", &uri, &Map::new(), &ex.incoming.caller)),
        // Reading changes nothing, so a lost read is simply done again.
        repeatable: true,
        responses: input_responses,
        state: request_state,
    };
    let ttl = ex.modern.then(|| hint(ex.shared.config.read_ttl));
    let start = |port, cancel| -> Work<_> {
        let (router, cx, meta) = (ex.shared.router.clone(), ex.call_context(port, cancel), ex.response_meta());
        let caller = ex.incoming.caller.clone();
        Box::pin(async move {
            let contents = router.read_resource(cx, &uri).await.map_err(|error| errors::of_request(&error))?;
            let bytes = contents.iter().map(convert::contents_bytes).sum();
            let result = move |meta: ResponseMeta| {
                let contents = contents.into_iter().map(convert::resource_contents).collect();
                let mut result = ReadResourceResult::new(contents);
                result.ttl_ms = ttl;
                result.cache_scope = ttl.map(|_| CacheScope::Private);
                result.meta = Some(meta.basic());
                result
            };
            meta.make(&router, &caller, bytes, result).await.map_err(|error| errors::of_request(&error))
        })
    };
    match ex.drive(options, &ex.shared.suspended.resources, start).await? {
        Response::Done(result) => Ok(result.into()),
        Response::InputRequired(result) => Ok(ex.input_required(result).into()),
    }
}
