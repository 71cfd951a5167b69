//! A real MCP client, that keeps what the server tells it on the way.

use std::sync::{Arc, Mutex};

use rmcp::{
    ClientHandler, RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock,
        GetPromptRequestParams, GetPromptResult, Implementation, ProgressNotificationParam, ProtocolVersion,
        ReadResourceRequestParams, ReadResourceResult,
    },
    service::{ClientLifecycleMode, ClientServiceExt as _, NotificationContext, Peer, RunningService, ServiceError},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::Value;

use crate::object;

/// Keeps progress and counts changes of the lists.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    progress: Arc<Mutex<Vec<f64>>>,
    changes: Arc<Mutex<usize>>,
    others: Arc<Mutex<(usize, usize)>>,
    info: ClientConfig,
}

impl ClientHandler for Recorder {
    fn get_info(&self) -> ClientConfig {
        self.info.clone()
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        if let Ok(mut progress) = self.progress.lock() {
            progress.push(params.progress);
        }
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        if let Ok(mut changes) = self.changes.lock() {
            *changes += 1;
        }
    }

    async fn on_prompt_list_changed(&self, _context: NotificationContext<RoleClient>) {
        if let Ok(mut others) = self.others.lock() {
            others.0 += 1;
        }
    }

    async fn on_resource_list_changed(&self, _context: NotificationContext<RoleClient>) {
        if let Ok(mut others) = self.others.lock() {
            others.1 += 1;
        }
    }
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    service: RunningService<RoleClient, Recorder>,
}

/// Connects to an endpoint.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    connect_as(url, None).await
}

/// Connects to an endpoint with an API key or a token.
pub async fn connect_as(url: &str, credential: Option<&str>) -> anyhow::Result<Client> {
    Ok(Client {
        service: Recorder::default().serve(StreamableHttpClientTransport::from_config(config(url, credential))).await?,
    })
}

/// Connects by MCP 2026-07-28, as a client that can do this.
pub async fn connect_modern(
    url: &str,
    credential: Option<&str>,
    capabilities: ClientCapabilities,
) -> anyhow::Result<Client> {
    let info = ClientConfig::new(capabilities, Implementation::new("harness", "1"));
    let recorder = Recorder { info, ..Recorder::default() };
    let mode = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let transport = StreamableHttpClientTransport::from_config(config(url, credential));
    Ok(Client { service: recorder.serve_with_lifecycle(transport, mode).await? })
}

fn config(url: &str, credential: Option<&str>) -> StreamableHttpClientTransportConfig {
    crate::install_crypto();
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.to_owned());
    if let Some(credential) = credential {
        config = config.auth_header(credential);
    }
    config
}

impl Client {
    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<CallToolResult, ServiceError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(object(arguments));
        self.service.call_tool(params).await
    }

    /// Calls a tool and answers its structured result; a tool error is an error with its text.
    pub async fn structured(&self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.call(tool, arguments).await?;
        if result.is_error == Some(true) {
            anyhow::bail!("{}", text(&result));
        }
        result.structured_content.ok_or_else(|| anyhow::anyhow!("no structured result"))
    }

    /// Calls a tool and answers what came at first: a result, questions, or a task.
    pub async fn call_once(&self, tool: &str, arguments: Value) -> Result<CallToolResponse, ServiceError> {
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(object(arguments));
        self.service.call_tool_once(params).await
    }

    /// The protocol's own client, for what has no word here.
    #[must_use]
    pub fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    /// Reads a resource.
    pub async fn read(&self, uri: &str) -> Result<ReadResourceResult, ServiceError> {
        self.service.read_resource(ReadResourceRequestParams::new(uri)).await
    }

    /// Fills in a prompt without arguments.
    pub async fn prompt(&self, name: &str) -> Result<GetPromptResult, ServiceError> {
        self.service.get_prompt(GetPromptRequestParams::new(name)).await
    }

    /// Names of all tools, as listed.
    pub async fn tools(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.service.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect())
    }

    /// Those of plugins alone, as an endpoint lists them that has no other tools than those that read results.
    pub async fn plugin_tools(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.tools().await?.into_iter().filter(|tool| !tool.starts_with("tools_result_")).collect())
    }

    /// One tool as it is listed.
    pub async fn listed(&self, tool: &str) -> anyhow::Result<Value> {
        let all = self.service.list_all_tools().await?;
        let found = all.iter().find(|listed| listed.name == tool);
        Ok(serde_json::to_value(found.ok_or_else(|| anyhow::anyhow!("there is no tool `{tool}`"))?)?)
    }

    /// Progress that was told so far.
    #[must_use]
    pub fn progress(&self) -> Vec<f64> {
        self.service.service().progress.lock().map(|progress| progress.clone()).unwrap_or_default()
    }

    /// How often the tool list was said to have changed.
    #[must_use]
    pub fn list_changes(&self) -> usize {
        self.service.service().changes.lock().map_or(0, |changes| *changes)
    }

    /// How often the lists of prompts and of resources were said to have changed.
    #[must_use]
    pub fn other_list_changes(&self) -> (usize, usize) {
        self.service.service().others.lock().map_or((0, 0), |others| *others)
    }
}

/// All text of a result.
#[must_use]
pub fn text(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
