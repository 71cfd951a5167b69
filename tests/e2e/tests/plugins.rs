//! The shipped categories in the real sandbox, on real files.

use serde_json::json;
use tandem_harness::Options;

#[tokio::test]
async fn the_shipped_plugins_load_together() -> anyhow::Result<()> {
    let host = Options::with(&["dataset", "vector", "search"])?.start().await?;
    let client = host.client("/mcp").await?;
    let categories = client.structured("tools_list_categories", json!({})).await?;
    assert_eq!(categories["categories"].as_array().map(Vec::len), Some(3), "{categories}");
    Ok(())
}
