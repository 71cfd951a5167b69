//! The clients: where each keeps its MCP servers, and how it writes one down.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::edit::Format;

/// The variable that a client takes the key or token from, as `tandem call` does.
pub(super) const TOKEN: &str = "TANDEM_TOKEN";

/// Seconds that a child may take to start: the first one compiles every plugin.
const START_SECONDS: u32 = 120;

/// A client of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// ~/.claude.json
    ClaudeCode,
    /// claude_desktop_config.json; child processes only
    ClaudeDesktop,
    /// ~/.cursor/mcp.json
    Cursor,
    /// mcp.json of the user's profile
    Vscode,
    /// ~/.codex/config.toml
    Codex,
    /// ~/.gemini/settings.json
    Gemini,
    /// ~/.config/goose/config.yaml
    Goose,
}

/// How a client reaches the host.
pub(super) enum Server {
    Stdio { command: String, args: Vec<String> },
    Http { url: String, token: bool },
}

impl Client {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "VS Code",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Goose => "goose",
        }
    }

    /// The file of the user, for all projects. None without a home directory.
    pub(super) fn file(self) -> Option<PathBuf> {
        let home = std::env::home_dir()?;
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let applications = if cfg!(target_os = "macos") {
            home.join("Library/Application Support")
        } else {
            variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))
        };
        Some(match self {
            Self::ClaudeCode => variable("CLAUDE_CONFIG_DIR").unwrap_or(home).join(".claude.json"),
            Self::ClaudeDesktop => applications.join("Claude/claude_desktop_config.json"),
            Self::Cursor => home.join(".cursor/mcp.json"),
            Self::Vscode => applications.join("Code/User/mcp.json"),
            Self::Codex => variable("CODEX_HOME").unwrap_or_else(|| home.join(".codex")).join("config.toml"),
            Self::Gemini => home.join(".gemini/settings.json"),
            Self::Goose if cfg!(target_os = "macos") => home.join(".config/goose/config.yaml"),
            Self::Goose => applications.join("goose/config.yaml"),
        })
    }

    pub(super) const fn format(self) -> Format {
        match self {
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => Format::Json,
            Self::Vscode | Self::Gemini => Format::JsonWithComments,
            Self::Codex => Format::Toml,
            Self::Goose => Format::Yaml,
        }
    }

    /// The table of servers.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor | Self::Gemini => "mcpServers",
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
            Self::Goose => "extensions",
        }
    }

    /// What stands in the table, by its client's documentation.
    ///
    /// # Errors
    /// The client's file takes no such server.
    pub(super) fn entry(self, name: &str, server: &Server) -> anyhow::Result<Map<String, Value>> {
        let entry = match server {
            Server::Stdio { command, args } => match self {
                Self::ClaudeCode | Self::Vscode => json!({"type": "stdio", "command": command, "args": args}),
                Self::ClaudeDesktop | Self::Cursor | Self::Gemini => json!({"command": command, "args": args}),
                Self::Codex => json!({"command": command, "args": args, "startup_timeout_sec": START_SECONDS}),
                Self::Goose => json!({
                    "enabled": true, "type": "stdio", "name": name, "description": DESCRIPTION, "cmd": command,
                    "args": args, "timeout": START_SECONDS,
                }),
            },
            Server::Http { url, token } => {
                let mut entry = match self {
                    Self::ClaudeCode | Self::Vscode => json!({"type": "http", "url": url}),
                    Self::Cursor | Self::Codex => json!({"url": url}),
                    Self::Gemini => json!({"httpUrl": url}),
                    Self::Goose => json!({
                        "enabled": true, "type": "streamable_http", "name": name, "description": DESCRIPTION, "uri": url,
                        "timeout": START_SECONDS,
                    }),
                    Self::ClaudeDesktop => bail!(
                        "the file of Claude Desktop takes child processes only; use --stdio, or add {url} in its settings, under Connectors"
                    ),
                };
                if let (true, Some(entry)) = (token, entry.as_object_mut()) {
                    entry.extend(self.credential());
                }
                entry
            }
        };
        match entry {
            Value::Object(entry) => Ok(entry),
            _ => bail!("an entry is a table"),
        }
    }

    /// How its entry says that the token is in a variable of the environment: the token itself stands in no file.
    fn credential(self) -> Map<String, Value> {
        let header = |reference: String| json!({"headers": {"Authorization": format!("Bearer {reference}")}});
        let fields = match self {
            Self::Codex => json!({"bearer_token_env_var": TOKEN}),
            Self::Cursor | Self::Vscode => header(format!("${{env:{TOKEN}}}")),
            Self::Goose => json!({
                "env_keys": [TOKEN], "headers": {"Authorization": format!("Bearer ${{{TOKEN}}}")},
            }),
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Gemini => header(format!("${{{TOKEN}}}")),
        };
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

const DESCRIPTION: &str = "Sandboxed tools of a Tandem host";

/// Fields that say how a server is reached. Those that the new entry does not have go; others are the user's.
pub(super) const TRANSPORT: [&str; 11] = [
    "type",
    "command",
    "cmd",
    "args",
    "url",
    "uri",
    "httpUrl",
    "headers",
    "bearer_token_env_var",
    "env_keys",
    "startup_timeout_sec",
];
