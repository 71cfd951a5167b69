//! The way of one call: find, check, route, admit, run (and try again where that is safe), check the answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use tandem_catalog::{Category, ResolvedTool, Tool};
use tandem_engine::{CallContext, Content, Limit, RunError, ToolError, ToolOutput};

use crate::{
    alias::renamed,
    api::{CallError, DeprecatedName, Lane, Output},
    breaker::Circuit,
    cache::Key,
    call_status::CallStatus,
    compiling::loaded,
    exact::Arguments,
    job::Job,
    outcome::{self, settle, tool_failed},
    recorder::{CallOutcome, CallRecorder},
    refusal::unknown_tool,
    router::Router,
    scope::{CallScope, Route},
    tenant::CallAccount,
    work::{BadResult, Prepared},
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Nested calls below a client's call. Stops a tool that calls itself without end.
const MAX_DEPTH: u8 = 8;

/// A tool's answer that keeps its contract.
struct Answered {
    content: Vec<Content>,
    structured: Option<Value>,
    is_error: bool,
    /// Whether a canary gave it.
    by_canary: bool,
}

impl Router {
    /// Runs the tool of this name. Dropping the future stops the guest.
    ///
    /// # Errors
    ///
    /// The caller has no such tool, or as [`Router::call_resolved`].
    pub async fn call_tool(&self, cx: CallContext, name: &str, arguments: Arguments) -> Result<Output, CallError> {
        let view = self.view(&cx.caller);
        match view.resolve(name) {
            Some(resolved) => self.call_resolved(cx, resolved, arguments).await,
            None => {
                let error = unknown_tool(&view, name, view.near_tools(name));
                Err(self.refuse(&cx, name, error).await)
            }
        }
    }

    /// Runs a tool that was looked up just now, for this caller. Dropping the future stops the guest.
    ///
    /// # Errors
    ///
    /// It gave no answer; [`CallError`] says why.
    pub async fn call_resolved(
        &self,
        cx: CallContext,
        resolved: ResolvedTool,
        arguments: Arguments,
    ) -> Result<Output, CallError> {
        let start = Instant::now();
        let ResolvedTool { tool, category, alias, .. } = &resolved;
        let route = self.route(category, Some(tool)).await;
        let lane = self.meters(route.as_ref().map_or(Lane::Reactor, |route| route.lane));
        let scope = self.scope(&cx.caller.tenant, (category, tool.priority), lane.lane);
        let mut recorder = CallRecorder::new(self, &scope, &cx, &tool.descriptor.name, start);
        let job = Job { resolved: &resolved, scope: &scope, recorder: &recorder, start };
        let arguments = match alias {
            Some(alias) => renamed(alias, arguments),
            None => Ok(arguments),
        };
        let result = match route.and_then(|route| Ok((route, arguments?))) {
            Ok((route, arguments)) => Box::pin(self.routed_call(&job, cx, arguments, route)).await,
            Err(error) => Err(error),
        };
        let status = match &result {
            Ok(output) => CallStatus::of_answer(output.is_error),
            Err(error) => error.into(),
        };
        lane.record(status, start.elapsed());
        let recorded = recorder.end(CallOutcome::of(status, &result)).await;
        let mut result = result.and_then(|output| recorded.map(|()| output));
        recorder.log(&result);
        if let (Ok(output), Some(alias)) = (&mut result, alias) {
            let (name, current) = (alias.name.to_string(), tool.descriptor.name.clone());
            output.deprecated = Some(DeprecatedName { name, current });
        }
        result
    }

    async fn routed_call(
        &self,
        job: &Job<'_>,
        cx: CallContext,
        arguments: Arguments,
        route: Route,
    ) -> Result<Output, CallError> {
        let (tool, scope) = (&job.resolved.tool, job.scope);
        self.charge(cx.depth, scope)?;
        // Numbers that differ beyond what a value holds have one digest.
        let distinct = arguments.exact.is_none();
        let Prepared { text: arguments, digest } = self.prepare(job, &cx.cancel, arguments).await?;
        let digest = digest.filter(|_| distinct);
        let done = |content, structured, is_error, cached| Output {
            content,
            structured,
            is_error,
            lane: route.lane,
            reason: route.reason,
            duration: job.start.elapsed(),
            cached,
            deprecated: None,
        };
        let key = tool.cache_ttl.zip(digest).map(|(ttl, digest)| (key(job, &cx.caller.tenant, digest), ttl));
        if let Some((key, _)) = &key {
            let hit = self.0.results.get(key);
            let result = if hit.is_some() { "hit" } else { "miss" };
            metrics::counter!("tandem_cache_requests_total", "cache" => "results", "result" => result).increment(1);
            if let Some(entry) = hit {
                let bytes = entry.bytes;
                // To copy a large one takes milliseconds.
                let copied = move || (entry.content.clone(), entry.structured.clone());
                let (content, structured) = self.answer_on(&cx.caller, bytes, copied).await?;
                return Ok(done(content, structured, false, true));
            }
        }
        let Answered { content, structured, is_error, by_canary } =
            self.answer(job, cx, Arc::new(arguments), route.lane).await?;
        if let Some((key, ttl)) = key
            && !is_error
            && !by_canary
        {
            self.0.results.put(key, &content, structured.as_ref(), ttl);
        }
        Ok(done(content, structured, is_error, false))
    }

    /// Runs the tool of the canary, if the call is one of its share, else that of the version that serves. Where
    /// the canary fails, and running it again does no harm, the other one answers.
    async fn answer(
        &self,
        job: &Job<'_>,
        cx: CallContext,
        arguments: Arc<String>,
        lane: Lane,
    ) -> Result<Answered, CallError> {
        let tool = &job.resolved.tool;
        loaded(&cx, &tool.category, &tool.backend).await?;
        let deadline = cx.deadline.min(Instant::now() + tool.limits.deadline);
        if let Some((its, scope)) = self.canary(job) {
            // Its own deadline; what it used of the call's is not given back.
            let bounded = bounded(cx.clone().within(its.limits.deadline), &scope)?;
            match self.run(bounded, its, &scope, arguments.clone(), lane).await {
                Err(error) if tool.is_repeatable() && is_fault(&error) => {
                    tracing::warn!(category = &*tool.category, %error, "canary failed; the serving version answers");
                }
                other => return other.map(|answered| Answered { by_canary: true, ..answered }),
            }
        }
        let cx = bounded(CallContext { deadline, ..cx }, job.scope)?;
        self.run(cx, tool, job.scope, arguments, lane).await
    }

    /// The tool of the canary, if the call is one of its share.
    fn canary<'a>(&self, job: &'a Job<'_>) -> Option<(&'a Arc<Tool>, CallScope)> {
        let canary = job.resolved.canary.as_ref()?;
        let tool = canary.takes(&job.resolved.tool)?;
        let scope = job.scope.of_version(self.state_of_canary(canary));
        // A circuit of its own must refuse nobody: the old version is there.
        (scope.share.breaker.state(Instant::now()) == Circuit::Closed).then_some((tool, scope))
    }

    async fn run(
        &self,
        cx: Arc<CallContext>,
        tool: &Arc<Tool>,
        scope: &CallScope,
        arguments: Arc<String>,
        lane: Lane,
    ) -> Result<Answered, CallError> {
        let _running = self.admit(scope, &cx, lane).await?;
        let answer = if self.on_current_lane(lane) {
            attempts(&cx, tool, scope, &arguments).await?
        } else {
            let (cx, tool, scope) = (cx.clone(), tool.clone(), scope.clone());
            let work = async move { attempts(&cx, &tool, &scope, &arguments).await };
            self.run_on_lane(lane, work).await??
        };
        let (output, is_error) = match answer {
            Ok(output) => (output, false),
            Err(error) => (tool_failed(error)?, true),
        };
        let structured = self.structured(&cx, tool, scope, output.structured, is_error).await?;
        Ok(Answered { content: output.content, structured, is_error, by_canary: false })
    }

    pub(crate) fn scope(&self, tenant: &Arc<str>, (category, priority): (&Category, u8), lane: Lane) -> CallScope {
        let state = self.state_of(category);
        let tenant = self.0.tenants.of(tenant);
        let share = state.share_of(&tenant.name);
        let bounds = (lane == Lane::Reactor).then(|| self.0.reactor_bounds.clone());
        let account = Arc::new(CallAccount::new(tenant.clone(), bounds));
        CallScope { state, lane, priority, share, tenant, account }
    }

    /// A client's call counts against its tenant's rate; what a tool calls is part of its own call.
    /// None begins that could not be recorded.
    pub(crate) fn charge(&self, depth: u8, scope: &CallScope) -> Result<(), CallError> {
        self.recordable()?;
        match depth {
            0 => scope.tenant.call().map_err(outcome::exhausted),
            _ => Ok(()),
        }
    }

    /// The structured result as JSON, once it fits the output schema.
    async fn structured(
        &self,
        cx: &CallContext,
        tool: &Arc<Tool>,
        scope: &CallScope,
        text: Option<String>,
        is_error: bool,
    ) -> Result<Option<Value>, CallError> {
        let decoded = match text {
            Some(text) => self.decode(&cx.cancel, scope, tool, text, is_error).await?.map(Some),
            None if tool.has_output_schema() && !is_error => Err(BadResult::Missing(tool.descriptor.name.clone())),
            None => Ok(None),
        };
        decoded.map_err(|reason| {
            scope.share.breaker.failure(Instant::now());
            if let Some(canary) = &scope.state.canary {
                canary.count(true);
            }
            CallError::BadOutput { category: tool.category.to_string(), reason: reason.to_string() }
        })
    }
}

/// The context of what runs: charged to the call's account, unless it is too deep.
pub(crate) fn bounded(cx: CallContext, scope: &CallScope) -> Result<Arc<CallContext>, CallError> {
    if cx.depth > MAX_DEPTH {
        return Err(CallError::Limited {
            limit: Limit::Depth,
            value: MAX_DEPTH.to_string(),
            retryable: false,
            retry_after: None,
        });
    }
    Ok(Arc::new(CallContext { account: scope.account.clone(), ..cx }))
}

/// Runs the tool, again only where its author says that it is idempotent.
async fn attempts(
    cx: &Arc<CallContext>,
    tool: &Tool,
    scope: &CallScope,
    arguments: &Arc<String>,
) -> Result<Result<ToolOutput, ToolError>, CallError> {
    let mut attempt = 1;
    loop {
        let result = tool.backend.call_tool(cx.clone(), &tool.own_name, arguments.clone()).await;
        let again = matches!(
            result,
            Err(RunError::Trap(_) | RunError::Overloaded(_) | RunError::Host(_)) | Ok(Err(ToolError::Unavailable(_)))
        );
        let result = settle(&scope.state, &scope.share, result);
        if !again || attempt >= tool.retry.attempts() {
            return result;
        }
        let pause = tool.retry.delay(attempt).min(LONGEST_PAUSE);
        if Instant::now() + pause >= cx.deadline {
            return result;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => attempt += 1,
            () = cx.cancel.cancelled() => return Err(CallError::Cancelled),
        }
    }
}

fn key(job: &Job<'_>, tenant: &Arc<str>, arguments: [u8; 32]) -> Key {
    Key {
        tenant: tenant.clone(),
        plugin: job.resolved.category.digest.clone(),
        tool: job.resolved.tool.descriptor.name.clone(),
        arguments,
    }
}

/// A version's own fault: another one may do better.
fn is_fault(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Trapped { .. }
            | CallError::Timeout { .. }
            | CallError::BadOutput { .. }
            | CallError::Unavailable { .. }
            | CallError::Internal(_)
    )
}
