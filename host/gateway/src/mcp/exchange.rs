//! One MCP request: who asks, in which era, and how its work is driven to an answer.

use std::{sync::Arc, time::Duration};

use rmcp::{
    RoleServer,
    model::{CreateTaskResult, ErrorData, InputResponses, MetaObject, ProgressToken, ProtocolVersion},
    service::RequestContext,
};
use serde_json::{Number, Value};
use tandem_catalog::View;
use tandem_engine::{ClientCapabilities, ClientPort, traceparent};
use tandem_router::{CallError, ExactNumbers, Lane, Output, Router};
use tandem_types::Caller;
use tokio_util::sync::CancellationToken;

use super::{
    client_port::{PortOptions, Threshold},
    mrtr::Binding,
    talk::{Outlet, Response, Round, Talk, Work, guest_level},
    tasks::{Becoming, Tasks},
};
use crate::{Shared, incoming::Incoming};

/// Keys in the `_meta` of results.
const REQUEST_ID: &str = "tandem/request_id";
const LANE: &str = "tandem/lane";
const REASON: &str = "tandem/reason";
const DURATION: &str = "tandem/duration_ms";
const CACHED: &str = "tandem/cached";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// One request on its way.
pub(crate) struct Exchange {
    pub(crate) shared: Arc<Shared>,
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

/// Under which terms work runs.
pub(crate) struct Terms {
    /// What a suspended run is bound to; none for work that cannot ask its client.
    pub(crate) asks: Option<Binding>,
    /// Whether a run that was lost may be done again.
    pub(crate) repeatable: bool,
    /// The answers that the request brings along.
    pub(crate) responses: Option<InputResponses>,
    /// The state of the run that the request resumes.
    pub(crate) state: Option<String>,
    /// What it becomes a task with when it takes long; none for work that stays a call.
    pub(crate) task: Option<Becoming>,
}

impl Exchange {
    pub(crate) fn view(&self) -> View {
        self.shared.router.view(&self.incoming.caller)
    }

    /// What the router needs to know.
    pub(crate) fn routed(
        &self,
        client: Option<Arc<dyn ClientPort>>,
        cancel: CancellationToken,
    ) -> tandem_router::RequestContext {
        let from_meta = self.context.meta.get_traceparent().and_then(traceparent);
        tandem_router::RequestContext {
            caller: self.incoming.caller.clone(),
            request_id: self.incoming.request_id.clone(),
            cancel,
            client,
            deadline: None,
            traceparent: from_meta.or_else(|| self.incoming.traceparent.clone()),
            depth: 0,
            exact: None,
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

    /// Drives work to an answer. `terms` tell whether it may ask the client, and what becomes of it then.
    pub(crate) async fn drive(
        &self,
        terms: Terms,
        start: impl FnOnce(Option<Arc<dyn ClientPort>>, CancellationToken) -> Work,
    ) -> Result<Response, ErrorData> {
        let outlet = Outlet { peer: &self.context.peer, token: self.progress_token() };
        let cancel = &self.context.ct;
        let options = self.port_options(terms.asks.is_some(), terms.task.is_some());
        let start_with = |port, cancel| start(Some(port), cancel);
        let Some(binding) = terms.asks.filter(|_| self.modern) else {
            let talk = Talk::attached(options, cancel.clone(), start_with);
            return talk.in_session(&outlet, self.shared.config.client_timeout).await.map(Response::Done);
        };
        let answers = terms.responses.unwrap_or_default();
        let mut talk = match terms.state {
            None => Talk::detached(options, answers, start_with),
            Some(sealed) => {
                let state = self.shared.sealer.open(&sealed, &binding)?;
                match self.shared.suspended.take(&state) {
                    Some(mut talk) => {
                        talk.resume(answers);
                        talk
                    }
                    None => {
                        let mut known = state.restart(terms.repeatable)?;
                        known.extend(answers);
                        Talk::detached(options, known, start_with)
                    }
                }
            }
        };
        let (table, sealer) = (&self.shared.suspended, &self.shared.sealer);
        if let Some((becoming, tasks)) = terms.task.zip(self.shared.tasks.as_ref()) {
            let late = tokio::time::sleep(self.shared.config.task_after);
            match talk.in_rounds_until(&outlet, cancel, (table, sealer, &binding), late).await? {
                Round::Answered(response) => return Ok(*response),
                Round::Late(late) => match tasks.begin(becoming, late).await {
                    Ok(task) => {
                        let result = CreateTaskResult::new(task).with_meta(self.stamp().basic());
                        return Ok(Response::Task(result));
                    }
                    Err(back) => talk = *back,
                },
            }
        }
        talk.in_rounds(&outlet, cancel, table, sealer, &binding).await
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            request_id: self.incoming.request_id.clone(),
            incoming: Some(self.incoming.clone()),
            server_info: self.modern.then(|| self.shared.server_info.clone()),
        }
    }
}

/// What every result says of the request that it answers.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    request_id: Arc<str>,
    /// None where no request waits for the result.
    incoming: Option<Arc<Incoming>>,
    server_info: Option<Value>,
}

impl Stamp {
    /// Of what no request waits for.
    pub(crate) fn of(request_id: Arc<str>) -> Self {
        Self { request_id, incoming: None, server_info: None }
    }

    pub(crate) fn with_request_id(&self, request_id: Arc<str>) -> Self {
        Self { request_id, incoming: self.incoming.clone(), server_info: None }
    }

    /// Makes a result of so many bytes: apart from the threads that serve if they are many, as whatever writes it then.
    pub(crate) async fn make<T: Send + 'static>(
        self,
        router: &Router,
        caller: &Caller,
        bytes: usize,
        result: impl FnOnce(Self) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        if let Some(incoming) = &self.incoming {
            incoming.note_bytes(bytes);
        }
        router.answer_on(caller, bytes, move || result(self)).await
    }

    pub(crate) fn basic(self) -> MetaObject {
        let mut meta = MetaObject::new();
        self.put(&mut meta);
        meta
    }

    pub(crate) fn put(self, meta: &mut MetaObject) {
        meta.insert(REQUEST_ID.to_owned(), Value::String(self.request_id.to_string()));
        if let Some(info) = self.server_info {
            meta.insert(SERVER_INFO.to_owned(), info);
        }
    }

    pub(crate) fn of_output(self, output: &Output) -> MetaObject {
        let mut meta = self.basic();
        meta.insert(LANE.to_owned(), lane(output.lane));
        meta.insert(REASON.to_owned(), output.reason.into());
        meta.insert(DURATION.to_owned(), milliseconds(output.duration));
        if output.cached {
            meta.insert(CACHED.to_owned(), true.into());
        }
        meta
    }
}

fn lane(lane: Lane) -> Value {
    lane.as_str().into()
}

/// Milliseconds with three decimals: a call may take less than one.
pub(crate) fn milliseconds(duration: Duration) -> Value {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    Number::from_f64(f64::from(micros) / 1e3).map_or(Value::Null, Value::Number)
}

/// Whether the client's level lets anything through, by era: per request, or per session.
pub(crate) fn request_threshold(context: &RequestContext<RoleServer>) -> Option<Threshold> {
    context.meta.log_level().map(|level| Threshold::new(Some(guest_level(level))))
}

/// A lifetime as the protocol writes it.
pub(crate) fn hint(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}
