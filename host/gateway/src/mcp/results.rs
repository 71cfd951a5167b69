//! What MCP asks of results that are kept: the tools that read them, and `resources/read` of their links.

use rmcp::model::{CacheScope, ErrorData, ReadResourceResult, ResourceContents};
use serde_json::{Map, Value};
use tandem_catalog::{ResolvedTool, View};
use tandem_engine::{ResourceBody, ResourceContents as Contents};
use tandem_router::{Arguments, CallError};

use super::{convert, errors, exchange::Exchange, result::ResponseMeta};
use crate::{
    meta::{self, MetaTool, ResultCall},
    results::{self, QUERY_CATEGORY, QUERY_TOOL, ResultPolicy, link_id, uri},
};

/// What a tool that reads results comes to.
pub(super) enum Answered {
    Value(Value),
    /// Another tool answers.
    By(ResolvedTool, Arguments),
}

pub(super) async fn call(
    ex: &Exchange,
    view: &View,
    which: MetaTool,
    arguments: Map<String, Value>,
) -> Result<Answered, CallError> {
    let (router, caller) = (&ex.shared.router, &ex.incoming.caller);
    let called = meta::result_call(which, arguments)?;
    // A query is charged as the call that it becomes.
    if !matches!(called, ResultCall::Query(_)) {
        router.charge_query(caller)?;
    }
    let policy = policy(ex)?;
    let of = caller.clone();
    match called {
        ResultCall::Read(read) => {
            let work = move || results::read(&policy, &of, &read);
            router.read_on(caller, usize::MAX, work).await?.map(Answered::Value)
        }
        ResultCall::Grep(grep) => {
            let work = move || results::grep(&policy, &of, &grep);
            router.read_on(caller, usize::MAX, work).await?.map(Answered::Value)
        }
        ResultCall::Query(query) => {
            let tool = view.resolve(QUERY_TOOL).filter(|tool| &*tool.category.name == QUERY_CATEGORY);
            let Some(tool) = tool else {
                let reason = format!(
                    "`tools_result_query` runs jq by `{QUERY_TOOL}` of the plugin `{QUERY_CATEGORY}`, which is not there for this \
                     caller; use `tools_result_grep` or `tools_result_read`"
                );
                return Err(CallError::Unavailable { reason, retry_after: None });
            };
            let work = move || query.arguments(&policy, &of);
            let members = router.read_on(caller, usize::MAX, work).await??;
            Ok(Answered::By(tool, Arguments { members, exact: None }))
        }
    }
}

fn policy(ex: &Exchange) -> Result<ResultPolicy, CallError> {
    let shared = ex.shared.results.as_ref();
    let results = shared.ok_or_else(|| CallError::Internal("no results are kept here".to_owned()))?;
    Ok(ResultPolicy::new(results, None))
}

/// The content of a result, by the URI of its link. None where the URI is not one of a result.
pub(super) async fn read(ex: &Exchange, link: &str) -> Option<Result<ReadResourceResult, ErrorData>> {
    let id = link_id(link).filter(|_| ex.shared.results.is_some())?;
    let unknown = || CallError::NotFound { kind: "resource", name: link.to_owned(), near: Vec::new() };
    let result = match id.parse() {
        Ok(id) => contents(ex, id, unknown).await,
        Err(_) => Err(unknown()),
    };
    Some(result.map_err(|error| errors::of_request(&error)))
}

async fn contents(
    ex: &Exchange,
    id: tandem_types::ContentId,
    unknown: impl Fn() -> CallError,
) -> Result<ReadResourceResult, CallError> {
    let (router, caller) = (&ex.shared.router, &ex.incoming.caller);
    router.charge_query(caller)?;
    let (policy, of) = (policy(ex)?, caller.clone());
    let work = move || {
        let kept = policy.get(&of, id)?;
        let bytes = kept.content().map_err(results::failed)?;
        let body =
            String::from_utf8(bytes).map_or_else(|error| ResourceBody::Blob(error.into_bytes()), ResourceBody::Text);
        Ok(Contents { uri: uri(id), mime_type: Some(kept.about.media_type), body })
    };
    let contents: Result<Contents, CallError> = router.read_on(caller, usize::MAX, work).await?;
    let contents = match contents {
        Err(CallError::NotFound { .. }) => return Err(unknown()),
        contents => contents?,
    };
    // Its bytes have its name: it never changes while it is there.
    let ttl = ex.modern.then(|| super::exchange::hint(ex.shared.config.read_ttl));
    let make = move |meta: ResponseMeta| {
        let contents: ResourceContents = convert::resource_contents(contents);
        let mut result = ReadResourceResult::new(vec![contents]);
        result.ttl_ms = ttl;
        result.cache_scope = ttl.map(|_| CacheScope::Private);
        result.meta = Some(meta.basic());
        result
    };
    ex.response_meta().make(router, caller, usize::MAX, make).await
}
