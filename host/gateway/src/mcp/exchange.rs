//! One MCP request: who asks, in which era, and how its work is driven to an answer.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleServer,
    model::{
        CallToolResponse, CallToolResult, CreateTaskResult, ErrorData, InputRequiredResult, InputResponses,
        ProgressToken, ProtocolVersion,
    },
    service::RequestContext,
};
use tandem_catalog::View;
use tandem_engine::{CallContext, ClientCapabilities, ClientPort, traceparent};
use tandem_router::ExactNumbers;
use tokio_util::sync::CancellationToken;

use super::{
    client_port::{PortOptions, Threshold},
    driver::{CallDriver, Outlet, Response, Round, Work, guest_level},
    errors,
    mrtr::{Binding, Suspended},
    result::ResponseMeta,
    tasks::{TaskPromotion, Tasks},
};
use crate::{incoming::Incoming, results, state::AppState};

/// One request on its way.
pub(crate) struct Exchange {
    pub(crate) shared: Arc<AppState>,
    pub(crate) incoming: Arc<Incoming>,
    pub(crate) context: RequestContext<RoleServer>,
    /// Whether the request is of MCP 2026-07-28 or later: no session, no requests from server to client.
    pub(crate) modern: bool,
    /// What the client wants to see of logs.
    pub(crate) threshold: Option<Threshold>,
}

/// Whether a version has no sessions.
pub(crate) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// How work runs that a client may be asked about.
pub(crate) struct CallOptions {
    /// What a suspended run is bound to; none for work that cannot ask its client.
    pub(crate) asks: Option<Binding>,
    /// Whether a run that was lost may be done again.
    pub(crate) repeatable: bool,
    /// The answers that the request brings along.
    pub(crate) responses: Option<InputResponses>,
    /// The state of the run that the request resumes.
    pub(crate) state: Option<String>,
}

impl Exchange {
    pub(crate) fn view(&self) -> View {
        self.incoming.endpoint.narrow(self.shared.router.view(&self.incoming.caller))
    }

    /// What the router needs to know.
    pub(crate) fn call_context(&self, client: Option<Arc<dyn ClientPort>>, cancel: CancellationToken) -> CallContext {
        let from_meta = self.context.meta.get_traceparent().and_then(traceparent);
        CallContext {
            cancel,
            client,
            traceparent: from_meta.or_else(|| self.incoming.traceparent.clone()),
            ..CallContext::new(self.incoming.request_id.clone(), self.incoming.caller.clone())
        }
    }

    /// The numbers of the message's arguments that JSON values round.
    pub(crate) fn exact(&self) -> Option<ExactNumbers> {
        let extensions = &self.context.extensions;
        let over_http = || extensions.get::<http::request::Parts>()?.extensions.get::<Arc<ExactNumbers>>();
        let exact = extensions.get::<Arc<ExactNumbers>>().or_else(over_http)?;
        exact.under(&["params", "arguments"])
    }

    /// Whether the client wants to hear anything but the answer.
    pub(crate) fn wants_events(&self) -> bool {
        self.threshold.as_ref().is_some_and(|threshold| !threshold.is_off()) || self.progress_token().is_some()
    }

    fn progress_token(&self) -> Option<ProgressToken> {
        self.context.meta.get_progress_token()
    }

    /// The tasks of this host, for a client that declared the extension in a revision that has it.
    pub(crate) fn tasks(&self) -> Option<&Arc<Tasks>> {
        let declared = || self.context.client_capabilities().is_some_and(|client| client.supports_tasks());
        self.shared.tasks.as_ref().filter(|_| self.modern && declared())
    }

    fn port_options(&self, asks: bool, task: bool) -> PortOptions {
        PortOptions {
            progress: task || self.progress_token().is_some(),
            threshold: self.threshold.clone().unwrap_or_else(|| Threshold::new(None)),
            capabilities: if asks { self.client_capabilities() } else { ClientCapabilities::default() },
        }
    }

    pub(crate) fn client_capabilities(&self) -> ClientCapabilities {
        let Some(declared) = self.context.client_capabilities() else { return ClientCapabilities::default() };
        ClientCapabilities {
            // A client that names neither mode has forms: they came first.
            elicitation: declared.elicitation.is_some_and(|e| e.form.is_some() || e.url.is_none()),
            sampling: declared.sampling.is_some(),
            roots: declared.roots.is_some(),
        }
    }

    fn outlet(&self) -> Outlet<'_> {
        Outlet { peer: &self.context.peer, token: self.progress_token() }
    }

    /// Drives work to an answer. `options` tell whether it may ask the client, and what becomes of it then; it waits in
    /// `table` meanwhile.
    pub(crate) async fn drive<T: Send + 'static>(
        &self,
        options: CallOptions,
        table: &Arc<Suspended<T>>,
        start: impl FnOnce(Option<Arc<dyn ClientPort>>, CancellationToken) -> Work<T>,
    ) -> Result<Response<T>, ErrorData> {
        let port = self.port_options(options.asks.is_some(), false);
        match self.begin(options, port, table, start)? {
            (driver, None) => self.in_session(driver).await,
            (driver, Some(binding)) => self.in_rounds(driver, table, &binding).await,
        }
    }

    /// The same for a tool's call, which becomes a task when it takes long.
    pub(crate) async fn drive_tool(
        &self,
        options: CallOptions,
        promotion: Option<TaskPromotion>,
        start: impl FnOnce(Option<Arc<dyn ClientPort>>, CancellationToken) -> Work<CallToolResult>,
    ) -> Result<CallToolResponse, ErrorData> {
        let table = &self.shared.suspended.tools;
        let port = self.port_options(options.asks.is_some(), promotion.is_some());
        let response = match self.begin(options, port, table, start)? {
            (driver, None) => self.in_session(driver).await?,
            (mut driver, Some(binding)) => {
                if let Some((promotion, tasks)) = promotion.zip(self.shared.tasks.as_ref()) {
                    let late = tokio::time::sleep(self.shared.config.task_after);
                    let bound = (table, &self.shared.sealer, &binding);
                    match driver.in_rounds_until(&self.outlet(), &self.context.ct, bound, late).await? {
                        Round::Answered(response) => return Ok(self.tool_response(response)),
                        Round::Late((), late) => match tasks.begin(promotion, late).await {
                            Ok(task) => {
                                let result = CreateTaskResult::new(task).with_meta(self.response_meta().basic());
                                return Ok(CallToolResponse::Task(result));
                            }
                            Err(back) => driver = *back,
                        },
                    }
                }
                self.in_rounds(driver, table, &binding).await?
            }
        };
        Ok(self.tool_response(response))
    }

    fn tool_response(&self, response: Response<CallToolResult>) -> CallToolResponse {
        match response {
            Response::Done(result) => result.into(),
            Response::InputRequired(result) => self.input_required(result).into(),
        }
    }

    /// The questions of a suspended call, as their request's answer.
    pub(crate) fn input_required(&self, mut result: InputRequiredResult) -> InputRequiredResult {
        result.meta = Some(self.response_meta().basic());
        result
    }

    /// Starts work, or finds the suspended run that the request resumes. None for the binding where it cannot be suspended.
    fn begin<T: Send + 'static>(
        &self,
        options: CallOptions,
        port: PortOptions,
        table: &Arc<Suspended<T>>,
        start: impl FnOnce(Option<Arc<dyn ClientPort>>, CancellationToken) -> Work<T>,
    ) -> Result<(CallDriver<T>, Option<Binding>), ErrorData> {
        let start_with = |port, cancel| start(Some(port), cancel);
        let Some(binding) = options.asks.filter(|_| self.modern) else {
            return Ok((CallDriver::attached(port, self.context.ct.clone(), start_with), None));
        };
        let answers = options.responses.unwrap_or_default();
        let Some(sealed) = options.state else {
            return Ok((CallDriver::detached(port, answers, start_with), Some(binding)));
        };
        let state = self.shared.sealer.open(&sealed, &binding)?;
        let driver = match table.take(&state) {
            Some(mut driver) => {
                driver.resume(answers);
                driver
            }
            None => {
                let mut known = state.restart(options.repeatable)?;
                known.extend(answers);
                CallDriver::detached(port, known, start_with)
            }
        };
        Ok((driver, Some(binding)))
    }

    async fn in_session<T: Send + 'static>(&self, driver: CallDriver<T>) -> Result<Response<T>, ErrorData> {
        driver.in_session(&self.outlet(), self.shared.config.client_timeout).await.map(Response::Done)
    }

    async fn in_rounds<T: Send + 'static>(
        &self,
        driver: CallDriver<T>,
        table: &Arc<Suspended<T>>,
        binding: &Binding,
    ) -> Result<Response<T>, ErrorData> {
        driver.in_rounds(&self.outlet(), &self.context.ct, table, &self.shared.sealer, binding).await
    }

    pub(crate) fn response_meta(&self) -> ResponseMeta {
        ResponseMeta::of_request(&self.shared, &self.incoming, self.modern, self.budget().ok().flatten())
    }

    /// What the client says of the size of a message.
    pub(crate) fn budget(&self) -> Result<Option<usize>, ErrorData> {
        results::budget(self.context.meta.get(results::INLINE_LIMIT))
            .map_err(|text| errors::invalid("invalid_arguments", text))
    }
}

/// Whether the client's level lets anything through, by era: per request, or per session.
pub(crate) fn request_threshold(context: &RequestContext<RoleServer>) -> Option<Threshold> {
    context.meta.log_level().map(|level| Threshold::new(Some(guest_level(level))))
}

/// A lifetime as the protocol writes it.
pub(crate) fn hint(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}
