//! The way of one call: find, check, route, admit, run (and try again where that is safe), check the answer.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tandem_catalog::{Canary, Category, Tool, Vanished, View, Violations, shown, shown_name};
use tandem_engine::{CallEnv, Content, RunError, ToolError, ToolOutput};
use tandem_package::MAX_URI;

use crate::{
    admission::{Full, Permit},
    api::{CallError, Lane, Output, RequestContext, Violation},
    audit::{Closing, Ending},
    cache::Key,
    meters::{self, CategoryState, Share},
    nested::MAX_DEPTH,
    outcome::{self, settle, tool_failed},
    router::Router,
    tenant::{CallAccount, CallUse, Tenant},
    work::Prepared,
};

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Where a call runs, and why.
#[derive(Clone, Copy)]
pub(crate) struct Route {
    pub(crate) lane: Lane,
    pub(crate) reason: &'static str,
}

/// One tool call's facts.
pub(crate) struct Job<'a> {
    pub(crate) cx: &'a RequestContext,
    pub(crate) tool: &'a Arc<Tool>,
    category: &'a Category,
    /// The version that is tried out beside the category.
    pub(crate) canary: Option<&'a Arc<Canary>>,
    pub(crate) closing: &'a Closing,
    start: Instant,
}

/// Where a call stands: its category's state, its tenant's share of it, and who pays.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) state: Arc<CategoryState>,
    pub(crate) lane: Lane,
    pub(crate) share: Arc<Share>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) account: Arc<CallAccount>,
}

impl Place {
    /// Counts what a call used, and what its tenant was refused.
    pub(crate) fn settle_account(&self, usage: &CallUse, limit: Option<&'static str>) {
        if !usage.cpu.is_zero() {
            self.share.cpu.increment(usage.cpu.as_secs_f64());
        }
        let Some(limit) = limit else { return };
        self.state.limit_hit(limit);
        if limit.starts_with("tenant-") {
            let tenant = self.tenant.name.to_string();
            metrics::counter!("tandem_tenant_rejections_total", "tenant" => tenant, "reason" => limit).increment(1);
        }
    }
}

/// A tool's answer that keeps its contract.
pub(crate) struct Answered {
    pub(crate) content: Vec<Content>,
    pub(crate) structured: Option<Value>,
    pub(crate) is_error: bool,
    /// Whether a version on trial gave it.
    pub(crate) on_trial: bool,
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
        let Some((tool, category)) = find_tool(&view, name) else {
            let error = unknown_tool(&view, name, view.near_tools(name));
            return Err(self.refuse(&cx, name, error).await);
        };
        let route = self.route(category, Some(tool)).await;
        let lane = self.meters(route.as_ref().map_or(Lane::Reactor, |route| route.lane));
        let closing = Closing::new(self, &cx, self.place(&cx, category, lane.lane), name, start);
        let job = Job { cx: &cx, tool, category, canary: view.canary(category), closing: &closing, start };
        let result = match route {
            Ok(route) => Box::pin(self.routed_call(&job, arguments, route)).await,
            Err(error) => Err(error),
        };
        let status = meters::status(&result.as_ref().map(|output| output.is_error));
        lane.record(status, start.elapsed());
        let lane = lane.lane;
        let recorded = closing.end(Ending::of(status, &result)).await;
        let result = result.and_then(|output| recorded.map(|()| output));
        outcome::log(&cx, lane, tool, &result, start.elapsed());
        result
    }

    async fn routed_call(
        &self,
        job: &Job<'_>,
        arguments: Map<String, Value>,
        route: Route,
    ) -> Result<Output, CallError> {
        let (cx, tool, place) = (job.cx, job.tool, job.closing.place());
        self.charge(cx, place)?;
        let Prepared { text: arguments, digest } = self.prepare(job, Value::Object(arguments)).await?;
        // Numbers that differ beyond what a value holds have one digest.
        let digest = digest.filter(|_| cx.exact.is_none());
        let done = |content, structured, is_error, cached| Output {
            content,
            structured,
            is_error,
            lane: route.lane,
            reason: route.reason,
            duration: job.start.elapsed(),
            cached,
        };
        let key = tool.cache_ttl.zip(digest).map(|(ttl, digest)| (key(job, digest), ttl));
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
        let env = self.env(cx, place, tool.limits.deadline)?;
        let Answered { content, structured, is_error, on_trial } =
            self.answered(job, &env, &arguments, route.lane).await?;
        if let Some((key, ttl)) = key
            && !is_error
            && !on_trial
        {
            self.0.results.put(key, &content, structured.as_ref(), ttl);
        }
        Ok(done(content, structured, is_error, false))
    }

    pub(crate) async fn run(
        &self,
        cx: &RequestContext,
        env: &CallEnv,
        tool: &Arc<Tool>,
        place: &Place,
        arguments: &str,
        lane: Lane,
    ) -> Result<Answered, CallError> {
        let _running = self.admit(place, env, lane).await?;
        let answer = if self.is_at_home(lane) {
            self.attempts(env, tool, place, arguments).await?
        } else {
            let (router, env, tool, place) = (self.clone(), env.clone(), tool.clone(), place.clone());
            let arguments = arguments.to_owned();
            let work = async move { router.attempts(&env, &tool, &place, &arguments).await };
            self.elsewhere(lane, work).await??
        };
        let (output, is_error) = match answer {
            Ok(output) => (output, false),
            Err(error) => (tool_failed(error)?, true),
        };
        let structured = self.structured(cx, tool, place, output.structured, is_error).await?;
        Ok(Answered { content: output.content, structured, is_error, on_trial: false })
    }

    pub(crate) fn place(&self, cx: &RequestContext, category: &Category, lane: Lane) -> Place {
        let state = self.state_of(category);
        let tenant = self.0.tenants.of(&cx.caller.tenant);
        let share = state.share_of(&tenant.name);
        let bounds = (lane == Lane::Reactor).then(|| self.0.reactor_bounds.clone());
        let account = Arc::new(CallAccount::new(tenant.clone(), bounds));
        Place { state, lane, share, tenant, account }
    }

    /// A client's call counts against its tenant's rate; what a tool calls is part of its own call.
    /// None begins that could not be recorded.
    pub(crate) fn charge(&self, cx: &RequestContext, place: &Place) -> Result<(), CallError> {
        self.recordable()?;
        match cx.depth {
            0 => place.tenant.call().map_err(outcome::exhausted),
            _ => Ok(()),
        }
    }

    pub(crate) fn env(&self, cx: &RequestContext, place: &Place, limit: Duration) -> Result<CallEnv, CallError> {
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
            account: place.account.clone(),
        })
    }

    /// Waits for a place: first the tenant's and the plugin's, then the lane's, so that who waits for one's own busy
    /// plugin does not hold the lane's places meanwhile. A nested call has its parent's places and does not wait.
    pub(crate) async fn admit(&self, place: &Place, env: &CallEnv, at: Lane) -> Result<Running, CallError> {
        let Place { state, share, tenant, .. } = place;
        share.breaker.admit(Instant::now()).map_err(|wait| CallError::Unavailable {
            reason: format!("`{}` failed repeatedly and is paused", state.name),
            retry_after: Some(wait),
        })?;
        let before = Instant::now();
        let places = async {
            if env.depth > 0 {
                // The plugin may be one of the callers above: waiting for its place would be waiting for itself.
                let full = || CallError::Limited {
                    limit: "concurrency",
                    value: format!("{} calls", state.concurrency),
                    retryable: true,
                    retry_after: None,
                };
                let plugin = share.gate.try_enter().ok_or_else(full)?;
                return Ok([None, Some(plugin), None]);
            }
            let own = match tenant.places() {
                Some(gate) => {
                    Some(gate.enter(state.priority).await.map_err(|full| queue_full("tenant-concurrency", &full))?)
                }
                None => None,
            };
            let plugin = share.gate.enter(state.priority).await.map_err(|full| queue_full("concurrency", &full))?;
            let lane = match at {
                Lane::General => {
                    Some(self.0.gate.enter(state.priority).await.map_err(|full| queue_full("queue", &full))?)
                }
                // The reactor has places of its own, and refuses at once.
                Lane::Reactor => None,
            };
            Ok([own, Some(plugin), lane])
        };
        let places = tokio::select! {
            biased;
            places = places => places,
            () = env.cancel.cancelled() => Err(CallError::Cancelled),
            () = tokio::time::sleep_until(env.deadline.into()) => Err(CallError::Limited {
                limit: "queue",
                value: "the call's whole deadline".to_owned(),
                retryable: true,
                retry_after: None,
            }),
        };
        if places.is_err() {
            share.breaker.neutral(Instant::now());
        }
        self.meters(at).waited(before.elapsed());
        Ok(Running::new(place, places?))
    }

    /// Runs the tool, again only where its author says that twice is the same as once.
    async fn attempts(
        &self,
        env: &CallEnv,
        tool: &Tool,
        place: &Place,
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
            let result = settle(&place.state, &place.share, result);
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

    /// The structured result as JSON, once it fits the output schema.
    async fn structured(
        &self,
        cx: &RequestContext,
        tool: &Arc<Tool>,
        place: &Place,
        text: Option<String>,
        is_error: bool,
    ) -> Result<Option<Value>, CallError> {
        let decoded = match text {
            Some(text) => self.decode(cx, place, tool, text, is_error).await?.map(Some),
            None if tool.has_output_schema() && !is_error => {
                Err(format!("`{}` has an output schema but gave no structured result", tool.descriptor.name))
            }
            None => Ok(None),
        };
        decoded.map_err(|reason| {
            place.share.breaker.failure(Instant::now());
            if let Some(canary) = &place.state.trial {
                canary.count(true);
            }
            CallError::BadOutput { category: tool.category.to_string(), reason }
        })
    }
}

fn key(job: &Job<'_>, arguments: [u8; 32]) -> Key {
    Key {
        tenant: job.cx.caller.tenant.clone(),
        plugin: job.category.digest.clone(),
        tool: job.tool.descriptor.name.clone(),
        arguments,
    }
}

/// The places that a running call holds; it counts as in flight while this lives.
pub(crate) struct Running {
    in_flight: Arc<std::sync::atomic::AtomicU64>,
    gauge: metrics::Gauge,
    _places: [Option<Permit>; 3],
}

impl Running {
    fn new(place: &Place, places: [Option<Permit>; 3]) -> Self {
        let (in_flight, gauge) = (place.state.in_flight.clone(), place.state.gauge(place.lane).clone());
        in_flight.fetch_add(1, Ordering::Relaxed);
        gauge.increment(1);
        Self { in_flight, gauge, _places: places }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.gauge.decrement(1);
    }
}

fn find_tool<'a>(view: &'a View, name: &str) -> Option<(&'a Arc<Tool>, &'a Arc<Category>)> {
    let tool = view.tool(name)?;
    Some((tool, view.category(&tool.category)?))
}

/// What is said of a tool that is not there: what became of it, if it once was. `near` are the names that may be meant,
/// best first.
#[must_use]
pub fn unknown_tool(view: &View, name: &str, near: Vec<String>) -> CallError {
    if view.tool_lacks_network(name) {
        return CallError::NoNetwork { kind: "tool", name: name.to_owned() };
    }
    match view.vanished(name) {
        Some(Vanished { category, version, near }) => {
            CallError::Vanished { name: name.to_owned(), category: category.to_string(), version, near }
        }
        None => not_found("tool", name, near),
    }
}

/// The same of a category.
#[must_use]
pub fn unknown_category(view: &View, name: &str) -> CallError {
    if view.category_lacks_network(name) {
        return CallError::NoNetwork { kind: "category", name: name.to_owned() };
    }
    not_found("category", name, view.near_categories(name))
}

pub(crate) fn not_found(kind: &'static str, name: &str, near: Vec<String>) -> CallError {
    let name = if kind == "resource" { shown(name, MAX_URI) } else { shown_name(name) };
    CallError::NotFound { kind, name: name.into_owned(), near }
}

pub(crate) fn invalid(name: &str, violations: Violations) -> CallError {
    let violations = violations.into_iter().map(|(pointer, message)| Violation { pointer, message }).collect();
    CallError::InvalidArguments { tool: name.to_owned(), violations }
}

pub(crate) fn queue_full(limit: &'static str, full: &Full) -> CallError {
    CallError::Limited { limit, value: format!("{} waiting calls", full.0), retryable: true, retry_after: None }
}
