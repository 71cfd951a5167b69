//! `resources/read`.

use rmcp::model::{CacheScope, ErrorData, ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult};
use serde_json::Map;
use tandem_router::CallError;

use super::{
    convert, errors,
    exchange::{Exchange, Stamp, Terms, hint},
    mrtr::Binding,
    session::MAX_URI,
    talk::{Reply, Response, Work},
};

pub(crate) async fn read(ex: &Exchange, params: ReadResourceRequestParams) -> Result<ReadResourceResponse, ErrorData> {
    let ReadResourceRequestParams { uri, input_responses, request_state, .. } = params;
    if uri.len() > MAX_URI {
        return Err(errors::invalid("invalid_arguments", format!("a URI has at most {MAX_URI} bytes")));
    }
    let view = ex.view();
    let Some(category) = view.resource_owner(&uri).filter(|c| ex.incoming.endpoint.shows(&c.name)) else {
        return Err(errors::of_request(&CallError::NotFound { kind: "resource", name: uri, near: Vec::new() }));
    };
    let asks = category.plugin.uses_client();
    let terms = Terms {
        asks: asks.then(|| Binding::new("resources/read", &uri, &Map::new(), &ex.incoming.caller)),
        // Reading changes nothing, so a lost read is simply done again.
        repeatable: true,
        responses: input_responses,
        state: request_state,
        task: None,
    };
    let ttl = ex.modern.then(|| hint(ex.shared.config.read_ttl));
    let start = |port, cancel| -> Work {
        let (router, routed, stamp) = (ex.shared.router.clone(), ex.routed(port, cancel), ex.stamp());
        let caller = ex.incoming.caller.clone();
        Box::pin(async move {
            let contents = router.read_resource(routed, &uri).await.map_err(|error| errors::of_request(&error))?;
            let bytes = contents.iter().map(convert::contents_bytes).sum();
            let result = move |stamp: Stamp| {
                let contents = contents.into_iter().map(convert::resource_contents).collect();
                let mut result = ReadResourceResult::new(contents);
                result.ttl_ms = ttl;
                result.cache_scope = ttl.map(|_| CacheScope::Private);
                result.meta = Some(stamp.basic());
                Reply::Resource(result)
            };
            stamp.make(&router, &caller, bytes, result).await.map_err(|error| errors::of_request(&error))
        })
    };
    match ex.drive(terms, start).await? {
        Response::Done(Reply::Resource(result)) => Ok(result.into()),
        Response::Done(_) | Response::Task(_) => {
            Err(errors::of_request(&CallError::Internal("the wrong kind of reply".to_owned())))
        }
        Response::InputRequired(mut result) => {
            result.meta = Some(ex.stamp().basic());
            Ok(result.into())
        }
    }
}
