//! The clients: where each keeps its MCP servers, and how it writes one down.

use std::{fmt, path::PathBuf, str::FromStr};

use serde_json::{Map, Value, json};

use crate::{error::ConnectError, format::Format};

/// The variable that a client takes the API key or token from.
pub const TOKEN_VARIABLE: &str = "TANDEM_TOKEN";

/// Seconds that a child may take to start: the first one compiles every plugin.
const START_SECONDS: u32 = 120;

/// Longest name of an entry, in bytes: clients put it before the names of tools, whose length they limit.
const MAX_NAME: usize = 64;

/// A client of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    Vscode,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// goose.
    Goose,
}

/// The name of an entry: characters that every client takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName(String);

impl FromStr for EntryName {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self, ConnectError> {
        let right = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
        let fits = !text.is_empty() && text.len() <= MAX_NAME && text.chars().all(right);
        fits.then(|| Self(text.to_owned())).ok_or(ConnectError::Name)
    }
}

impl EntryName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a client reaches the host.
#[derive(Clone, Debug)]
pub enum Server {
    /// It starts a host of its own.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// A host that listens.
    Http {
        /// Its MCP endpoint.
        url: String,
        /// Whether the client sends the credential of [`TOKEN_VARIABLE`].
        token: bool,
    },
}

/// The clients, by their names on a command line, and the file of each for people.
const ALL: [(Client, &str, &str); 7] = [
    (Client::ClaudeCode, "claude-code", "~/.claude.json"),
    (Client::ClaudeDesktop, "claude-desktop", "claude_desktop_config.json; child processes only"),
    (Client::Cursor, "cursor", "~/.cursor/mcp.json"),
    (Client::Vscode, "vscode", "mcp.json of the user's profile"),
    (Client::Codex, "codex", "~/.codex/config.toml"),
    (Client::Gemini, "gemini", "~/.gemini/settings.json"),
    (Client::Goose, "goose", "~/.config/goose/config.yaml"),
];

impl FromStr for Client {
    type Err = ConnectError;

    fn from_str(text: &str) -> Result<Self, ConnectError> {
        let found = ALL.iter().find(|(_, name, _)| *name == text);
        found.map(|(client, ..)| *client).ok_or_else(|| ConnectError::UnknownClient(text.to_owned()))
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

impl Client {
    /// The names of all clients, and the file of each for people.
    pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
        ALL.iter().map(|(_, name, file)| (*name, *file))
    }

    pub(crate) const fn title(self) -> &'static str {
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
    #[must_use]
    pub fn file(self) -> Option<PathBuf> {
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

    pub(crate) const fn format(self) -> Format {
        match self {
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => Format::Json,
            Self::Vscode | Self::Gemini => Format::JsonWithComments,
            Self::Codex => Format::Toml,
            Self::Goose => Format::Yaml,
        }
    }

    /// The table of servers.
    pub(crate) const fn table(self) -> &'static str {
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
    pub(crate) fn entry(self, name: &EntryName, server: &Server) -> Result<Map<String, Value>, ConnectError> {
        let entry = match server {
            Server::Stdio { command, args } => match self {
                Self::ClaudeCode | Self::Vscode => json!({"type": "stdio", "command": command, "args": args}),
                Self::ClaudeDesktop | Self::Cursor | Self::Gemini => json!({"command": command, "args": args}),
                Self::Codex => json!({"command": command, "args": args, "startup_timeout_sec": START_SECONDS}),
                Self::Goose => json!({
                    "enabled": true, "type": "stdio", "name": name.as_str(), "description": DESCRIPTION, "cmd": command,
                    "args": args, "timeout": START_SECONDS,
                }),
            },
            Server::Http { url, token } => {
                let mut entry = match self {
                    Self::ClaudeCode | Self::Vscode => json!({"type": "http", "url": url}),
                    Self::Cursor | Self::Codex => json!({"url": url}),
                    Self::Gemini => json!({"httpUrl": url}),
                    Self::Goose => json!({
                        "enabled": true, "type": "streamable_http", "name": name.as_str(), "description": DESCRIPTION, "uri": url,
                        "timeout": START_SECONDS,
                    }),
                    Self::ClaudeDesktop => {
                        return Err(ConnectError::StdioOnly { client: self.title(), url: url.clone() });
                    }
                };
                if let (true, Some(entry)) = (token, entry.as_object_mut()) {
                    entry.extend(self.credential());
                }
                entry
            }
        };
        Ok(object(entry))
    }

    /// How its entry says that the token is in a variable of the environment: the token itself stands in no file.
    fn credential(self) -> Map<String, Value> {
        let header = |reference: String| json!({"headers": {"Authorization": format!("Bearer {reference}")}});
        let fields = match self {
            Self::Codex => json!({"bearer_token_env_var": TOKEN_VARIABLE}),
            Self::Cursor | Self::Vscode => header(format!("${{env:{TOKEN_VARIABLE}}}")),
            Self::Goose => json!({
                "env_keys": [TOKEN_VARIABLE], "headers": {"Authorization": format!("Bearer ${{{TOKEN_VARIABLE}}}")},
            }),
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Gemini => header(format!("${{{TOKEN_VARIABLE}}}")),
        };
        object(fields)
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

const DESCRIPTION: &str = "Sandboxed tools of a Tandem host";
