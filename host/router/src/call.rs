//! The way of one call: find, check, route, admit, run (and try again where that is safe), check the answer.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tandem_catalog::{Category, Tool, View, Violations};
use tandem_engine::{
    CallEnv, Completion, CompletionReference, Content, Exhausted, PromptOutput, ResourceContents, RunError, ToolError,
    ToolOutput,
};

use crate::{
    admission::Full,
    api::{CallError, Lane, Output, RequestContext, Violation},
    cache::Key,
    lane,
    meters::{self, CategoryState},
    nested::MAX_DEPTH,
    router::Router,
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where a call runs, and why.
#[derive(Clone, Copy)]
struct Route {
    lane: Lane,
    reason: &'static str,
}

impl Router {
    /// Runs one tool. Dropping the future stops the guest.
    pub async fn call_tool(
        &self,
        cx: RequestContext,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<Output, CallError> {
        let start = Instant::now();
        let view = self.view(&cx.caller);
        let (tool, category) = find_tool(&view, name)?;
        let state = self.state_of(category);
        let (lane, result) = match self.route(category, Some(tool)) {
            Ok(route) => {
                (&self.0.general, self.admitted_call(&cx, tool, category, &state, arguments, route, start).await)
            }
            Err(error) => (&self.0.reactor, Err(error)),
        };
        let status = meters::status(&result.as_ref().map(|output| output.is_error));
        state.record(name, status, start.elapsed());
        lane.record(status, start.elapsed());
        log(&cx, tool, &result, start.elapsed());
        result
    }

    #[allow(clippy::too_many_arguments, reason = "one call's facts, each used once")]
    async fn admitted_call(
        &self,
        cx: &RequestContext,
        tool: &Arc<Tool>,
        category: &Category,
        state: &CategoryState,
        arguments: Map<String, Value>,
        route: Route,
        start: Instant,
    ) -> Result<Output, CallError> {
        let arguments = Value::Object(arguments);
        tool.check_arguments(&arguments).map_err(|violations| invalid(&tool.descriptor.name, violations))?;
        let arguments = arguments.to_string();
        let done = |content, structured, is_error, cached| Output {
            content,
            structured,
            is_error,
            lane: route.lane,
            reason: route.reason,
            duration: start.elapsed(),
            cached,
        };
        let key = tool.cache_ttl.map(|ttl| (self.key(cx, tool, category, &arguments), ttl));
        if let Some((key, _)) = &key {
            let hit = self.0.results.get(key);
            let result = if hit.is_some() { "hit" } else { "miss" };
            metrics::counter!("tandem_cache_requests_total", "cache" => "results", "result" => result).increment(1);
            if let Some(entry) = hit {
                return Ok(done(entry.content.clone(), entry.structured.clone(), false, true));
            }
        }
        let env = self.env(cx, tool.limits.deadline)?;
        let _running = self.admit(state, &env).await?;
        let answer = self.attempts(&env, tool, state, &arguments).await?;
        let (output, is_error) = match answer {
            Ok(output) => (output, false),
            Err(error) => (tool_failed(error)?, true),
        };
        let bytes = output.structured.as_ref().map_or(0, String::len)
            + output.content.iter().map(|c| if let Content::Text(t) = c { t.len() } else { 1 << 10 }).sum::<usize>();
        let structured = self.structured(tool, state, output.structured, is_error)?;
        if let Some((key, ttl)) = key
            && !is_error
        {
            self.0.results.put(key, &output.content, structured.as_ref(), bytes, ttl);
        }
        Ok(done(output.content, structured, is_error, false))
    }

    /// Reads one resource.
    pub async fn read_resource(&self, cx: RequestContext, uri: &str) -> Result<Vec<ResourceContents>, CallError> {
        let view = self.view(&cx.caller);
        let category = view.resource_owner(uri).ok_or_else(|| not_found("resource", uri, Vec::new()))?;
        let (env, state, _running) = self.enter(&cx, category).await?;
        let result = settle(&state, category.plugin.read_resource(env, uri).await)?;
        result.map_err(|error| match error {
            ToolError::NotFound(_) => not_found("resource", uri, Vec::new()),
            other => entry_failed(other),
        })
    }

    /// Fills a prompt in.
    pub async fn get_prompt(
        &self,
        cx: RequestContext,
        name: &str,
        arguments: Map<String, Value>,
    ) -> Result<PromptOutput, CallError> {
        let view = self.view(&cx.caller);
        let Some((category, prompt)) = view.prompt(name) else {
            return Err(not_found("prompt", name, view.near_prompts(name)));
        };
        let missing: Violations = prompt
            .arguments
            .iter()
            .filter(|argument| argument.required && !arguments.contains_key(&argument.name))
            .map(|argument| (format!("/{}", argument.name), "is required".to_owned()))
            .collect();
        if !missing.is_empty() {
            return Err(invalid(name, missing));
        }
        let (env, state, _running) = self.enter(&cx, category).await?;
        let arguments = Value::Object(arguments).to_string();
        settle(&state, category.plugin.get_prompt(env, name, arguments).await)?.map_err(entry_failed)
    }

    /// Completes an argument of a prompt or a resource template. `settled` holds the arguments that are known.
    pub async fn complete(
        &self,
        cx: RequestContext,
        reference: CompletionReference,
        argument: &str,
        value: &str,
        settled: Map<String, Value>,
    ) -> Result<Completion, CallError> {
        let view = self.view(&cx.caller);
        let category = match &reference {
            CompletionReference::Prompt(name) => {
                let found = view.prompt(name).map(|(category, _)| category);
                found.ok_or_else(|| not_found("prompt", name, view.near_prompts(name)))?
            }
            CompletionReference::ResourceTemplate(template) => {
                let found = view.resource_templates().find(|(_, t)| t.uri_template == *template);
                found.map(|(category, _)| category).ok_or_else(|| not_found("resource", template, Vec::new()))?
            }
        };
        let (env, state, _running) = self.enter(&cx, category).await?;
        let settled = Value::Object(settled).to_string();
        settle(&state, category.plugin.complete(env, &reference, argument, value, settled).await)?.map_err(entry_failed)
    }

    fn route(&self, category: &Category, tool: Option<&Arc<Tool>>) -> Result<Route, CallError> {
        let (lane, reason) = lane::choose(category, tool.map_or("", |tool| &tool.descriptor.name));
        let route = match lane {
            Lane::General => Route { lane, reason },
            Lane::Reactor => {
                self.0.reactor.routed(reason);
                let safe = tool.is_some_and(|tool| tool.descriptor.annotations.idempotent);
                if !(self.0.config.reactor_fallback && safe) {
                    return Err(CallError::Unavailable {
                        reason: format!("`{}` runs in the reactor lane, which is down", category.name),
                        retry_after: None,
                    });
                }
                Route { lane: Lane::General, reason: "fallback" }
            }
        };
        self.0.general.routed(route.reason);
        Ok(route)
    }

    /// What a resource or prompt needs before it runs.
    async fn enter(
        &self,
        cx: &RequestContext,
        category: &Category,
    ) -> Result<(CallEnv, Arc<CategoryState>, impl Drop + use<>), CallError> {
        self.route(category, None)?;
        let state = self.state_of(category);
        let env = self.env(cx, category.plugin.limits().deadline)?;
        let running = self.admit(&state, &env).await?;
        Ok((env, state, running))
    }

    fn env(&self, cx: &RequestContext, limit: Duration) -> Result<CallEnv, CallError> {
        if cx.depth > MAX_DEPTH {
            return Err(CallError::Limited {
                limit: "depth",
                value: MAX_DEPTH.to_string(),
                retryable: false,
                retry_after: None,
            });
        }
        let deadline = cx.deadline.map_or(limit, |asked| asked.min(limit));
        Ok(CallEnv {
            request_id: cx.request_id.clone(),
            caller: cx.caller.clone(),
            deadline: Instant::now() + deadline,
            cancel: cx.cancel.clone(),
            client: cx.client.clone(),
            depth: cx.depth,
            traceparent: cx.traceparent.clone(),
            account: Arc::new(tandem_engine::Unmetered),
        })
    }

    /// Waits for a place: first the plugin's, then the lane's, so that one busy plugin does not hold the lane's
    /// places while it waits. A nested call has its parent's place in the lane, and does not wait.
    async fn admit(&self, state: &CategoryState, env: &CallEnv) -> Result<Running, CallError> {
        state.breaker.admit(Instant::now()).map_err(|wait| CallError::Unavailable {
            reason: format!("`{}` failed repeatedly and is paused", state.name),
            retry_after: Some(wait),
        })?;
        let before = Instant::now();
        let places = async {
            if env.depth > 0 {
                // The plugin may be one of the callers above: waiting for its place would be waiting for itself.
                let full = || CallError::Limited {
                    limit: "concurrency",
                    value: format!("{} calls", state.plugin.limits().concurrency),
                    retryable: true,
                    retry_after: None,
                };
                return Ok((state.gate.try_enter().ok_or_else(full)?, None));
            }
            let plugin = state.gate.enter(state.priority).await.map_err(|full| queue_full("concurrency", &full))?;
            let lane = self.0.gate.enter(state.priority).await.map_err(|full| queue_full("queue", &full))?;
            Ok((plugin, Some(lane)))
        };
        let places = tokio::select! {
            biased;
            places = places => places,
            () = env.cancel.cancelled() => Err(CallError::Cancelled),
            () = tokio::time::sleep_until(env.deadline.into()) => {
                Err(CallError::Limited { limit: "queue", value: "the call's whole deadline".to_owned(), retryable: true, retry_after: None })
            }
        };
        if places.is_err() {
            state.breaker.neutral(Instant::now());
        }
        self.0.general.waited(before.elapsed());
        Ok(Running::new(state, places?))
    }

    /// Runs the tool, again only where its author says that twice is the same as once.
    async fn attempts(
        &self,
        env: &CallEnv,
        tool: &Tool,
        state: &CategoryState,
        arguments: &str,
    ) -> Result<Result<ToolOutput, ToolError>, CallError> {
        let mut attempt = 1;
        loop {
            let result = tool.plugin.call_tool(env.clone(), &tool.own_name, arguments.to_owned()).await;
            let again = matches!(
                result,
                Err(RunError::Trap(_) | RunError::Overloaded(_) | RunError::Host(_))
                    | Ok(Err(ToolError::Unavailable(_)))
            );
            let result = settle(state, result);
            if !again || attempt >= tool.retry.attempts() {
                return result;
            }
            let pause = tool.retry.delay(attempt).min(LONGEST_PAUSE);
            if Instant::now() + pause >= env.deadline {
                return result;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => attempt += 1,
                () = env.cancel.cancelled() => return Err(CallError::Cancelled),
            }
        }
    }

    fn key(&self, cx: &RequestContext, tool: &Tool, category: &Category, arguments: &str) -> Key {
        Key {
            tenant: cx.caller.tenant.clone(),
            plugin: category.digest.clone(),
            tool: tool.descriptor.name.clone(),
            arguments: arguments.to_owned(),
        }
    }

    /// The structured result as JSON, once it fits the output schema.
    fn structured(
        &self,
        tool: &Tool,
        state: &CategoryState,
        text: Option<String>,
        is_error: bool,
    ) -> Result<Option<Value>, CallError> {
        let wrong = |reason: String| {
            state.breaker.failure(Instant::now());
            CallError::BadOutput { category: tool.category.to_string(), reason }
        };
        let Some(text) = text else {
            if tool.has_output_schema() && !is_error {
                return Err(wrong(format!(
                    "`{}` has an output schema but gave no structured result",
                    tool.descriptor.name
                )));
            }
            return Ok(None);
        };
        let value = serde_json::from_str(&text)
            .map_err(|error| wrong(format!("the structured result is not JSON: {error}")))?;
        if !is_error && let Err(violations) = tool.check_output(&value) {
            let places: Vec<_> = violations.iter().map(|(pointer, message)| format!("{pointer}: {message}")).collect();
            return Err(wrong(format!("the structured result does not fit the output schema: {}", places.join("; "))));
        }
        Ok(Some(value))
    }
}

/// The places that a running call holds; it counts as in flight while this lives.
struct Running {
    in_flight: Arc<std::sync::atomic::AtomicU64>,
    gauge: metrics::Gauge,
    _places: (crate::admission::Permit, Option<crate::admission::Permit>),
}

impl Running {
    fn new(state: &CategoryState, places: (crate::admission::Permit, Option<crate::admission::Permit>)) -> Self {
        state.in_flight.fetch_add(1, Ordering::Relaxed);
        state.gauge.increment(1);
        Self { in_flight: state.in_flight.clone(), gauge: state.gauge.clone(), _places: places }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.gauge.decrement(1);
    }
}

fn find_tool<'a>(view: &'a View, name: &str) -> Result<(&'a Arc<Tool>, &'a Arc<Category>), CallError> {
    view.tool(name)
        .and_then(|tool| Some((tool, view.category(&tool.category)?)))
        .ok_or_else(|| not_found("tool", name, view.near_tools(name)))
}

fn not_found(kind: &'static str, name: &str, near: Vec<String>) -> CallError {
    CallError::NotFound { kind, name: name.to_owned(), near }
}

fn invalid(name: &str, violations: Violations) -> CallError {
    let violations = violations.into_iter().map(|(pointer, message)| Violation { pointer, message }).collect();
    CallError::InvalidArguments { tool: name.to_owned(), violations }
}

fn queue_full(limit: &'static str, full: &Full) -> CallError {
    CallError::Limited { limit, value: format!("{} waiting calls", full.0), retryable: true, retry_after: None }
}

/// One of the tenant's totals.
pub(crate) fn exhausted(total: Exhausted) -> CallError {
    let Exhausted { limit, value, retry_after } = total;
    CallError::Limited { limit, value, retryable: retry_after.is_some(), retry_after }
}

/// Tells the breaker how a run ended, and turns the engine's error into the caller's.
fn settle<T>(state: &CategoryState, result: Result<T, RunError>) -> Result<T, CallError> {
    let error = match result {
        Ok(answer) => {
            state.breaker.success();
            return Ok(answer);
        }
        Err(error) => error,
    };
    match &error {
        RunError::Trap(_)
        | RunError::Timeout(_)
        | RunError::BadOutput(_)
        | RunError::NoExport(_)
        | RunError::Host(_) => {
            state.breaker.failure(Instant::now());
        }
        RunError::Limit { .. } | RunError::Exhausted(_) | RunError::Overloaded(_) | RunError::Cancelled => {
            state.breaker.neutral(Instant::now())
        }
    }
    if let RunError::Limit { limit, .. } = &error {
        metrics::counter!("tandem_limit_hits_total", "category" => state.name.to_string(), "limit" => *limit)
            .increment(1);
    }
    Err(match error {
        RunError::Limit { limit, value } => CallError::Limited { limit, value, retryable: false, retry_after: None },
        RunError::Exhausted(total) => exhausted(total),
        RunError::Overloaded(instances) => {
            CallError::Limited { limit: "instances", value: instances.to_string(), retryable: true, retry_after: None }
        }
        RunError::Timeout(after) => CallError::Timeout { after },
        RunError::Cancelled => CallError::Cancelled,
        RunError::Trap(reason) => CallError::Trapped { category: state.name.to_string(), reason },
        RunError::BadOutput(reason) => CallError::BadOutput { category: state.name.to_string(), reason },
        RunError::NoExport(name) => {
            CallError::BadOutput { category: state.name.to_string(), reason: format!("it does not export `{name}`") }
        }
        RunError::Host(reason) => CallError::Internal(reason),
    })
}

/// A tool's own error as its answer; a missing capability is the protocol's business.
fn tool_failed(error: ToolError) -> Result<ToolOutput, CallError> {
    let text = match error {
        ToolError::Failed(output) => return Ok(output),
        ToolError::MissingCapability(name) => return Err(CallError::MissingCapability(name)),
        ToolError::Cancelled => return Err(CallError::Cancelled),
        other => error_text(other),
    };
    Ok(ToolOutput { content: vec![Content::Text(text)], structured: None })
}

/// A resource's or prompt's own error.
fn entry_failed(error: ToolError) -> CallError {
    match error {
        ToolError::MissingCapability(name) => CallError::MissingCapability(name),
        ToolError::Cancelled => CallError::Cancelled,
        ToolError::Denied(text) => CallError::Denied(text),
        ToolError::Unavailable(reason) => CallError::Unavailable { reason, retry_after: None },
        ToolError::InvalidArguments(message) => CallError::InvalidArguments {
            tool: String::new(),
            violations: vec![Violation { pointer: String::new(), message }],
        },
        other => CallError::Internal(error_text(other)),
    }
}

fn error_text(error: ToolError) -> String {
    match error {
        ToolError::InvalidArguments(text) => format!("invalid arguments: {text}"),
        ToolError::NotFound(text) => format!("not found: {text}"),
        ToolError::Denied(text) => format!("denied: {text}"),
        ToolError::Unavailable(text) => format!("unavailable: {text}"),
        ToolError::Other(text) => text.unwrap_or_else(|| "the tool failed without a reason".to_owned()),
        ToolError::MissingCapability(_) | ToolError::Cancelled | ToolError::Failed(_) => String::new(),
    }
}

fn log(cx: &RequestContext, tool: &Tool, result: &Result<Output, CallError>, took: Duration) {
    let status = match result {
        Ok(output) if output.is_error => "tool_error",
        Ok(_) => "ok",
        Err(error) => error.code(),
    };
    let (tenant, request_id) = (&*cx.caller.tenant, &*cx.request_id);
    let duration_ms = took.as_secs_f64() * 1e3;
    let traceparent = cx.traceparent.as_deref().unwrap_or("");
    tracing::info!(
        target: "tandem::call", lane = "general", category = &*tool.category, tool = tool.descriptor.name, tenant,
        request_id, duration_ms, status, traceparent, "call"
    );
}
