//! `tools/call`: one tool, or what a meta-tool was asked to call.

use std::{sync::Arc, time::Instant};

use futures::{StreamExt as _, stream};
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData};
use serde_json::{Map, Value};
use tandem_catalog::{ResolvedTool, Tool, View, shown_name};
use tandem_engine::{CallContext, ClientPort};
use tandem_package::TaskSupport;
use tandem_router::{Arguments, CallError, Output, Router, unknown_tool};
use tandem_types::Caller;
use tokio_util::sync::CancellationToken;

use super::{
    convert,
    driver::Work,
    errors,
    exchange::{CallOptions, Exchange},
    job::{Job, Planned},
    mrtr::Binding,
    result::{CallResult, ResponseMeta, ToolResult},
    results::Answered,
    tasks::TaskPromotion,
};
use crate::{
    incoming::{Endpoint, request_id},
    meta::{self, Batch, Dispatch, Item, MetaTool, Numbered},
};

/// What the request comes to.
enum Target {
    Run(Job),
    Answer(CallToolResult),
}

pub(crate) async fn call(ex: &Exchange, params: CallToolRequestParams) -> Result<CallToolResponse, ErrorData> {
    let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = params;
    ex.budget()?;
    let view = ex.view();
    let job = match find(ex, &view, &name, arguments.unwrap_or_default()).await? {
        Target::Answer(mut result) => {
            ex.response_meta().put(result.meta.get_or_insert_default());
            return Ok(result.into());
        }
        Target::Run(job) => job,
    };
    let asks = job.any(|tool| tool.uses_client);
    let task = task_candidate(ex, &job)?;
    match job {
        Job::One { tool, arguments } if !asks && task.is_none() && !ex.wants_events() => {
            let cx = ex.call_context(None, ex.context.ct.clone());
            let then = |result| CallToolResult::from(result).into();
            one(&ex.shared.router, cx, &name, tool, arguments, ex.response_meta(), then).await
        }
        job => {
            let (binding, task, job) = bind(ex, &name, job, task, asks).await?;
            let options = CallOptions {
                asks: binding,
                repeatable: job.all(Tool::is_repeatable),
                responses: input_responses,
                state: request_state,
            };
            Box::pin(ex.drive_tool(options, task, |port, cancel| work(ex, name.to_string(), job, port, cancel))).await
        }
    }
}

/// What a call that may wait for its client, or become a task, takes of its arguments.
async fn bind(
    ex: &Exchange,
    called: &str,
    job: Job,
    mut task: Option<TaskPromotion>,
    asks: bool,
) -> Result<(Option<Binding>, Option<TaskPromotion>, Job), ErrorData> {
    let (caller, called) = (ex.incoming.caller.clone(), called.to_owned());
    let bytes = if ex.incoming.is_large() { usize::MAX } else { 0 };
    let bind = move || {
        if let (Some(task), Job::One { arguments, .. }) = (&mut task, &job) {
            task.arguments.clone_from(&arguments.members);
        }
        let binding = (asks || task.is_some()).then(|| job.binding(&caller, &called));
        (binding, task, job)
    };
    let bound = ex.shared.router.read_on(&ex.incoming.caller, bytes, bind).await;
    bound.map_err(|error| errors::of_request(&error))
}

/// What the call becomes a task with, if it may, yet without its arguments. A tool that runs as a task only is refused to clients that know none.
fn task_candidate(ex: &Exchange, job: &Job) -> Result<Option<TaskPromotion>, ErrorData> {
    let Job::One { tool: ResolvedTool { tool, .. }, arguments } = job else { return Ok(None) };
    // A task's arguments are stored as values.
    if arguments.exact.is_some() || tool.task == TaskSupport::Forbidden || ex.shared.tasks.is_none() {
        return Ok(None);
    }
    let Some(tasks) = ex.tasks() else {
        return if tool.task == TaskSupport::Required { Err(errors::missing_tasks()) } else { Ok(None) };
    };
    let caller = ex.incoming.caller.clone();
    let permit = tasks.permit(&caller.tenant).filter(|_| !ex.shared.draining.is_cancelled());
    Ok(permit.map(|permit| TaskPromotion {
        tool: tool.clone(),
        arguments: Map::new(),
        caller,
        capabilities: ex.client_capabilities(),
        permit,
    }))
}

async fn find(ex: &Exchange, view: &View, name: &str, arguments: Map<String, Value>) -> Result<Target, ErrorData> {
    let endpoint = &ex.incoming.endpoint;
    match meta::find(name) {
        Some(which) if which.reads_results() && ex.shared.results.is_some() => {
            return of_results(ex, view, which, arguments).await;
        }
        Some(which) if endpoint.has_meta_tools() && !which.reads_results() => {
            return of_meta(ex, view, which, arguments).await;
        }
        _ => {}
    }
    match endpoint.resolve(view, name) {
        Some(tool) => {
            let arguments = Arguments { members: arguments, exact: ex.exact().map(Arc::new) };
            Ok(one_call(endpoint, tool, arguments))
        }
        None => errors::of_unknown(&unknown(ex, view, name).await).map(Target::Answer),
    }
}

/// One call, with what its endpoint fixes of it.
fn one_call(endpoint: &Endpoint, tool: ResolvedTool, mut arguments: Arguments) -> Target {
    match endpoint.complete(&tool.tool, &mut arguments.members) {
        Ok(()) => Target::Run(Job::One { tool, arguments }),
        Err(error) => Target::Answer(errors::failure(&error)),
    }
}

/// Counts and records a call of a tool that is not there.
async fn unknown(ex: &Exchange, view: &View, name: &str) -> CallError {
    let endpoint = &ex.incoming.endpoint;
    let mut near: Vec<_> = view.near_tools(name).iter().map(|near| endpoint.name_of(near).to_owned()).collect();
    near.retain(|near| endpoint.tool(view, near).is_some());
    let error = unknown_tool(view, name, near);
    ex.shared.router.refuse(&ex.call_context(None, ex.context.ct.clone()), name, error).await
}

async fn of_results(
    ex: &Exchange,
    view: &View,
    which: MetaTool,
    arguments: Map<String, Value>,
) -> Result<Target, ErrorData> {
    Ok(match super::results::call(ex, view, which, arguments).await {
        Ok(Answered::Value(value)) => Target::Answer(convert::structured_result(value)),
        Ok(Answered::By(tool, arguments)) => Target::Run(Job::One { tool, arguments }),
        Err(error) => Target::Answer(errors::failure(&error)),
    })
}

async fn of_meta(
    ex: &Exchange,
    view: &View,
    which: MetaTool,
    arguments: Map<String, Value>,
) -> Result<Target, ErrorData> {
    if which != MetaTool::Dispatch {
        // What it finds costs as much as a call.
        let charged = ex.shared.router.charge_query(&ex.incoming.caller);
        let answer = charged
            .and_then(|()| meta::answer(which, arguments, (view, &ex.incoming.endpoint), || ex.shared.router.status()));
        return Ok(Target::Answer(answer.map_or_else(|error| errors::failure(&error), convert::structured_result)));
    }
    let resolve = async |mut item: Item| {
        let endpoint = &ex.incoming.endpoint;
        let tool = match endpoint.tool(view, &item.tool) {
            Some(tool) => endpoint.complete(tool, &mut item.arguments).map(|()| tool.clone()),
            None => Err(unknown(ex, view, &item.tool).await),
        };
        let arguments = Arguments { members: item.arguments, exact: None };
        Planned { name: shown_name(&item.tool).into_owned(), arguments, tool }
    };
    let numbers = ex.exact();
    let exact = |path: &[&str]| numbers.as_ref()?.under(path).map(Arc::new);
    Ok(match meta::dispatch(arguments) {
        Err(error) => Target::Answer(errors::failure(&error)),
        Ok(Dispatch::One(Item { tool, arguments })) => match ex.incoming.endpoint.resolve(view, &tool) {
            Some(tool) => {
                let arguments = Arguments { members: arguments, exact: exact(&["arguments"]) };
                one_call(&ex.incoming.endpoint, tool, arguments)
            }
            None => Target::Answer(errors::failure(&unknown(ex, view, &tool).await)),
        },
        Ok(Dispatch::Many(batch)) => {
            let mut calls = Vec::with_capacity(batch.calls.len());
            for (at, item) in batch.calls.into_iter().enumerate() {
                let mut planned = resolve(item).await;
                planned.arguments.exact = exact(&["calls", &at.to_string(), "arguments"]);
                let required = |tool: &Arc<Tool>| tool.task == TaskSupport::Required;
                if ex.shared.tasks.is_some() && planned.tool.as_ref().is_ok_and(required) {
                    let reason = "this tool runs as a task only; call it by itself".to_owned();
                    planned.tool = Err(CallError::Unavailable { reason, retry_after: None });
                }
                calls.push(planned);
            }
            Target::Run(Job::Many { at_once: batch.max_concurrency, calls })
        }
    })
}

fn work(
    ex: &Exchange,
    called: String,
    job: Job,
    port: Option<Arc<dyn ClientPort>>,
    cancel: CancellationToken,
) -> Work<CallToolResult> {
    let router = ex.shared.router.clone();
    let (cx, meta) = (ex.call_context(port, cancel), ex.response_meta());
    match job {
        Job::One { tool, arguments } => {
            Box::pin(async move { one(&router, cx, &called, tool, arguments, meta, CallToolResult::from).await })
        }
        Job::Many { calls, at_once } => Box::pin(async move { Ok(many(&router, &cx, calls, at_once, &meta).await) }),
    }
}

/// One call that no request waits for.
pub(crate) fn alone(
    router: Router,
    cx: CallContext,
    tool: String,
    arguments: Arguments,
    meta: ResponseMeta,
) -> Work<CallToolResult> {
    Box::pin(async move {
        let view = router.view(&cx.caller);
        let Some(found) = view.resolve(&tool) else {
            return errors::of_unknown(&unknown_tool(&view, &tool, view.near_tools(&tool)));
        };
        one(&router, cx, &tool, found, arguments, meta, CallToolResult::from).await
    })
}

/// Runs one call. `called` is the name that the client used. What becomes of the result is made where the result is: apart
/// from the threads that serve if it is large.
pub(crate) async fn one<T: Send + 'static>(
    router: &Router,
    cx: CallContext,
    called: &str,
    tool: ResolvedTool,
    arguments: Arguments,
    meta: ResponseMeta,
    then: impl FnOnce(CallResult) -> T + Clone + Send + 'static,
) -> Result<T, ErrorData> {
    let (caller, of) = (cx.caller.clone(), tool.tool.clone());
    let arguments = match resolved(router, &cx, &of, arguments, &meta).await {
        Ok(arguments) => arguments,
        Err(error) => return failed(called, &error, meta).map(|result| then(CallResult::Failure(result))),
    };
    // On the heap: the future holds everything down to the guest, and each layer above would move it.
    let outcome = Box::pin(router.call_resolved(cx, tool, arguments)).await;
    let spare = then.clone();
    match answered(router, &caller, &of, outcome, &meta, then).await {
        Ok(done) => Ok(done),
        Err(error) => failed(called, &error, meta).map(|result| spare(CallResult::Failure(result))),
    }
}

fn failed(called: &str, error: &CallError, meta: ResponseMeta) -> Result<CallToolResult, ErrorData> {
    let mut result = errors::of_tool(called, error)?;
    meta.put(result.meta.get_or_insert_default());
    Ok(result)
}

/// The arguments with the values that their references to results stand for. A call whose references do not is recorded as one that
/// was refused.
async fn resolved(
    router: &Router,
    cx: &CallContext,
    tool: &Tool,
    arguments: Arguments,
    meta: &ResponseMeta,
) -> Result<Arguments, CallError> {
    let Some(policy) = meta.results() else { return Ok(arguments) };
    let name = &tool.descriptor.name;
    match policy.resolve(router, &cx.caller, name, arguments).await {
        Ok(arguments) => Ok(arguments),
        Err(error) => Err(router.refuse(cx, name, error).await),
    }
}

async fn answered<T: Send + 'static>(
    router: &Router,
    caller: &Caller,
    tool: &Arc<Tool>,
    called: Result<Output, CallError>,
    meta: &ResponseMeta,
    then: impl FnOnce(CallResult) -> T + Send + 'static,
) -> Result<T, CallError> {
    let output = match meta.results() {
        Some(policy) => policy.shorten(router, caller, tool, called?).await?,
        None => called?,
    };
    meta.clone()
        .make(router, caller, output.bytes(), move |meta| then(CallResult::Tool(ToolResult::new(output, meta))))
        .await
}

/// Runs the calls of a batch, some at once, each with a request id of its own.
async fn many(
    router: &Router,
    cx: &CallContext,
    calls: Vec<Planned>,
    at_once: usize,
    meta: &ResponseMeta,
) -> CallToolResult {
    let started = Instant::now();
    let total = calls.len();
    let runs = calls.into_iter().enumerate().map(|(number, call)| {
        let mut cx = CallContext { request_id: request_id(), ..cx.clone() };
        let port = cx.client.take();
        cx.client = port.map(|port| Arc::new(Numbered { number, port }) as Arc<dyn ClientPort>);
        let meta = meta.with_request_id(cx.request_id.clone());
        async move { (number, call.name.clone(), planned(router, cx, call, meta).await) }
    });
    let mut running = stream::iter(runs).buffer_unordered(at_once);
    let mut answers = Vec::with_capacity(total);
    while let Some(done) = running.next().await {
        answers.push(done);
        if let Some(port) = &cx.client {
            port.progress(answers.len() as f64, Some(total as f64), None);
        }
    }
    answers.sort_by_key(|(number, ..)| *number);
    let bytes = answers.iter().map(|(.., (_, bytes))| bytes).sum();
    let all = move |meta: ResponseMeta| {
        let answers = answers.into_iter().map(|(_, name, (result, _))| (name, result)).collect();
        let mut result = Batch::result(answers, started.elapsed());
        meta.put(result.meta.get_or_insert_default());
        result
    };
    meta.clone().make(router, &cx.caller, bytes, all).await.unwrap_or_else(|error| errors::failure(&error))
}

/// One call's result and its bytes. In a batch every failure is one call's result: the others must not be lost with it.
async fn planned(router: &Router, cx: CallContext, call: Planned, meta: ResponseMeta) -> (CallToolResult, usize) {
    let caller = cx.caller.clone();
    let answer = async {
        let tool = call.tool?;
        let arguments = resolved(router, &cx, &tool, call.arguments, &meta).await?;
        // Looked up again: another version may serve by the time that it is this call's turn.
        let called = router.call_tool(cx, &tool.descriptor.name, arguments).await;
        let bytes = called.as_ref().map_or(0, Output::bytes);
        let result = answered(router, &caller, &tool, called, &meta, CallToolResult::from).await?;
        Ok((result, bytes))
    };
    answer.await.unwrap_or_else(|error: CallError| {
        let mut result = errors::failure(&error);
        meta.put(result.meta.get_or_insert_default());
        (result, 0)
    })
}
