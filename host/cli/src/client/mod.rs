//! `tandem call` and `tandem tools`: an MCP client of a running host.

mod failure;
mod show;
mod words;

use std::io::{IsTerminal, Write};

use anyhow::{Context, bail};
pub(crate) use failure::endpoint;
use indicatif::{ProgressBar, ProgressStyle};
use rmcp::{
    ClientHandler, RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResult, ClientConfig, ContentBlock, Implementation, ProgressNotificationParam,
        ResourceContents,
    },
    service::{NotificationContext, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::Value;
pub(crate) use words::json as arguments;

use crate::{
    args::{Call, Target, Tools},
    exit::Exit,
};

/// Shows progress of the call on a terminal.
struct Handler {
    bar: ProgressBar,
}

impl Handler {
    fn new(terminal: bool) -> Self {
        let bar = if terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:32} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl ClientHandler for Handler {
    async fn on_progress(&self, params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        if let Some(total) = params.total {
            self.bar.set_length(total as u64);
        }
        self.bar.set_position(params.progress as u64);
        self.bar.set_message(crate::terminal::line(&params.message.unwrap_or_default()));
    }

    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.client_info = Implementation::new("tandem-cli", env!("CARGO_PKG_VERSION"));
        info
    }
}

type Client = RunningService<RoleClient, Handler>;

async fn connect(target: &Target) -> anyhow::Result<Client> {
    // Without a provider of its own, the HTTP client has no TLS; a second installation is no error.
    drop(rustls::crypto::ring::default_provider().install_default());
    let url = failure::endpoint_at(&target.url, "/mcp/full").context("--url or TANDEM_URL")?;
    let mut config = StreamableHttpClientTransportConfig::with_uri(url);
    if let Some(token) = &target.token {
        config = config.auth_header(token.clone());
    }
    let handler = Handler::new(std::io::stderr().is_terminal() && !target.json);
    match handler.serve(StreamableHttpClientTransport::from_config(config)).await {
        Ok(client) => Ok(client),
        Err(error) => Err(failure::of_start(error, target).await),
    }
}

/// A host that is asked several things.
pub(crate) struct Session(Client, Target);

impl Session {
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        Ok(Self(connect(target).await?, target.clone()))
    }

    /// Calls a tool and answers its structured result; what the tool refuses is an error.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = match self.0.call_tool(params).await {
            Ok(result) => result,
            Err(error) => return Err(failure::of_request(error, &self.1).await),
        };
        if result.is_error == Some(true) {
            let texts: Vec<_> = result.content.iter().map(block_text).collect();
            bail!("{tool}: {}", texts.join("; "));
        }
        result.structured_content.with_context(|| format!("{tool} gave no structured result"))
    }

    pub(crate) async fn close(self) {
        drop(self.0.cancel().await);
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// Calls one tool and prints its answer.
pub(crate) fn call(args: Call) -> anyhow::Result<Exit> {
    let arguments = words::read(&args.arguments)?;
    runtime()?.block_on(async {
        let client = connect(&args.target).await?;
        let bar = client.service().bar.clone();
        let params = CallToolRequestParams::new(args.tool).with_arguments(arguments);
        let result = client.call_tool(params).await;
        bar.finish_and_clear();
        let result = match result {
            Ok(result) => result,
            Err(error) => return Err(failure::of_request(error, &args.target).await),
        };
        print_result(&result, args.target.json)?;
        drop(client.cancel().await);
        Ok(if result.is_error == Some(true) { Exit::ToolError } else { Exit::Success })
    })
}

pub(crate) fn print_result(result: &CallToolResult, json: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    if json {
        writeln!(out, "{}", crate::terminal::json(result)?)?;
    } else if let Some(structured) = result.structured_content.as_ref().filter(|_| !said_in_words(result)) {
        writeln!(out, "{}", crate::terminal::json(structured)?)?;
    } else {
        for block in &result.content {
            writeln!(out, "{}", block_text(block))?;
        }
    }
    Ok(())
}

/// Whether it failed and says so to people too.
fn said_in_words(result: &CallToolResult) -> bool {
    result.is_error == Some(true) && !result.content.is_empty()
}

fn block_text(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[image {}, {} base64 characters]", image.mime_type, image.data.len()),
        ContentBlock::Audio(audio) => format!("[audio {}, {} base64 characters]", audio.mime_type, audio.data.len()),
        ContentBlock::Resource(embedded) => match &embedded.resource {
            ResourceContents::TextResourceContents { text, .. } => text.clone(),
            ResourceContents::BlobResourceContents { uri, .. } => format!("[resource {uri}]"),
            _ => "[resource]".to_owned(),
        },
        ContentBlock::ResourceLink(link) => format!("[resource {}]", link.uri),
        _ => "[content]".to_owned(),
    }
}

/// Lists tools, or shows one.
pub(crate) fn tools(args: Tools) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        let client = connect(&args.target).await?;
        let mut tools = match client.list_all_tools().await {
            Ok(tools) => tools,
            Err(error) => return Err(failure::of_request(error, &args.target).await),
        };
        drop(client.cancel().await);
        tools.sort_by(|a, b| (show::category_of(a), &a.name).cmp(&(show::category_of(b), &b.name)));
        match &args.name {
            None => show::list(&tools, args.target.json)?,
            Some(name) => show::named(tools, name, args.target.json)?,
        }
        Ok(Exit::Success)
    })
}
