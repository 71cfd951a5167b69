//! A host inside another program: it loads the shipped plugins, serves them on a free port, and one is called without a client.
//!
//! `make plugins && cargo run -p tandem-embed`

use anyhow::Context as _;
use tandem_runtime::{
    Caller, HostBuilder,
    config::{self, ConfigSource},
};

/// The configuration of a checkout: where the plugins are, whose signature counts, and what they may touch.
const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tandem.toml");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let own = [format!("plugins.data-directory={}", data.path().display()), "server.port=0".to_owned()];
    let source = ConfigSource { file: Some(CONFIGURATION.into()), set: own.into(), ..ConfigSource::default() };
    let host = HostBuilder::from_config(config::load(&source)?).source(source).build().await?;
    let listener = host.bind().await?;
    println!("MCP: http://{}/mcp", listener.local_addr()?);
    let serving = tokio::spawn({
        let host = host.clone();
        async move { host.serve_http(listener).await }
    });
    host.ready().await?;
    let arguments = serde_json::json!({ "path": "data/countries.csv", "limit": 1 });
    let arguments = arguments.as_object().cloned().context("arguments are an object")?;
    let output = host.call(Caller::local(), "dataset_load", arguments).await?;
    println!("dataset_load: {}", output.structured.unwrap_or_default());
    host.shutdown().await?;
    Ok(serving.await??)
}
