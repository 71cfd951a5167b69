//! The handler that rmcp calls: it names the request, and hands it to the module that answers it.
//!
//! One handler serves one session of the older revisions, or one request of the newer; making one costs an allocation
//! or none. It shows what the catalog has for the caller and endpoint of each request, and keeps no state that could
//! make two requests of one client differ, save the log level and subscriptions that the older revisions have.

use std::{
    borrow::Cow,
    future::Future,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use rmcp::transport::common::http_header::HEADER_SESSION_ID;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams, CompleteResult,
        CustomRequest, CustomResult, DiscoverResult, ErrorCode, GetPromptRequestParams, GetPromptResponse,
        GetTaskMethod, GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult, ListPromptsResult,
        ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, MetaObject, PaginatedRequestParams,
        ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerConfig, SetLevelRequestMethod,
        SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
        UpdateTaskParams,
    },
    service::{NotificationContext, RequestContext, SubscriptionContext},
};
use tandem_catalog::{Change, shown, shown_name};
use tandem_engine::Limit;
use tokio::sync::broadcast;
use tracing::Instrument as _;

use super::{
    driver::guest_level,
    errors,
    exchange::{Exchange, hint, is_modern, request_threshold},
    lists::{Rendered, mirrors, page},
    prompts, resources,
    session::{MAX_URI, Session},
    subscriptions::{self, Listener},
    tasks::Tasks,
    tools,
};
use crate::{
    incoming::{INCOMING, Incoming},
    results::Results,
    revisions::VERSIONS,
    sessions::Sessions,
    state::AppState,
};

/// Serves one session or one request.
pub(crate) struct Handler {
    shared: Arc<AppState>,
    /// Who is at the other end of a pipe; over HTTP each request says it.
    piped: Option<Arc<Incoming>>,
    session: OnceLock<Session>,
    /// Where a session's end is seen; over a pipe the process ends with it.
    sessions: Option<Arc<Sessions>>,
    /// Opened before a listener is acknowledged, so that it misses nothing after.
    changes: Mutex<Option<broadcast::Receiver<Change>>>,
}

impl Handler {
    pub(crate) fn new(shared: Arc<AppState>, piped: Option<Arc<Incoming>>) -> Self {
        Self { shared, piped, session: OnceLock::new(), sessions: None, changes: Mutex::default() }
    }

    /// The same, for sessions that end before their handler does.
    pub(crate) fn with_sessions(mut self, sessions: Arc<Sessions>) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// Runs a request's work until its session ends: nobody would take its answer.
    async fn in_session<T>(
        &self,
        extensions: &rmcp::model::Extensions,
        work: impl Future<Output = Result<T, ErrorData>>,
    ) -> Result<T, ErrorData> {
        let id = extensions.get::<http::request::Parts>().and_then(|parts| parts.headers.get(HEADER_SESSION_ID));
        let id = id.and_then(|id| id.to_str().ok());
        let end = id.and_then(|id| self.sessions.as_ref()?.end_of(id));
        match end {
            None => work.await,
            Some(end) => end.run_until_cancelled(work).await.unwrap_or_else(|| Err(errors::cancelled())),
        }
    }

    fn session(&self) -> &Session {
        self.session.get_or_init(Session::new)
    }

    fn incoming(&self, extensions: &rmcp::model::Extensions) -> Result<Arc<Incoming>, ErrorData> {
        if let Some(piped) = &self.piped {
            // Each request has an id of its own.
            return Ok(Arc::new(Incoming::new(piped.caller.clone(), piped.endpoint.clone(), None)));
        }
        let parts = extensions.get::<http::request::Parts>();
        let incoming = parts.and_then(|parts| parts.extensions.get::<Arc<Incoming>>());
        incoming.cloned().ok_or_else(|| ErrorData::internal_error("the request lost its caller", None))
    }

    fn exchange(&self, context: RequestContext<RoleServer>) -> Result<Exchange, ErrorData> {
        let incoming = self.incoming(&context.extensions)?;
        let modern = is_modern(&context);
        let threshold = match modern {
            true => request_threshold(&context),
            false => Some(self.session().state().threshold.clone()),
        };
        Ok(Exchange { shared: self.shared.clone(), incoming, context, modern, threshold })
    }

    fn tasks(&self) -> Result<&Arc<Tasks>, ErrorData> {
        self.shared.tasks.as_ref().ok_or_else(ErrorData::method_not_found::<GetTaskMethod>)
    }

    fn rendered(&self, incoming: &Incoming) -> Arc<Rendered> {
        let view = incoming.endpoint.narrow(self.shared.router.view(&incoming.caller));
        let inline = self.shared.results.as_ref().map(Results::inline_limit);
        self.shared.lists.get(&view, &incoming.caller.tenant, &incoming.endpoint, inline)
    }

    /// What a list method needs: the lists, and the hints for clients that know them.
    fn listing(&self, context: &RequestContext<RoleServer>) -> Result<(Arc<Rendered>, Hints), ErrorData> {
        let incoming = self.incoming(&context.extensions)?;
        let modern = is_modern(context);
        let hints = Hints {
            ttl_ms: modern.then(|| hint(self.shared.config.list_ttl)),
            scope: modern.then_some(CacheScope::Private),
            meta: modern.then(|| self.shared.server_meta()),
        };
        Ok((self.rendered(&incoming), hints))
    }
}

/// How long a list may be kept, by whom, and who made it.
struct Hints {
    ttl_ms: Option<u64>,
    scope: Option<CacheScope>,
    meta: Option<MetaObject>,
}

/// Answers one list method.
macro_rules! list {
    ($self:ident, $result:ident { $field:ident from $source:ident by $key:expr }, $request:ident, $context:ident) => {{
        let (rendered, hints) = $self.listing(&$context)?;
        let size = $self.shared.config.page_size;
        let (items, next_cursor) = page(&rendered.$source, $request.as_ref(), size, $key)?;
        let Hints { ttl_ms, scope, meta } = hints;
        Ok($result { next_cursor, ttl_ms, cache_scope: scope, meta, ..$result::with_all_items(items) })
    }};
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        self.shared.info.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&VERSIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let incoming = self.incoming(&context.extensions)?;
        let mut result = self.negotiate_initialize(&request)?;
        result.instructions = Some(self.rendered(&incoming).instructions.clone());
        Ok(result)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let incoming = self.incoming(&context.extensions)?;
        let mut info = self.shared.info.clone();
        info.instructions = Some(self.rendered(&incoming).instructions.clone());
        let result = DiscoverResult::from_server_info(VERSIONS.to_vec(), info);
        Ok(result.with_ttl_ms(hint(self.shared.config.list_ttl)).with_cache_scope(CacheScope::Private))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let Ok(incoming) = self.incoming(&context.extensions) else { return };
        let session = self.session().state();
        if session.announce() {
            let changes = self.shared.router.changes();
            let to = Listener::new(&self.shared.router, &incoming.caller);
            tokio::spawn(subscriptions::over_session(context.peer, session.clone(), to, changes));
        }
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        list!(self, ListToolsResult { tools from tools by |tool| &tool.name }, request, context)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        list!(self, ListPromptsResult { prompts from prompts by |prompt| &prompt.name }, request, context)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        list!(self, ListResourcesResult { resources from resources by |resource| &resource.uri }, request, context)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        list!(
            self,
            ListResourceTemplatesResult { resource_templates from templates by |template| &template.uri_template },
            request,
            context
        )
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let exchange = self.exchange(context)?;
        let request_id = &exchange.incoming.request_id;
        let span =
            tracing::info_span!("mcp.request", method = "tools/call", %request_id, name = %shown_name(&request.name));
        self.in_session(&exchange.context.extensions, tools::call(&exchange, request).instrument(span)).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let exchange = self.exchange(context)?;
        let request_id = &exchange.incoming.request_id;
        let span =
            tracing::info_span!("mcp.request", method = "prompts/get", %request_id, name = %shown_name(&request.name));
        self.in_session(&exchange.context.extensions, prompts::get(&exchange, request).instrument(span)).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let exchange = self.exchange(context)?;
        let request_id = &exchange.incoming.request_id;
        let span = tracing::info_span!("mcp.request", method = "resources/read", %request_id, uri = %shown(&request.uri, MAX_URI));
        self.in_session(&exchange.context.extensions, resources::read(&exchange, request).instrument(span)).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        prompts::complete(&self.exchange(context)?, request).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let (tasks, incoming) = (self.tasks()?, self.incoming(&context.extensions)?);
        let mut result = GetTaskResult::new(tasks.get(&self.shared.router, &incoming, &request.task_id).await?);
        result.meta = is_modern(&context).then(|| self.shared.server_meta());
        Ok(result)
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (tasks, incoming) = (self.tasks()?, self.incoming(&context.extensions)?);
        tasks.update(&incoming.caller.tenant, &request.task_id, request.input_responses).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let (tasks, incoming) = (self.tasks()?, self.incoming(&context.extensions)?);
        tasks.cancel(&incoming.caller.tenant, &incoming.caller.subject, &request.task_id).await
    }

    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let text = format!("unknown method `{}`", shown_name(&request.method));
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, text, None))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        if is_modern(&context) {
            return Err(ErrorData::method_not_found::<SetLevelRequestMethod>());
        }
        self.session().state().threshold.set(guest_level(request.level));
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session().state().subscribe(request.uri)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session().state().unsubscribe(&request.uri);
        Ok(())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        *self.changes.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.shared.router.changes());
        Some(subscriptions::accepted(requested))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let incoming = self.incoming(&context.request_context().extensions)?;
        let permit = self.shared.listeners.take(&incoming.caller.tenant);
        let _permit = permit.map_err(|limit| errors::limited(Limit::Subscriptions, limit))?;
        let opened = self.changes.lock().unwrap_or_else(PoisonError::into_inner).take();
        let changes = opened.unwrap_or_else(|| self.shared.router.changes());
        let to = Listener::new(&self.shared.router, &incoming.caller);
        subscriptions::over_stream(context, to, changes, &self.shared.draining).await
    }

    /// Asked for each call over HTTP, to compare mirrored arguments with their headers. Only the schema is looked at,
    /// and only where it has such an argument.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        let incoming = INCOMING.try_with(Arc::clone).ok().or_else(|| self.piped.clone())?;
        let view = incoming.endpoint.narrow(self.shared.router.view(&incoming.caller));
        let schema = incoming
            .endpoint
            .tool(&view, name)?
            .descriptor
            .input_schema
            .as_object()
            .filter(|schema| mirrors(schema))?;
        Some(Tool::new_with_raw(name.to_owned(), None, Arc::new(schema.clone())))
    }
}
