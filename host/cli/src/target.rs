//! Which host a client command talks to.

use clap::Args;
use tandem_client::Session;

use crate::runtime::block_on;

/// Which host a client command talks to.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The host's MCP endpoint
    #[arg(long, global = true, env = "TANDEM_URL", default_value = "http://127.0.0.1:8000/mcp/full")]
    pub url: String,
    /// Bearer token or API key
    #[arg(long, global = true, env = "TANDEM_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl From<&Target> for tandem_client::Target {
    fn from(target: &Target) -> Self {
        Self { url: target.url.clone(), token: target.token.clone() }
    }
}

impl Target {
    /// Asks the host in one session.
    pub(crate) fn ask<T>(&self, work: impl AsyncFnOnce(&Session) -> anyhow::Result<T>) -> anyhow::Result<T> {
        block_on(async {
            let host = Session::open(&self.into(), ()).await?;
            let answer = work(&host).await;
            host.close().await;
            answer
        })?
    }
}
