//! `tandem call` and `tandem tools`: an MCP client of a running host.

use std::io::{IsTerminal, Read, Write};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rmcp::{
    ClientHandler, RoleClient, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResult, ClientConfig, ContentBlock, Implementation, ProgressNotificationParam,
        ResourceContents, Tool,
    },
    service::{NotificationContext, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Map, Value};
use tandem_manifest::exact::ExactNumbers;

use crate::{
    args::{Call, Target, Tools},
    exit::Exit,
};

/// Arguments on standard input. A host refuses larger requests anyway.
const MAX_ARGUMENTS: u64 = 16 << 20;

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
    let mut config = StreamableHttpClientTransportConfig::with_uri(target.url.as_str());
    if let Some(token) = &target.token {
        config = config.auth_header(token.clone());
    }
    let handler = Handler::new(std::io::stderr().is_terminal() && !target.json);
    handler.serve(StreamableHttpClientTransport::from_config(config)).await.with_context(|| {
        format!(
            "cannot reach a host at {}; is it running? start one with `tandem serve`, or name another with --url",
            target.url
        )
    })
}

/// A host that is asked several things.
pub(crate) struct Session(Client);

impl Session {
    pub(crate) async fn open(target: &Target) -> anyhow::Result<Self> {
        connect(target).await.map(Self)
    }

    /// Calls a tool and answers its structured result; what the tool refuses is an error.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let result = self.0.call_tool(params).await?;
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
    let arguments = arguments(&args.arguments)?;
    runtime()?.block_on(async {
        let client = connect(&args.target).await?;
        let bar = client.service().bar.clone();
        let params = CallToolRequestParams::new(args.tool).with_arguments(arguments);
        let result = client.call_tool(params).await;
        bar.finish_and_clear();
        let result = result?;
        print_result(&result, args.target.json)?;
        drop(client.cancel().await);
        Ok(if result.is_error == Some(true) { Exit::ToolError } else { Exit::Success })
    })
}

pub(crate) fn arguments(text: &str) -> anyhow::Result<Map<String, Value>> {
    let mut input = String::new();
    let text = if text == "-" {
        std::io::stdin().take(MAX_ARGUMENTS).read_to_string(&mut input)?;
        &input
    } else {
        text
    };
    let value = serde_json::from_str(text).context("the arguments are not JSON")?;
    if let Some(pointer) = ExactNumbers::of(text).and_then(|exact| exact.wide_integer(&value)) {
        bail!("{pointer} of the arguments is an integer beyond 64 bits, which would be rounded: send it as a string");
    }
    match value {
        Value::Object(map) => Ok(map),
        _ => bail!("the arguments must be a JSON object, as '{{\"name\": \"value\"}}'"),
    }
}

pub(crate) fn print_result(result: &CallToolResult, json: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    if json {
        writeln!(out, "{}", crate::terminal::json(result)?)?;
    } else if let Some(structured) = &result.structured_content {
        writeln!(out, "{}", crate::terminal::json(structured)?)?;
    } else {
        for block in &result.content {
            writeln!(out, "{}", block_text(block))?;
        }
    }
    Ok(())
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

/// Lists tools.
pub(crate) fn tools(args: Tools) -> anyhow::Result<Exit> {
    runtime()?.block_on(async {
        let mut target = args.target.clone();
        if let Some(category) = &args.category {
            target.url = category_url(&target.url, category);
        }
        let client = connect(&target).await?;
        let mut tools = client.list_all_tools().await?;
        tools.sort_by(|a, b| (category_of(a), &a.name).cmp(&(category_of(b), &b.name)));
        print_tools(&tools, target.json)?;
        drop(client.cancel().await);
        Ok(Exit::Success)
    })
}

fn category_url(url: &str, category: &str) -> String {
    let base = url.trim_end_matches('/');
    let base = base.strip_suffix("/full").unwrap_or(base);
    format!("{base}/category/{category}")
}

fn category_of(tool: &Tool) -> &str {
    tool.meta.as_ref().and_then(|meta| meta.get("tandem/category")).and_then(Value::as_str).unwrap_or("")
}

fn print_tools(tools: &[Tool], json: bool) -> anyhow::Result<()> {
    let mut out = crate::terminal::out();
    if json {
        return Ok(writeln!(out, "{}", crate::terminal::json(tools)?)?);
    }
    let width = tools.iter().map(|tool| tool.name.len()).max().unwrap_or(0);
    let mut category = None;
    for tool in tools {
        if category != Some(category_of(tool)) {
            category = Some(category_of(tool));
            writeln!(out, "{}", crate::terminal::line(category_of(tool)))?;
        }
        let first = tool.description.as_deref().unwrap_or("").lines().next().unwrap_or("");
        writeln!(out, "  {:width$}  {first}", tool.name)?;
    }
    Ok(())
}
