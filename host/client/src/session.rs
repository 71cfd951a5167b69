//! One session with a host.

use rmcp::{
    ClientHandler, RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResult, ClientConfig, ContentBlock, Implementation, ProgressNotificationParam,
        Tool,
    },
    service::{NotificationContext, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Map, Value};

use crate::{
    arguments::{Arguments, ArgumentsError},
    endpoint::{Target, endpoint_at},
    error::ClientError,
    failure,
    limits::{INLINE_LIMIT, MAX_PAGE},
};

/// Receives the progress of a call.
pub trait ProgressSink: Send + Sync + 'static {
    /// So much is done, of so much where that is known, and what is being done.
    fn progress(&self, done: f64, total: Option<f64>, message: &str);
}

impl ProgressSink for () {
    fn progress(&self, _: f64, _: Option<f64>, _: &str) {}
}

struct Handler<P>(P);

impl<P: ProgressSink> ClientHandler for Handler<P> {
    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.progress(params.progress, params.total, params.message.as_deref().unwrap_or_default());
    }

    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("tandem-cli", env!("CARGO_PKG_VERSION"));
        info
    }
}

/// A host that is asked one thing or several.
pub struct Session<P: ProgressSink = ()> {
    client: RunningService<RoleClient, Handler<P>>,
    target: Target,
}

impl<P: ProgressSink> std::fmt::Debug for Session<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("url", &self.target.url).finish_non_exhaustive()
    }
}

impl<P: ProgressSink> Session<P> {
    /// Begins a session. Inside a tokio runtime.
    ///
    /// # Errors
    /// The URL is none of an endpoint, or no host takes the client there.
    pub async fn open(target: &Target, progress: P) -> Result<Self, ClientError> {
        // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
        drop(rustls::crypto::ring::default_provider().install_default());
        let url = endpoint_at(&target.url, "/mcp/full")?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        if let Some(token) = &target.token {
            config = config.auth_header(token.clone());
        }
        match Handler(progress).serve(StreamableHttpClientTransport::from_config(config)).await {
            Ok(client) => Ok(Self { client, target: target.clone() }),
            Err(error) => Err(failure::of_start(error, target).await),
        }
    }

    /// Calls a tool. One that ran and says that it failed is no error here.
    ///
    /// # Errors
    /// The host refuses the call, or does not answer.
    pub async fn call(&self, tool: &str, arguments: Map<String, Value>) -> Result<CallToolResult, ClientError> {
        let mut params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        // A person or a script wants the result, not a handle of it.
        params.meta.get_or_insert_default().insert(INLINE_LIMIT.to_owned(), u64::MAX.into());
        match self.client.call_tool(params).await {
            Ok(result) => Ok(result),
            Err(error) => Err(failure::of_request(error, &self.target).await),
        }
    }

    /// Calls a tool and returns its structured result.
    ///
    /// # Errors
    /// As [`Session::call`]; or the tool failed, or has no structured result.
    pub async fn structured(&self, tool: &str, arguments: Value) -> Result<Value, ClientError> {
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        let result = self.call(tool, arguments).await?;
        if result.is_error == Some(true) {
            let texts: Vec<&str> = result.content.iter().filter_map(text).collect();
            return Err(ClientError::Tool { tool: tool.to_owned(), message: texts.join("; ") });
        }
        result.structured_content.ok_or_else(|| ClientError::NoStructuredResult(tool.to_owned()))
    }

    /// The rows under `key` of a tool that lists by pages, at most `limit`, and how many there are in all.
    ///
    /// # Errors
    /// As [`Session::structured`].
    pub async fn rows(
        &self,
        tool: &str,
        key: &str,
        mut filter: Map<String, Value>,
        limit: usize,
    ) -> Result<(Vec<Value>, u64), ClientError> {
        let mut all = Vec::new();
        loop {
            filter.insert("limit".to_owned(), limit.saturating_sub(all.len()).clamp(1, MAX_PAGE).into());
            let mut answer = self.structured(tool, Value::Object(filter.clone())).await?;
            if let Some(Value::Array(rows)) = answer.get_mut(key).map(Value::take) {
                all.extend(rows);
            }
            match answer.get("next_cursor") {
                Some(Value::String(cursor)) if all.len() < limit => {
                    filter.insert("cursor".to_owned(), cursor.as_str().into());
                }
                _ => return Ok((all, answer.get("total").and_then(Value::as_u64).unwrap_or_default())),
            }
        }
    }

    /// The arguments to send to a tool: what was typed as words gets the types that its input schema takes, where the endpoint
    /// lists the tool.
    ///
    /// # Errors
    /// A number would be rounded.
    pub async fn typed(&self, tool: &str, arguments: Arguments) -> Result<Map<String, Value>, ArgumentsError> {
        let tools = if arguments.need_schema() { self.tools().await.unwrap_or_default() } else { Vec::new() };
        let schema = tools.iter().find(|one| one.name == tool).map(|one| one.input_schema.as_ref());
        arguments.typed(schema)
    }

    /// Every tool that the endpoint lists.
    ///
    /// # Errors
    /// The host does not answer.
    pub async fn tools(&self) -> Result<Vec<Tool>, ClientError> {
        match self.client.list_all_tools().await {
            Ok(tools) => Ok(tools),
            Err(error) => Err(failure::of_request(error, &self.target).await),
        }
    }

    /// Ends the session.
    pub async fn close(self) {
        drop(self.client.cancel().await);
    }
}

fn text(block: &ContentBlock) -> Option<&str> {
    match block {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    }
}
